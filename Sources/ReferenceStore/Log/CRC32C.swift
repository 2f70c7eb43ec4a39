internal import CISAL

/// CRC32C (Castagnoli), computed by ISA-L; `finish` of "123456789" is 0xE3069283.
struct CRC32C {
  private var state: UInt32 = 0xFFFF_FFFF

  /// A checksum of nothing.
  init() {}

  /// Adds `bytes`.
  @inline(__always)
  mutating func combine(_ bytes: RawSpan) {
    // The C function counts in Int32.
    let limit = 1 << 30
    if bytes.byteCount <= limit {
      extend(bytes)
    } else {
      for start in stride(from: 0, to: bytes.byteCount, by: limit) {
        extend(bytes.extracting(start..<min(start + limit, bytes.byteCount)))
      }
    }
  }

  /// Adds a number as its eight little-endian bytes.
  @inline(__always)
  mutating func combine(_ value: UInt64) {
    state = withUnsafeBytes(of: value.littleEndian) {
      cisal_crc32c_extend(state, $0.baseAddress, Int32($0.count))
    }
  }

  /// The checksum of everything added so far.
  var finished: UInt32 { ~state }

  @inline(__always)
  private mutating func extend(_ bytes: RawSpan) {
    state = bytes.withUnsafeBytes {
      cisal_crc32c_extend(state, $0.baseAddress, Int32($0.count))
    }
  }

  /// The checksum of `bytes`.
  static func checksum(_ bytes: RawSpan) -> UInt32 {
    var crc = CRC32C()
    crc.combine(bytes)
    return crc.finished
  }
}
