/// CRC-32 as zlib, gzip and the crates `crc32fast` and `crc` compute it (polynomial 0x04C11DB7,
/// reflected); of "123456789" it is 0xCBF43926.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    var value = UInt32(index)
    for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    return value
  }

  /// The checksum of `bytes`.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var state: UInt32 = 0xFFFF_FFFF
    for byte in bytes { state = state >> 8 ^ table[Int((state ^ UInt32(byte)) & 0xFF)] }
    return ~state
  }
}

extension FixedWidthInteger {
  /// The bytes of this number, the least significant first.
  var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }

  /// The number whose bytes these are, the least significant first; as many as it has.
  init(littleEndianBytes bytes: some Collection<UInt8>) {
    precondition(bytes.count == Self.bitWidth / 8, "so many bytes has the number")
    self = bytes.reversed().reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) }
  }
}
