/// The first bytes of a segment; durable, with the segment's name, before any record is written.
///
/// Layout, in bytes: 0 magic (8), 8 version (4), 12 dimension (4), 16 number (8), 24 first LSN (8),
/// 32 predecessor's number (8), 40 predecessor's end (8), 48 predecessor's tag (4), 52 carried
/// bytes (4), 56 the store's identity (8), 64 time (8), 72 required features (4), 76 hints (4), 80
/// zero (12), 92 checksum over all before it (4).
struct SegmentHeader: Equatable {
  /// The number of components of every vector.
  var dimension: Int
  /// The segment's own number, the same as in its name.
  var number: SegmentNumber
  /// The LSN of the first record that is not carried; above every number given before.
  var firstLSN: LSN
  /// Where the log stands before this segment: durable up to there, void behind it.
  var predecessor: LogPosition
  /// How many bytes of records behind the header repeat those of the predecessor's void tail. The
  /// segment counts for nothing before all of them are there.
  var carriedBytes: Int
  /// Which store it belongs to.
  var identity: UInt64
  /// The store's clock when it was started; 0 without one.
  var time: UInt64
  /// What the file says of itself that no reader has to know (`LogFormat.Hint`).
  var hints: UInt32 = 0

  /// The offset behind the carried records.
  var prologueEnd: Int { LogFormat.segmentHeaderBytes + carriedBytes }

  /// The header's bytes, and the segment's tag: their checksum, which every record repeats.
  func encoded() -> (bytes: LogBuffer, tag: UInt32) {
    let bytes = LogBuffer(capacity: LogFormat.segmentHeaderBytes)
    bytes.append(LogFormat.segmentMagic)
    bytes.append(LogFormat.version)
    bytes.append(UInt32(dimension))
    bytes.append(number.rawValue)
    bytes.append(firstLSN.rawValue)
    bytes.append(predecessor.segment.rawValue)
    bytes.append(predecessor.end)
    bytes.append(predecessor.tag)
    bytes.append(UInt32(carriedBytes))
    bytes.append(identity)
    bytes.append(time)
    bytes.append(UInt32(0))
    bytes.append(hints)
    bytes.appendZeros(12)
    let tag = CRC32C.checksum(bytes.bytes)
    bytes.append(tag)
    precondition(bytes.count == LogFormat.segmentHeaderBytes, "the offset table is kept")
    return (bytes, tag)
  }

  /// Reads the header of the file named for segment `number`.
  ///
  /// Every version keeps the magic, the version at 8 and the checksum at 92 over all before it, so
  /// that a newer file is told from a damaged one.
  static func decode(
    _ bytes: RawSpan, number: SegmentNumber
  ) -> Result<(header: SegmentHeader, tag: UInt32), DecodingFailure> {
    guard bytes.byteCount >= LogFormat.segmentHeaderBytes else { return .failure(.truncated) }
    guard bytes.uint64(at: 0) == LogFormat.segmentMagic else { return .failure(.badMagic) }
    let tag = bytes.uint32(at: 92)
    guard CRC32C.checksum(bytes.extracting(0..<92)) == tag else {
      return .failure(.checksumMismatch)
    }
    guard bytes.uint32(at: 8) == LogFormat.version,
      bytes.uint32(at: 72) & ~LogFormat.requiredFeatures == 0
    else { return .failure(.unknownVersion) }
    guard bytes.uint64(at: 16) == number.rawValue else { return .failure(.foreign) }
    let dimension = Int(bytes.uint32(at: 12))
    let predecessor = LogPosition(
      segment: SegmentNumber(rawValue: bytes.uint64(at: 32)), end: bytes.uint64(at: 40),
      tag: bytes.uint32(at: 48))
    let carried = Int(bytes.uint32(at: 52))
    guard dimension > 0, dimension <= LogFormat.maximumDimension,
      bytes.uint64(at: 24) > 0, bytes.uint64(at: 24) < LSN.highest.rawValue,
      predecessor.segment < number, predecessor.end <= UInt64(LogFormat.maximumSegmentBytes),
      carried <= LogFormat.maximumSegmentBytes, carried % LogFormat.alignment == 0
    else { return .failure(.malformed) }
    return .success(
      (
        SegmentHeader(
          dimension: dimension, number: number,
          firstLSN: LSN(rawValue: bytes.uint64(at: 24)), predecessor: predecessor,
          carriedBytes: carried, identity: bytes.uint64(at: 56), time: bytes.uint64(at: 64),
          hints: bytes.uint32(at: 76)), tag
      ))
  }
}
