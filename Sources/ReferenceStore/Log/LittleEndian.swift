// The only file that loads or stores numbers at unaligned addresses. Loads check their bounds (and
// trap: callers check lengths from disk first), and every number on disk is little-endian.

extension RawSpan {
  /// The number at `offset`.
  @inline(__always)
  func uint32(at offset: Int) -> UInt32 {
    UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The number at `offset`.
  @inline(__always)
  func uint64(at offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The byte at `offset`.
  @inline(__always)
  func uint8(at offset: Int) -> UInt8 {
    unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
  }

  /// Whether the bytes are the same as those of `other`.
  func sameBytes(as other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    var offset = 0
    while offset + 8 <= byteCount {
      if uint64(at: offset) != other.uint64(at: offset) { return false }
      offset += 8
    }
    while offset < byteCount {
      if uint8(at: offset) != other.uint8(at: offset) { return false }
      offset += 1
    }
    return true
  }

  /// Whether every byte is zero.
  var isZero: Bool {
    for offset in 0..<byteCount where uint8(at: offset) != 0 { return false }
    return true
  }
}

extension [UInt8] {
  /// Appends a number, little-endian.
  @inline(__always)
  mutating func append<Number: FixedWidthInteger>(littleEndian value: Number) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// Appends `bytes`.
  mutating func append(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { append(contentsOf: $0) }
  }

  /// Replaces the bytes at `offset` with a number, little-endian.
  mutating func store<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    withUnsafeMutableBytes {
      $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Number.self)
    }
  }

  /// Appends the components of a vector, bit for bit.
  mutating func append(vector: [Float]) {
    #if _endian(little)
      vector.withUnsafeBytes { append(contentsOf: $0) }
    #else
      for component in vector { append(littleEndian: component.bitPattern) }
    #endif
  }

  /// Appends zeros up to a multiple of the format's alignment.
  mutating func padToAlignment() {
    let missing = LogFormat.aligned(count) - count
    for _ in 0..<missing { append(0) }
  }
}

extension [Float] {
  /// Replaces the components from `start` with those that `bytes` hold, bit for bit.
  mutating func replace(from start: Int, with bytes: RawSpan) {
    let components = bytes.byteCount / 4
    precondition(start >= 0 && start + components <= count, "the components are out of range")
    #if _endian(little)
      withUnsafeMutableBytes { target in
        bytes.withUnsafeBytes { source in
          UnsafeMutableRawBufferPointer(rebasing: target[(start * 4)...]).copyMemory(from: source)
        }
      }
    #else
      for index in 0..<components {
        self[start + index] = Float(bitPattern: bytes.uint32(at: index * 4))
      }
    #endif
  }
}
