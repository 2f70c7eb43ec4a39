/// What one segment's bytes hold, read from the front to the first byte that is no good record.
///
/// It decides nothing: whether a bad byte is a torn tail or damage is recovery's to say.
struct SegmentScan {
  /// The good records, in order.
  private(set) var frames: [RecordFrame] = []
  /// The offset behind the last good record.
  private(set) var validEnd: Int
  /// Why no record follows; nil when the bytes end there.
  private(set) var failure: DecodingFailure?
  /// The highest offset that a good record says was durable when it was written.
  private(set) var provenEnd: Int
  /// The LSN after the last record's, or the header's first one.
  private(set) var nextLSN: LSN

  /// Reads the records of the segment with `header` and `tag`, up to `limit` at most.
  init(_ bytes: RawSpan, header: SegmentHeader, tag: UInt32, limit: Int) {
    validEnd = LogFormat.segmentHeaderBytes
    provenEnd = validEnd
    nextLSN = header.firstLSN
    let bytes = bytes.extracting(0..<min(limit, bytes.byteCount))
    var lastCarried = LSN.zero
    while validEnd < bytes.byteCount {
      let carried = validEnd < header.prologueEnd
      switch RecordFrame.decode(bytes, at: validEnd, segment: header.number, tag: tag) {
      case .failure(let reason):
        failure = reason
        return
      case .success(let frame):
        guard
          carried
            ? frame.lsn > lastCarried && frame.lsn < header.firstLSN && frame.type != .mark
              && frame.end <= header.prologueEnd
            : frame.lsn == nextLSN
        else {
          failure = .sequenceGap
          return
        }
        if carried {
          lastCarried = frame.lsn
        } else if frame.type != .mark {
          nextLSN = frame.lsn.next
        }
        provenEnd = max(provenEnd, Int(frame.durableEnd))
        validEnd = frame.end
        frames.append(frame)
      }
    }
  }

  /// Looks behind the bad byte at `start` for a good record which says that this byte had been
  /// durable; returns its offset.
  ///
  /// A record proves itself by its checksum alone, which covers its place; `tag` is nil when the
  /// header that would tell it is the bad part.
  static func proof(
    _ bytes: RawSpan, behind start: Int, segment: SegmentNumber, tag: UInt32?
  ) -> Int? {
    var offset = LogFormat.aligned(max(start, LogFormat.segmentHeaderBytes))
    let last = bytes.byteCount - LogFormat.frameHeaderBytes
    while offset <= last {
      // The cheap test first: garbage hardly ever names an offset between here and there.
      let durableEnd = bytes.uint64(at: offset + 24)
      if durableEnd > UInt64(start), durableEnd <= UInt64(offset),
        case .success = RecordFrame.decode(bytes, at: offset, segment: segment, tag: tag)
      {
        return offset
      }
      offset += LogFormat.alignment
    }
    return nil
  }
}
