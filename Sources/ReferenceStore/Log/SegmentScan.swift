/// What one segment holds, read from the front to the first byte that is no good record.
///
/// It decides nothing: whether a bad byte is a torn tail or damage is recovery's to say.
struct SegmentScan {
  /// The segment's header.
  let header: SegmentHeader
  /// Its tag.
  let tag: UInt32
  /// The offset behind the last good record.
  private(set) var validEnd: Int
  /// Why no record follows; nil when the bytes end there.
  private(set) var failure: DecodingFailure?
  /// The highest offset that a good record says was durable when it was written.
  private(set) var provenEnd: Int
  /// The LSN after the last record's, or the header's first one.
  private(set) var nextLSN: LSN
  /// How many good records there are, marks included.
  private(set) var count = 0
  private var lastCarried = LSN.zero

  /// Before the first record of the segment with `header` and `tag`.
  init(_ header: SegmentHeader, tag: UInt32) {
    self.header = header
    self.tag = tag
    validEnd = LogFormat.segmentHeaderBytes
    provenEnd = validEnd
    nextLSN = header.firstLSN
  }

  /// Whether a record stands behind the header, and everything that is carried is there.
  var counts: Bool { count > 0 && validEnd >= header.prologueEnd }

  /// What the reading of one record gave.
  enum Step {
    /// A good record; its payload begins at this offset of the window.
    case record(RecordFrame, payload: Int)
    /// Nothing follows that is good, or the limit is reached.
    case end
  }

  /// Reads the next record, up to `limit` of the segment at most.
  @inline(__always)
  mutating func next(_ file: FileWindow, limit: Int) throws(StoreError) -> Step {
    let limit = min(limit, file.size)
    if validEnd >= limit { return .end }
    try file.need(LogFormat.frameHeaderBytes, at: validEnd)
    if let stated = RecordFrame.statedBytes(file.bytes, at: validEnd - file.start),
      stated <= limit - validEnd
    {
      try file.need(stated, at: validEnd)
    }
    let offset = validEnd - file.start
    let available = min(file.bytes.byteCount, limit - file.start)
    switch RecordFrame.decode(
      file.bytes.extracting(0..<available), at: offset, base: file.start, segment: header.number,
      tag: tag)
    {
    case .failure(let reason):
      failure = reason
      return .end
    case .success(let frame):
      guard accept(frame) else {
        failure = .sequenceGap
        return .end
      }
      return .record(frame, payload: offset + LogFormat.frameHeaderBytes)
    }
  }

  @inline(__always)
  private mutating func accept(_ frame: RecordFrame) -> Bool {
    if validEnd < header.prologueEnd {
      guard frame.lsn > lastCarried && frame.lsn < header.firstLSN && frame.type != .mark,
        frame.end <= header.prologueEnd
      else { return false }
      lastCarried = frame.lsn
    } else {
      guard frame.lsn == nextLSN else { return false }
      if frame.type != .mark { nextLSN = frame.lsn.next }
    }
    provenEnd = max(provenEnd, Int(frame.durableEnd))
    validEnd = frame.end
    count += 1
    return true
  }
}

/// The search for a record which says that a bad byte had been durable.
enum DurabilityProof {
  /// Looks behind the bad byte at `start` for a good record which says that this byte had been
  /// durable; returns its offset.
  ///
  /// A record proves itself by its checksum alone, which covers its place; `tag` is nil when the
  /// header that would tell it is the bad part. Fails with `corrupt` when bytes were made to look
  /// like so many overlapping records that checking them all would take forever.
  static func find(
    _ file: FileWindow, behind start: Int, segment: SegmentNumber, tag: UInt32?
  ) throws(StoreError) -> Int? {
    var offset = LogFormat.aligned(max(start, LogFormat.segmentHeaderBytes))
    var budget = 8 * file.size + 1 << 20
    while offset + LogFormat.frameHeaderBytes <= file.size {
      try file.need(LogFormat.frameHeaderBytes, at: offset)
      let base = file.start
      if base + file.bytes.byteCount < offset + LogFormat.frameHeaderBytes { break }
      let candidate = nextCandidate(file.bytes, from: offset - base, base: base, start, tag)
      offset = base + candidate.offset
      if !candidate.isFound { continue }
      guard let stated = RecordFrame.statedBytes(file.bytes, at: candidate.offset),
        stated <= file.size - offset
      else {
        // It would end behind the file: no record, and nothing was read to know it.
        offset += LogFormat.alignment
        continue
      }
      try file.need(stated, at: offset)
      if case .success = RecordFrame.decode(
        file.bytes, at: offset - file.start, base: file.start, segment: segment, tag: tag)
      {
        return offset
      }
      budget -= stated
      guard budget > 0 else {
        throw .corrupt(
          file: file.path, offset: UInt64(start),
          reason: "more overlapping records seem to follow than any log holds")
      }
      offset += LogFormat.alignment
    }
    return nil
  }

  /// The first place from `offset` of `bytes` where the cheap tests allow a record that would be
  /// proof: garbage hardly ever names an offset between here and there, and zeros never do.
  private static func nextCandidate(
    _ bytes: RawSpan, from offset: Int, base: Int, _ start: Int, _ tag: UInt32?
  ) -> (offset: Int, isFound: Bool) {
    var offset = offset
    while offset + LogFormat.frameHeaderBytes <= bytes.byteCount {
      let durableEnd = bytes.uint64(at: offset + 24)
      if durableEnd > UInt64(start), durableEnd <= UInt64(base + offset),
        tag == nil || bytes.uint32(at: offset + 16) == tag,
        RecordType(rawValue: bytes.uint8(at: offset + 20)) != nil,
        bytes.uint32(at: offset + 20) >> 8 == 0
      {
        return (offset, true)
      }
      offset += LogFormat.alignment
    }
    return (offset, false)
  }
}
