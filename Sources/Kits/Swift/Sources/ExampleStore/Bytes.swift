internal import SubjectKit

/// Numbers, texts and records as bytes, written at the end and taken from the front.
struct Bytes {
  private(set) var bytes: [UInt8] = []
  private var start = 0

  init() {}

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

  mutating func add(_ number: UInt64) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func add(_ text: [UInt8]) {
    add(UInt64(text.count))
    bytes += text
  }

  /// A put, or where `value` is nil a removal.
  mutating func add(_ key: RecordKey, _ value: RecordValue?) {
    add(key.namespace)
    add(key.id)
    add(value.map { UInt64($0.vector.count) } ?? .max)
    guard let value else { return }
    for component in value.vector { add(UInt64(component.bitPattern)) }
    add(value.metadata.canonical)
  }

  mutating func takeNumber() -> UInt64 {
    var number: UInt64 = 0
    for index in 0..<8 { number |= UInt64(bytes[start + index]) << (8 * UInt64(index)) }
    start += 8
    return number
  }

  private mutating func takeText() -> [UInt8] {
    let count = Int(takeNumber())
    defer { start += count }
    return Array(bytes[start..<start + count])
  }

  /// The next change; nil at the end.
  mutating func takeChange() -> (RecordKey, RecordValue?)? {
    guard start < bytes.count else { return nil }
    let namespace = takeText()
    let key = RecordKey(namespace: namespace, id: takeText())
    let count = takeNumber()
    if count == .max { return (key, nil) }
    var vector: [Float] = []
    for _ in 0..<count {
      vector.append(Float(bitPattern: UInt32(truncatingIfNeeded: takeNumber())))
    }
    return (key, RecordValue(vector: vector, metadata: Metadata(alreadyCanonical: takeText())))
  }
}
