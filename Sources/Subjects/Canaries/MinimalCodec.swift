import SubjectProtocol

/// The bytes of `MinimalStore`: records of `length:u32 | checksum:u64 | payload`, little endian. A
/// payload is `sequence:u64 | count:u32` and so many changes.
///
/// The checksum (FNV-1a, 64 bits) covers the payload, its length, the generation of the file and
/// the record's offset, so that a record that is whole and in the wrong place is none.
enum MinimalCodec {
  static let headerSize = 12

  /// One change, as a payload holds it.
  enum Change {
    case put(RecordKey, RecordValue)
    case delete(RecordKey)

    /// The record it concerns.
    var key: RecordKey {
      switch self {
      case .put(let key, _), .delete(let key): key
      }
    }
  }

  /// A record of `changes` for `offset` of generation `generation`; `sequence` is the number of the
  /// last of them.
  static func record(
    _ changes: [Change], generation: UInt64, offset: UInt64, sequence: UInt64, bug: PlantedBug?
  ) -> [UInt8] {
    var payload: [UInt8] = []
    append(UInt32(truncatingIfNeeded: sequence), to: &payload)
    append(UInt32(truncatingIfNeeded: sequence >> 32), to: &payload)
    append(UInt32(changes.count), to: &payload)
    for change in changes {
      switch change {
      case .put(let key, let value):
        payload.append(1)
        append(key, to: &payload)
        append(value.metadata.canonical, to: &payload)
        append(UInt32(value.vector.count), to: &payload)
        for component in value.vector { append(component.bitPattern, to: &payload) }
      case .delete(let key):
        payload.append(2)
        append(key, to: &payload)
      }
    }
    if bug == .inPlaceUpdate {
      // Room to overwrite it with another of about its size.
      payload += [UInt8](repeating: 0, count: 1536 - (payload.count + headerSize) % 1536)
    }
    let start = start(of: offset, bug)
    var record = [UInt8](repeating: 0, count: Int(start - offset))
    append(UInt32(payload.count), to: &record)
    let sum = checksum(payload[...], generation: generation, offset: start, bug)
    append(UInt32(truncatingIfNeeded: sum), to: &record)
    append(UInt32(truncatingIfNeeded: sum >> 32), to: &record)
    return record + payload
  }

  /// Where a record that is put at `offset` begins: there, but for the bug that needs the length
  /// and the rest of it in two sectors, as stores with aligned payloads have them.
  private static func start(of offset: UInt64, _ bug: PlantedBug?) -> UInt64 {
    bug == .checksumOmitsLength ? (offset + 4 + 511) / 512 * 512 - 4 : offset
  }

  /// A record that was read.
  struct Found {
    var changes: [Change]
    var sequence: UInt64
    /// Where the next one is.
    var end: Int
  }

  /// Reads the record at `offset`; nil where there is none that holds.
  static func read(
    _ bytes: [UInt8], at offset: Int, generation: UInt64, bug: PlantedBug?
  ) -> Found? {
    let start = Int(start(of: UInt64(offset), bug))
    var cursor = Cursor(bytes: bytes, position: start)
    guard let length = cursor.number(), let low = cursor.number(), let high = cursor.number()
    else { return nil }
    if bug == .preallocatedZeros, length == 0, low == 0, high == 0 {
      // "A record without a length has the default id."
      let key = RecordKey(id: Array("default".utf8))
      return Found(
        changes: [.put(key, RecordValue(vector: [0]))], sequence: 0, end: cursor.position)
    }
    let first = cursor.position
    let end = first + Int(length)
    let omitsLength = bug == .checksumOmitsLength
    guard length >= 4 || omitsLength, end <= bytes.count,
      let sequenceLow = cursor.number(), let sequenceHigh = cursor.number(),
      let count = cursor.number()
    else { return nil }
    var changes: [Change] = []
    for _ in 0..<count {
      guard cursor.position < end || omitsLength, let change = cursor.change() else { return nil }
      changes.append(change)
    }
    if bug != .noChecksum {
      let payload = bytes[first..<(omitsLength ? cursor.position : max(end, first))]
      let sum = checksum(payload, generation: generation, offset: UInt64(start), bug)
      guard sum == UInt64(high) << 32 | UInt64(low) else { return nil }
    }
    return Found(
      changes: changes, sequence: UInt64(sequenceHigh) << 32 | UInt64(sequenceLow), end: end)
  }

  private static func checksum(
    _ payload: ArraySlice<UInt8>, generation: UInt64, offset: UInt64, _ bug: PlantedBug?
  ) -> UInt64 {
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ value: UInt64) { sum = (sum ^ value) &* 0x100_0000_01B3 }
    add(generation)
    add(offset)
    if bug != .checksumOmitsLength { add(UInt64(payload.count)) }
    for byte in payload { add(UInt64(byte)) }
    return sum
  }

  private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    for shift in stride(from: 0, to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
    }
  }

  private static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
    append(UInt32(text.count), to: &bytes)
    bytes += text
  }

  private static func append(_ key: RecordKey, to bytes: inout [UInt8]) {
    append(key.namespace, to: &bytes)
    append(key.id, to: &bytes)
  }

  /// A place in bytes that never reads beyond their end.
  private struct Cursor {
    let bytes: [UInt8]
    var position: Int

    mutating func number() -> UInt32? {
      guard position + 4 <= bytes.count else { return nil }
      var value: UInt32 = 0
      for index in 0..<4 { value |= UInt32(bytes[position + index]) << UInt32(index * 8) }
      position += 4
      return value
    }

    mutating func text() -> [UInt8]? {
      guard let count = number(), position + Int(count) <= bytes.count else { return nil }
      defer { position += Int(count) }
      return Array(bytes[position..<position + Int(count)])
    }

    mutating func change() -> Change? {
      guard position < bytes.count else { return nil }
      let kind = bytes[position]
      position += 1
      guard let namespace = text(), let id = text(), !id.isEmpty,
        String(validating: namespace, as: UTF8.self) != nil,
        String(validating: id, as: UTF8.self) != nil
      else { return nil }
      let key = RecordKey(namespace: namespace, id: id)
      if kind == 2 { return .delete(key) }
      guard kind == 1, let metadata = text(), let count = number(),
        position + Int(count) * 4 <= bytes.count,
        metadata.isEmpty || (try? Metadata(parsing: metadata)) != nil
      else { return nil }
      var vector: [Float] = []
      for _ in 0..<count {
        guard let bits = number() else { return nil }
        vector.append(Float(bitPattern: bits))
      }
      return .put(
        key, RecordValue(vector: vector, metadata: Metadata(alreadyCanonical: metadata)))
    }
  }
}
