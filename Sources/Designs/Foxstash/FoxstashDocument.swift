internal import SubjectProtocol

/// A document as foxstash-core keeps it.
struct FoxstashDocument {
  var id: [UInt8]
  var content: [UInt8] = []
  var embedding: [Float]
  /// Any JSON value; nil where there is none.
  var metadata: SerdeValue?

  var value: SerdeValue {
    .object([
      (key: Array("id".utf8), value: .string(id)),
      (key: Array("content".utf8), value: .string(content)),
      (key: Array("embedding".utf8), value: .array(embedding.map { SerdeValue.single($0) })),
      (key: Array("metadata".utf8), value: metadata ?? .null),
    ])
  }

  init(_ json: SerdeValue) throws(SerdeFailure) {
    id = try json.required("id").asString()
    content = try json.required("content").asString()
    embedding = try json.required("embedding").asFloats()
    if let found = try json.member("metadata") {
      if case .null = found { metadata = nil } else { metadata = found.withSortedKeys }
    }
  }

  /// The document of a record; its content is of no interest here and empty.
  init(_ key: RecordKey, _ value: RecordValue) {
    id = key.id
    embedding = value.vector
    if case .object(let members)? = try? JSONParser.parse(value.metadata.text), !members.isEmpty {
      metadata = SerdeValue(.object(members)).withSortedKeys
    }
  }

  var recordValue: RecordValue {
    guard let metadata, let object = Metadata(metadata.jsonValue) else {
      return RecordValue(vector: embedding)
    }
    return RecordValue(vector: embedding, metadata: object)
  }
}

extension SerdeValue {
  /// The value of protocol metadata: numbers that are whole, as JSON text shows them without a
  /// point, become whole numbers.
  fileprivate init(_ json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let flag): self = .bool(flag)
    case .number(let number):
      // Up to here every whole number is exact in both.
      if number == number.rounded(), abs(number) < 0x1p53 {
        self = number < 0 ? .signed(Int64(number)) : .unsigned(UInt64(number))
      } else {
        self = .float(number)
      }
    case .string(let text): self = .string(text)
    case .array(let elements): self = .array(elements.map { SerdeValue($0) })
    case .object(let members):
      self = .object(members.map { (key: $0.key, value: SerdeValue($0.value)) })
    }
  }

  /// serde_json keeps objects in a tree by key: sorted by byte, the later of two equal keys.
  fileprivate var withSortedKeys: SerdeValue {
    switch self {
    case .object(let members):
      var kept: [(key: [UInt8], value: SerdeValue)] = []
      for member in members {
        kept.removeAll { $0.key == member.key }
        kept.append((key: member.key, value: member.value.withSortedKeys))
      }
      return .object(kept.sorted { $0.key.lexicographicallyPrecedes($1.key) })
    case .array(let elements): return .array(elements.map(\.withSortedKeys))
    case .null, .bool, .unsigned, .signed, .float, .single, .string: return self
    }
  }

  fileprivate var jsonValue: JSONValue {
    switch self {
    case .null: .null
    case .bool(let flag): .bool(flag)
    case .unsigned(let number): .number(Double(number))
    case .signed(let number): .number(Double(number))
    case .float(let number): .number(number)
    case .single(let number): .number(Double(number))
    case .string(let text): .string(text)
    case .array(let elements): .array(elements.map(\.jsonValue))
    case .object(let members):
      .object(members.map { JSONValue.Member(key: $0.key, value: $0.value.jsonValue) })
    }
  }
}
