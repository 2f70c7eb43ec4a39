/// One entry of an oxirs-vec log, in the order in which its enum has them. Each has the time it was
/// made, in seconds.
enum OxirsEntry: Equatable {
  case insert(OxirsRecord, time: UInt64)
  case update(OxirsRecord, time: UInt64)
  case delete(id: [UInt8], time: UInt64)
  case batch([OxirsEntry], time: UInt64)
  case checkpoint(sequence: UInt64, time: UInt64)
  case beginTransaction(UInt64, time: UInt64)
  case commitTransaction(UInt64, time: UInt64)
  case abortTransaction(UInt64, time: UInt64)

  /// The entry as oxicode writes it through serde.
  var bytes: [UInt8] {
    var encoder = BinaryEncoder(.variable)
    encode(to: &encoder)
    return encoder.output
  }

  private func encode(to encoder: inout BinaryEncoder) {
    switch self {
    case .insert(let record, let time), .update(let record, let time):
      if case .insert = self { encoder.variant(0) } else { encoder.variant(1) }
      record.encode(to: &encoder)
      encoder.number(time)
    case .delete(let id, let time):
      encoder.variant(2)
      encoder.bytes(id)
      encoder.number(time)
    case .batch(let entries, let time):
      encoder.variant(3)
      encoder.length(entries.count)
      for entry in entries { entry.encode(to: &encoder) }
      encoder.number(time)
    case .checkpoint(let number, let time): encoder.pair(4, number, time)
    case .beginTransaction(let number, let time): encoder.pair(5, number, time)
    case .commitTransaction(let number, let time): encoder.pair(6, number, time)
    case .abortTransaction(let number, let time): encoder.pair(7, number, time)
    }
  }

  /// Reads an entry.
  init(decoding bytes: [UInt8]) throws(DecodingFailure) {
    var decoder = BinaryDecoder(bytes, .variable)
    self = try Self.decode(&decoder, depth: 0)
  }

  private static func decode(
    _ decoder: inout BinaryDecoder, depth: Int
  ) throws(DecodingFailure) -> OxirsEntry {
    let variant = try decoder.variant()
    switch variant {
    case 0: return .insert(try OxirsRecord(&decoder), time: try decoder.number())
    case 1: return .update(try OxirsRecord(&decoder), time: try decoder.number())
    case 2: return .delete(id: try decoder.string(), time: try decoder.number())
    case 3:
      // Nobody writes a batch within a batch; damaged bytes could nest them without end.
      guard depth < 64 else { throw .unknownVariant(variant) }
      var entries: [OxirsEntry] = []
      for _ in 0..<(try decoder.length()) {
        entries.append(try decode(&decoder, depth: depth + 1))
      }
      return .batch(entries, time: try decoder.number())
    case 4: return .checkpoint(sequence: try decoder.number(), time: try decoder.number())
    case 5: return .beginTransaction(try decoder.number(), time: try decoder.number())
    case 6: return .commitTransaction(try decoder.number(), time: try decoder.number())
    case 7: return .abortTransaction(try decoder.number(), time: try decoder.number())
    default: throw .unknownVariant(variant)
    }
  }
}

/// What an insert or update holds.
struct OxirsRecord: Equatable {
  var id: [UInt8]
  var vector: [Float]
  /// Strings by their keys, sorted by byte; nil where there are none. The design keeps them in a
  /// hash map, whose order changes from run to run and means nothing.
  var metadata: [(key: [UInt8], value: [UInt8])]?

  static func == (left: OxirsRecord, right: OxirsRecord) -> Bool {
    left.id == right.id && left.vector == right.vector
      && left.metadata?.map(\.key) == right.metadata?.map(\.key)
      && left.metadata?.map(\.value) == right.metadata?.map(\.value)
  }

  init(id: [UInt8], vector: [Float], metadata: [(key: [UInt8], value: [UInt8])]?) {
    self.id = id
    self.vector = vector
    self.metadata = metadata
  }

  init(_ decoder: inout BinaryDecoder) throws(DecodingFailure) {
    id = try decoder.string()
    vector = try decoder.floats()
    guard try decoder.option() else { return }
    var metadata: [(key: [UInt8], value: [UInt8])] = []
    for _ in 0..<(try decoder.length()) {
      metadata.append((try decoder.string(), try decoder.string()))
    }
    self.metadata = metadata
  }

  func encode(to encoder: inout BinaryEncoder) {
    encoder.bytes(id)
    encoder.floats(vector)
    encoder.option(metadata != nil)
    guard let metadata else { return }
    encoder.length(metadata.count)
    for member in metadata {
      encoder.bytes(member.key)
      encoder.bytes(member.value)
    }
  }
}

extension BinaryEncoder {
  /// A case that holds a number and a time.
  fileprivate mutating func pair(_ variant: UInt32, _ number: UInt64, _ time: UInt64) {
    self.variant(variant)
    self.number(number)
    self.number(time)
  }
}
