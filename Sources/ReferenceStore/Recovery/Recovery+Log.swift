internal import StorageInterface

/// A segment in memory: its bytes and what they hold.
struct LoadedSegment {
  let path: String
  let bytes: [UInt8]
  let header: SegmentHeader
  let tag: UInt32
  let scan: SegmentScan
}

extension Recovery {
  /// Finds the last segment that counts, follows the headers back to the snapshot, applies every
  /// record and carries what is not proven durable.
  mutating func recoverLog() throws(StoreError) {
    var evidence: [LogPosition] = []
    let found = try findHead(&evidence)
    for position in evidence where position != log.chainEnd {
      // O: a segment that is named as a predecessor held durable records.
      guard let found, position.segment <= found.header.number else {
        throw .corrupt(
          file: StoreFileName.segment(position.segment).path, offset: 0,
          reason: "a later segment says this had been synced up to \(position.end)")
      }
    }
    guard let head = found else {
      log.obsolete += candidates.map { StoreFileName.segment($0).path }
      return
    }
    let links = try readChain(behind: head)
    for link in links.reversed() {
      try apply(link, upTo: link.scan.validEnd)
      log.chain.append(.init(number: link.header.number, end: UInt64(link.scan.validEnd)))
      report.rows.insert(.linkApplied)  // H
    }
    try settle(head, evidence)
  }

  /// The newest segment that counts: its header and everything it carries are good, and a record
  /// stands behind the header, which proves that header and name had been made durable.
  private mutating func findHead(
    _ evidence: inout [LogPosition]
  ) throws(StoreError) -> LoadedSegment? {
    for number in candidates {
      let path = StoreFileName.segment(number).path
      let bytes = try read(path)
      let span = bytes.span.bytes
      switch SegmentHeader.decode(span, number: number) {
      case .failure(.unknownVersion):
        throw .unsupported(reason: "\(path) has a version that is not known")
      case .failure(let failure):
        if SegmentScan.proof(span, behind: 0, segment: number, tag: nil) != nil {
          // G: no record is written before the header is durable.
          throw .corrupt(
            file: path, offset: 0,
            reason: "records stand behind the header, and \(failure.reason)")
        }
      case .success((let header, let tag)):
        try checkDimension(header.dimension, path)
        log.nextLSN = max(log.nextLSN, header.firstLSN)
        let scan = SegmentScan(span, header: header, tag: tag, limit: span.byteCount)
        if !scan.frames.isEmpty && scan.validEnd >= header.prologueEnd {
          return LoadedSegment(path: path, bytes: bytes, header: header, tag: tag, scan: scan)
        }
        try refuseDamage(span, scan, path, number, tag)
        evidence.append(header.predecessor)
      }
      // F: the process stopped before the first record, or before all was carried. What this
      // header says of its predecessor was true nevertheless.
      report.rows.insert(.unfinishedIgnored)
    }
    return nil
  }

  /// Reads the segments that `head` builds on, newest first. Each must be whole up to where the
  /// next one's header says it was durable.
  private mutating func readChain(behind head: LoadedSegment) throws(StoreError) -> [LoadedSegment]
  {
    var links: [LoadedSegment] = []
    var next = head
    let base = log.chainEnd
    while next.header.predecessor != base {
      let wanted = next.header.predecessor
      let path = StoreFileName.segment(wanted.segment).path
      // I: all of these had been durable.
      guard wanted.segment >= firstSegment, wanted.segment < next.header.number else {
        throw .corrupt(
          file: next.path, offset: 32,
          reason: "it follows segment \(wanted.segment.rawValue), which is not where the log begins"
        )
      }
      guard candidates.contains(wanted.segment) else {
        throw .corrupt(file: path, offset: 0, reason: "it is missing, and \(next.path) follows it")
      }
      let bytes = try read(path)
      let span = bytes.span.bytes
      guard
        case .success((let header, let tag)) = SegmentHeader.decode(span, number: wanted.segment)
      else {
        throw .corrupt(
          file: path, offset: 0, reason: "its header is bad, and \(next.path) follows it")
      }
      guard tag == wanted.tag else {
        throw .corrupt(file: path, offset: 60, reason: "it is not the one \(next.path) follows")
      }
      try checkDimension(header.dimension, path)
      let scan = SegmentScan(span, header: header, tag: tag, limit: Int(wanted.end))
      guard scan.validEnd == Int(wanted.end), scan.validEnd >= header.prologueEnd else {
        throw .corrupt(
          file: path, offset: UInt64(scan.validEnd),
          reason: "\(next.path) says this had been synced, and \(reason(scan))")
      }
      next = LoadedSegment(path: path, bytes: bytes, header: header, tag: tag, scan: scan)
      links.append(next)
    }
    return links
  }

  /// Decides about the last segment: what is served, what is cut, what must be carried.
  private mutating func settle(
    _ head: LoadedSegment, _ evidence: [LogPosition]
  ) throws(StoreError) {
    let scan = head.scan
    let span = head.bytes.span.bytes
    var provenEnd = scan.provenEnd
    for position in evidence
    where position.segment == head.header.number && position.tag == head.tag {
      provenEnd = max(provenEnd, Int(position.end))
    }
    guard provenEnd <= scan.validEnd else {
      // M: a later segment's header says so.
      throw .corrupt(
        file: head.path, offset: UInt64(scan.validEnd),
        reason: "a later segment says this had been synced, and \(reason(scan))")
    }
    try refuseDamage(span, scan, head.path, head.header.number, head.tag)
    try apply(head, upTo: scan.validEnd)
    if scan.validEnd < span.byteCount {
      report.rows.insert(.tailCut)  // L
      report.cutBytes = span.byteCount - scan.validEnd
    }

    let voidFiles = settleChain(head, provenEnd)
    let unproven = scan.frames.filter { $0.start >= provenEnd && $0.type != .mark }
    if unproven.isEmpty {
      report.rows.insert(.tailProven)  // J
      log.obsolete += voidFiles
    } else {
      report.rows.insert(.tailCarried)  // K
      report.carriedRecords = unproven.count
      try log.carry(unproven, of: span)
      log.obsolete += voidFiles.filter { !files.discard($0) }
    }
  }

  /// Makes the proven part of the last segment a link, and returns the files that are void once a
  /// newer segment is durable.
  private mutating func settleChain(_ head: LoadedSegment, _ provenEnd: Int) -> [String] {
    if provenEnd > LogFormat.segmentHeaderBytes {
      log.chain.append(.init(number: head.header.number, end: UInt64(provenEnd)))
      log.chainEnd = LogPosition(
        segment: head.header.number, end: UInt64(provenEnd), tag: head.tag)
    } else {
      // Nothing in it is proven, so the next segment follows what this one follows.
      log.chainEnd = head.header.predecessor
    }
    let linked = log.chain.map(\.number)
    return candidates.filter { !linked.contains($0) }.map { StoreFileName.segment($0).path }
  }

  /// Fails with `corrupt` when a record behind the first bad byte proves that it had been durable.
  private func refuseDamage(
    _ bytes: RawSpan, _ scan: SegmentScan, _ path: String, _ number: SegmentNumber, _ tag: UInt32
  ) throws(StoreError) {
    guard scan.validEnd < bytes.byteCount,
      let proof = SegmentScan.proof(bytes, behind: scan.validEnd, segment: number, tag: tag)
    else { return }
    // N
    throw .corrupt(
      file: path, offset: UInt64(scan.validEnd),
      reason: "the record at \(proof) says this had been synced, and \(reason(scan))")
  }

  /// Applies the records of a segment that lie before `end`.
  private mutating func apply(_ segment: LoadedSegment, upTo end: Int) throws(StoreError) {
    for frame in segment.scan.frames where frame.end <= end && frame.type != .mark {
      guard frame.lsn > log.lastLSN else {
        throw .corrupt(
          file: segment.path, offset: UInt64(frame.start),
          reason: "LSN \(frame.lsn.rawValue) comes after \(log.lastLSN.rawValue)")
      }
      guard table.apply(segment.bytes.span.bytes, in: frame.payload) else {
        throw .corrupt(
          file: segment.path, offset: UInt64(frame.start),
          reason: "its checksum matches but its entries make no sense")
      }
      log.lastLSN = frame.lsn
    }
    log.nextLSN = max(log.nextLSN, log.lastLSN.next)
  }

  private func read(_ path: String) throws(StoreError) -> [UInt8] {
    try files.read(path, limit: LogFormat.maximumSegmentBytes)
  }

  private func reason(_ scan: SegmentScan) -> String {
    scan.failure?.reason ?? "the file ends there"
  }
}
