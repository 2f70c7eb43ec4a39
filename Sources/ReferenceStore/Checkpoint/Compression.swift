internal import CZstd

/// Zstandard, a block at a time.
enum Compression {
  /// The levels that options may ask for.
  static let levels = 1...19

  /// The compressed form of `plain`, or nil when it is not smaller.
  static func compress(_ plain: RawSpan, level: Int) -> LogBuffer? {
    let bound = ZSTD_compressBound(plain.byteCount)
    let target = LogBuffer(capacity: bound)
    let written = plain.withUnsafeBytes {
      ZSTD_compress(target.extend(by: bound), bound, $0.baseAddress, $0.count, Int32(level))
    }
    guard ZSTD_isError(written) == 0, written < plain.byteCount else { return nil }
    target.truncate(to: written)
    return target
  }

  /// Fills `target` with what `stored` was compressed from; false when it is not that.
  static func decompress(_ stored: RawSpan, into target: UnsafeMutableRawBufferPointer) -> Bool {
    let written = stored.withUnsafeBytes {
      ZSTD_decompress(target.baseAddress, target.count, $0.baseAddress, $0.count)
    }
    return ZSTD_isError(written) == 0 && written == target.count
  }
}
