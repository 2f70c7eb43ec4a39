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
    var offset = 0
    while offset + 8 <= byteCount {
      if uint64(at: offset) != 0 { return false }
      offset += 8
    }
    while offset < byteCount {
      if uint8(at: offset) != 0 { return false }
      offset += 1
    }
    return true
  }
}

extension [UInt8] {
  /// Appends a number, little-endian.
  @inline(__always)
  mutating func append<Number: FixedWidthInteger>(littleEndian value: Number) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// The bytes of a span.
  init(_ bytes: RawSpan) {
    self = bytes.withUnsafeBytes { Array($0) }
  }
}
