/// Bytes that grow at their end, outside of any array: records are encoded here in place.
///
/// A class, so that a batch can be handed to the thread that writes it without copying.
final class LogBuffer {
  @exclusivity(unchecked) private var base: UnsafeMutableRawPointer
  @exclusivity(unchecked) private var capacity: Int
  /// How many bytes there are.
  @exclusivity(unchecked) private(set) var count = 0

  /// An empty buffer with room for `capacity` bytes.
  init(capacity: Int = 512) {
    self.capacity = capacity
    base = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  /// The bytes.
  var bytes: RawSpan {
    @_lifetime(borrow self) get {
      _overrideLifetime(RawSpan(_unsafeBytes: memory), borrowing: self)
    }
  }

  /// The bytes, valid until the buffer grows, for who keeps the buffer alive.
  @inline(__always)
  var memory: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Forgets every byte behind the first `count`; room is kept unless it is much.
  func truncate(to count: Int) {
    precondition(count <= self.count, "a buffer is only made shorter")
    self.count = count
    if count == 0, capacity > 4 << 20 {
      base.deallocate()
      capacity = 64 << 10
      base = .allocate(byteCount: capacity, alignment: 16)
    }
  }

  /// Forgets the first `count` bytes; those behind them come first.
  func removeFirst(_ count: Int) {
    precondition(count <= self.count, "a buffer is only made shorter")
    base.copyMemory(from: base + count, byteCount: self.count - count)
    truncate(to: self.count - count)
  }

  /// Makes room for `more` bytes behind the present ones and returns its start; they count once
  /// they are filled, which the caller does at once.
  @inline(__always)
  func extend(by more: Int) -> UnsafeMutableRawPointer {
    if capacity - count < more { grow(more) }
    let start = base + count
    count += more
    return start
  }

  private func grow(_ more: Int) {
    capacity = max(capacity * 2, count + more)
    let bigger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    bigger.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = bigger
  }

  /// Appends a number, little-endian.
  @inline(__always)
  func append<Number: FixedWidthInteger>(_ value: Number) {
    extend(by: MemoryLayout<Number>.size).storeBytes(of: value.littleEndian, as: Number.self)
  }

  /// Replaces the bytes at `offset` with a number, little-endian.
  @inline(__always)
  func store<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    precondition(offset >= 0 && offset + MemoryLayout<Number>.size <= count, "within the buffer")
    (base + offset).storeBytes(of: value.littleEndian, as: Number.self)
  }

  /// Appends bytes.
  @inline(__always)
  func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
    extend(by: bytes.count).copyMemory(from: source, byteCount: bytes.count)
  }

  /// Appends bytes.
  @inline(__always)
  func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

  /// Appends bytes.
  func append(_ bytes: RawSpan) { bytes.withUnsafeBytes { append($0) } }

  /// Appends the components of a vector, bit for bit.
  @inline(__always)
  func append(vector: [Float]) {
    #if _endian(little)
      vector.withUnsafeBytes { append($0) }
    #else
      for component in vector { append(component.bitPattern) }
    #endif
  }

  /// Appends zeros.
  @inline(__always)
  func appendZeros(_ count: Int) {
    if count == 0 { return }
    extend(by: count).initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }

  /// Appends zeros up to a multiple of the format's alignment.
  @inline(__always)
  func padToAlignment() { appendZeros(LogFormat.aligned(count) - count) }

  /// Replaces the bytes at `offset`.
  func replace(at offset: Int, with bytes: RawSpan) {
    precondition(offset + bytes.byteCount <= count, "within the buffer")
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress {
        (base + offset).copyMemory(from: start, byteCount: source.count)
      }
    }
  }
}
