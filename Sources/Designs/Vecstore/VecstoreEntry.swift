/// One entry of a vecstore log, in the order in which its enum has them.
enum VecstoreEntry: Equatable {
  case insert(id: [UInt8], vector: [Float])
  case update(id: [UInt8], vector: [Float])
  case delete(id: [UInt8])
  case beginTransaction(UInt64)
  case commitTransaction(UInt64)
  case abortTransaction(UInt64)
  case checkpoint(sequence: UInt64)

  /// The record of this entry: its sequence number and itself, as bincode 1.x writes them.
  func record(sequence: UInt64) -> [UInt8] {
    var encoder = BinaryEncoder(.fixed)
    encoder.number(sequence)
    switch self {
    case .insert(let id, let vector), .update(let id, let vector):
      if case .insert = self { encoder.variant(0) } else { encoder.variant(1) }
      encoder.bytes(id)
      encoder.floats(vector)
    case .delete(let id):
      encoder.variant(2)
      encoder.bytes(id)
    case .beginTransaction(let number):
      encoder.variant(3)
      encoder.number(number)
    case .commitTransaction(let number):
      encoder.variant(4)
      encoder.number(number)
    case .abortTransaction(let number):
      encoder.variant(5)
      encoder.number(number)
    case .checkpoint(let number):
      encoder.variant(6)
      encoder.number(number)
    }
    return encoder.output
  }

  /// Reads a record.
  static func decode(
    _ bytes: [UInt8]
  ) throws(DecodingFailure) -> (sequence: UInt64, entry: VecstoreEntry) {
    var decoder = BinaryDecoder(bytes, .fixed)
    let sequence = try decoder.number()
    let variant = try decoder.variant()
    switch variant {
    case 0: return (sequence, .insert(id: try decoder.string(), vector: try decoder.floats()))
    case 1: return (sequence, .update(id: try decoder.string(), vector: try decoder.floats()))
    case 2: return (sequence, .delete(id: try decoder.string()))
    case 3: return (sequence, .beginTransaction(try decoder.number()))
    case 4: return (sequence, .commitTransaction(try decoder.number()))
    case 5: return (sequence, .abortTransaction(try decoder.number()))
    case 6: return (sequence, .checkpoint(sequence: try decoder.number()))
    default: throw .unknownVariant(variant)
    }
  }
}
