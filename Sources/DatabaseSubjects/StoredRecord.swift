import SubjectProtocol

/// The bytes that stand for a record in a database without columns: the number of components as
/// four little-endian bytes, the components as Float32, and the metadata's canonical text.
enum StoredRecord {
  static func encode(_ value: RecordValue) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 + 4 * value.vector.count + value.metadata.canonical.count)
    append(UInt32(value.vector.count), to: &bytes)
    bytes += vectorBytes(value.vector)
    bytes += value.metadata.canonical
    return bytes
  }

  static func decode(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) -> RecordValue {
    guard bytes.count >= 4 else { throw .notARecord }
    let count = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
    guard bytes.count - 4 >= 4 * count else { throw .notARecord }
    let vector = try Self.vector(UnsafeRawBufferPointer(rebasing: bytes[4..<4 + 4 * count]))
    return RecordValue(vector: vector, metadata: try metadata(Array(bytes[(4 + 4 * count)...])))
  }

  /// The metadata whose canonical text was stored; a damaged file may hold anything there.
  static func metadata(_ text: [UInt8]) throws(DatabaseError) -> Metadata {
    if text.isEmpty { return .empty }
    do throws(JSONError) {
      return try Metadata(parsing: text)
    } catch {
      throw .notARecord
    }
  }

  /// The id of a record that was stored: one byte at least.
  static func id(_ bytes: [UInt8]) throws(DatabaseError) -> [UInt8] {
    guard !bytes.isEmpty else { throw .notARecord }
    return try name(bytes)
  }

  /// The name of a namespace that was stored.
  static func name(_ bytes: [UInt8]) throws(DatabaseError) -> [UInt8] {
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .notARecord }
    return bytes
  }

  /// The components of `vector` as they are stored.
  static func vectorBytes(_ vector: [Float]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * vector.count)
    for component in vector { append(component.bitPattern, to: &bytes) }
    return bytes
  }

  /// The components that `vectorBytes` made.
  static func vector(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) -> [Float] {
    guard bytes.count % 4 == 0 else { throw .notARecord }
    return (0..<bytes.count / 4).map { index in
      let bits = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
      return Float(bitPattern: UInt32(littleEndian: bits))
    }
  }

  private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
    for shift in [0, 8, 16, 24] as [UInt32] {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }
}
