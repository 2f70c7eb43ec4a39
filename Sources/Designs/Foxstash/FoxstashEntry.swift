/// An operation in a foxstash-core log.
enum FoxstashOperation {
  case add(FoxstashDocument)
  case remove(id: [UInt8])
  case clear
  case checkpoint(UInt64)

  var value: SerdeValue {
    switch self {
    case .add(let document): .object([(key: Array("Add".utf8), value: document.value)])
    case .remove(let id): .object([(key: Array("Remove".utf8), value: .string(id))])
    case .clear: .string(Array("Clear".utf8))
    case .checkpoint(let number):
      .object([
        (
          key: Array("Checkpoint".utf8),
          value: .object([(key: Array("checkpoint_id".utf8), value: .unsigned(number))])
        )
      ])
    }
  }

  init(_ json: SerdeValue) throws(SerdeFailure) {
    let (name, content) = try json.asVariant()
    switch (String(decoding: name, as: UTF8.self), content) {
    case ("Add", let content?): self = .add(try FoxstashDocument(content))
    case ("Remove", let content?): self = .remove(id: try content.asString())
    case ("Clear", nil), ("Clear", .null?): self = .clear
    case ("Checkpoint", let content?):
      self = .checkpoint(try content.required("checkpoint_id").asUnsigned())
    default: throw .unknownVariant
    }
  }
}

/// One entry of a foxstash-core log.
struct FoxstashEntry {
  var sequence: UInt64
  /// Milliseconds since 1970.
  var timestamp: UInt64
  var operation: FoxstashOperation
  var checksum: UInt32 = 0

  init(sequence: UInt64, timestamp: UInt64, operation: FoxstashOperation) {
    self.sequence = sequence
    self.timestamp = timestamp
    self.operation = operation
    checksum = computedChecksum
  }

  /// The CRC-32 of the JSON array of the other three fields, written anew from their values.
  var computedChecksum: UInt32 {
    CRC32.checksum(
      SerdeWriter.text(.array([.unsigned(sequence), .unsigned(timestamp), operation.value])))
  }

  var json: [UInt8] {
    SerdeWriter.text(
      .object([
        (key: Array("seq".utf8), value: .unsigned(sequence)),
        (key: Array("timestamp".utf8), value: .unsigned(timestamp)),
        (key: Array("operation".utf8), value: operation.value),
        (key: Array("checksum".utf8), value: .unsigned(UInt64(checksum))),
      ]))
  }

  init(parsing json: [UInt8]) throws(SerdeFailure) {
    let value = try SerdeParser.parse(json)
    sequence = try value.required("seq").asUnsigned()
    timestamp = try value.required("timestamp").asUnsigned()
    operation = try FoxstashOperation(try value.required("operation"))
    guard let checksum = UInt32(exactly: try value.required("checksum").asUnsigned()) else {
      throw .numberOutOfRange
    }
    self.checksum = checksum
  }
}
