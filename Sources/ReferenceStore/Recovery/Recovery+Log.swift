internal import StorageInterface

/// A segment found at open: its header, and its file as far as it was read.
struct FoundSegment {
  let file: FileWindow
  let header: SegmentHeader
  let tag: UInt32

  /// The file's name.
  var path: String { file.path }
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
        throw trace.refusal(
          .predecessorMissing,
          .corrupt(
            file: StoreFileName.segment(position.segment).path, offset: 0,
            reason: "a later segment says this had been synced up to \(position.end)"))
      }
    }
    guard let head = found else {
      log.obsolete += candidates.map { StoreFileName.segment($0).path }
      return
    }
    let links = try readChain(behind: head)
    for (index, link) in links.enumerated().reversed() {
      let end = index == 0 ? head.header.predecessor.end : links[index - 1].header.predecessor.end
      try applyLink(link, upTo: Int(end), successor: index == 0 ? head : links[index - 1])
      report.rows.insert(.linkApplied)  // H
    }
    try settle(head, evidence)
  }

  /// The newest segment that counts: its header and everything it carries are good, and a record
  /// stands behind the header, which proves that header and name had been made durable.
  private mutating func findHead(
    _ evidence: inout [LogPosition]
  ) throws(StoreError) -> FoundSegment? {
    for number in candidates {
      let file = try open(number)
      switch SegmentHeader.decode(file.bytes, number: number) {
      case .failure(.unknownVersion):
        throw .unsupported(reason: "\(file.path) has a version or features that are not known")
      case .failure(let failure):
        if try DurabilityProof.find(file, behind: 0, segment: number, tag: nil) != nil {
          // G: no record is written before the header is durable.
          throw trace.refusal(
            .headerBad,
            .corrupt(
              file: file.path, offset: 0,
              reason: "records stand behind the header, and \(failure.reason)"))
        }
      case .success((let header, let tag)):
        try check(header, file.path)
        log.nextLSN = max(log.nextLSN, header.firstLSN)
        var scan = SegmentScan(header, tag: tag)
        repeat {
          guard case .record = try scan.next(file, limit: file.size) else { break }
        } while !scan.counts
        if scan.counts {
          return FoundSegment(file: file, header: header, tag: tag)
        }
        try refuseDamage(file, scan)
        evidence.append(header.predecessor)
      }
      // F: the process stopped before the first record, or before all was carried. What this
      // header says of its predecessor was true nevertheless.
      report.rows.insert(.unfinishedIgnored)
      file.rest()
    }
    return nil
  }

  /// Finds the segments that `head` builds on, newest first.
  private mutating func readChain(behind head: FoundSegment) throws(StoreError) -> [FoundSegment] {
    var links: [FoundSegment] = []
    var next = head
    let base = log.chainEnd
    while next.header.predecessor != base {
      let wanted = next.header.predecessor
      var path: String { StoreFileName.segment(wanted.segment).path }
      // I: all of these had been durable.
      guard wanted.segment >= firstSegment, wanted.segment < next.header.number else {
        throw trace.refusal(
          .linkBad,
          .corrupt(
            file: next.path, offset: 32,
            reason:
              "it follows segment \(wanted.segment.rawValue), which is not where the log begins"
          ))
      }
      guard candidates.contains(wanted.segment) else {
        throw trace.refusal(
          .linkBad,
          .corrupt(file: path, offset: 0, reason: "it is missing, and \(next.path) follows it"))
      }
      let file = try open(wanted.segment)
      guard
        case .success((let header, let tag)) = SegmentHeader.decode(
          file.bytes, number: wanted.segment)
      else {
        throw trace.refusal(
          .linkBad,
          .corrupt(
            file: path, offset: 0, reason: "its header is bad, and \(next.path) follows it"))
      }
      guard tag == wanted.tag else {
        throw trace.refusal(
          .linkBad,
          .corrupt(file: path, offset: 92, reason: "it is not the one \(next.path) follows"))
      }
      try check(header, file.path)
      file.rest()
      next = FoundSegment(file: file, header: header, tag: tag)
      links.append(next)
    }
    return links
  }

  /// Applies the records of a segment on the way back, which must be whole up to `end`.
  private mutating func applyLink(
    _ link: FoundSegment, upTo end: Int, successor: FoundSegment
  ) throws(StoreError) {
    var scan = SegmentScan(link.header, tag: link.tag)
    try applyAll(link.file, &scan, limit: end)
    guard scan.validEnd == end, scan.validEnd >= link.header.prologueEnd else {
      // I
      throw trace.refusal(
        .linkBad,
        .corrupt(
          file: link.path, offset: UInt64(scan.validEnd),
          reason: "\(successor.path) says this had been synced, and \(reason(scan))"))
    }
    link.file.rest()
    live.append((link.header.number, end))
    log.chain.append(
      .init(number: link.header.number, end: UInt64(end), lastLSN: log.lastLSN))
  }

  /// Applies the last segment and decides about it: what is served, what is cut, what must be
  /// carried.
  private mutating func settle(
    _ head: FoundSegment, _ evidence: [LogPosition]
  ) throws(StoreError) {
    var scan = SegmentScan(head.header, tag: head.tag)
    try applyAll(head.file, &scan, limit: head.file.size)
    var provenEnd = scan.provenEnd
    for position in evidence
    where position.segment == head.header.number && position.tag == head.tag {
      provenEnd = max(provenEnd, Int(position.end))
    }
    guard provenEnd <= scan.validEnd else {
      // M: a later segment's header says so.
      throw trace.refusal(
        .tailProvenBySegment,
        .corrupt(
          file: head.path, offset: UInt64(scan.validEnd),
          reason: "a later segment says this had been synced, and \(reason(scan))"))
    }
    try refuseDamage(head.file, scan)
    if scan.validEnd < head.file.size {
      if try isZero(head.file, from: scan.validEnd) {
        report.rows.insert(.zerosAfterEnd)  // P
      } else {
        report.rows.insert(.tailCut)  // L
        report.cutBytes = head.file.size - scan.validEnd
        report.cutReason = reason(scan)
      }
    }
    live.append((head.header.number, scan.validEnd))
    try carryTail(head, scan, provenEnd)
  }

  private mutating func carryTail(
    _ head: FoundSegment, _ scan: SegmentScan, _ provenEnd: Int
  ) throws(StoreError) {
    var unproven = 0
    var bytes = 0
    var provenLSN = log.lastLSN
    try RecordCursor.each(head.file, scan, from: provenEnd) { frame, _, _ throws(StoreError) in
      if frame.type == .mark { return }
      if unproven == 0 { provenLSN = LSN(rawValue: frame.lsn.rawValue - 1) }
      unproven += 1
      bytes += frame.end - frame.start
    }
    let voidFiles = settleChain(head, provenEnd, provenLSN)
    if unproven == 0 {
      report.rows.insert(.tailProven)  // J
      log.obsolete += voidFiles
    } else {
      report.rows.insert(.tailCarried)  // K
      report.carriedRecords = unproven
      if !isReadOnly {
        try log.carry(head.file, scan, from: provenEnd, bytes: bytes, time: clock())
        log.obsolete += voidFiles.filter { !files.discard($0) }
      }
    }
  }

  /// Makes the proven part of the last segment a link, and returns the files that are void once a
  /// newer segment is durable.
  private mutating func settleChain(
    _ head: FoundSegment, _ provenEnd: Int, _ provenLSN: LSN
  ) -> [String] {
    if provenEnd > LogFormat.segmentHeaderBytes {
      log.chain.append(
        .init(number: head.header.number, end: UInt64(provenEnd), lastLSN: provenLSN))
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
  private func refuseDamage(_ file: FileWindow, _ scan: SegmentScan) throws(StoreError) {
    guard scan.validEnd < file.size,
      let proof = try DurabilityProof.find(
        file, behind: scan.validEnd, segment: scan.header.number, tag: scan.tag)
    else { return }
    // N
    throw trace.refusal(
      .tailProvenByRecord,
      .corrupt(
        file: file.path, offset: UInt64(scan.validEnd),
        reason: "the record at \(proof) says this had been synced, and \(reason(scan))"))
  }

  /// Applies records up to the first that is not good, or `limit`.
  private mutating func applyAll(
    _ file: FileWindow, _ scan: inout SegmentScan, limit: Int
  ) throws(StoreError) {
    while case .record(let frame, let payload) = try scan.next(file, limit: limit) {
      if frame.type == .mark { continue }
      guard frame.lsn > log.lastLSN else {
        throw .corrupt(
          file: file.path, offset: UInt64(frame.start),
          reason: "LSN \(frame.lsn.rawValue) comes after \(log.lastLSN.rawValue)")
      }
      let range = payload..<payload + frame.payloadCount
      guard try table.apply(file.bytes, in: range, time: frame.time) else {
        throw .corrupt(
          file: file.path, offset: UInt64(frame.start),
          reason: "its checksum matches but its entries make no sense")
      }
      log.lastLSN = frame.lsn
      report.replayedRecords += 1
    }
    log.nextLSN = max(log.nextLSN, log.lastLSN.next)
  }

  private func open(_ number: SegmentNumber) throws(StoreError) -> FileWindow {
    try FileWindow(
      StoreFileName.segment(number).path, files: files, limit: LogFormat.maximumSegmentBytes)
  }

  private func reason(_ scan: SegmentScan) -> String {
    scan.failure?.reason ?? "the file ends there"
  }

  /// Whether every byte from `offset` to the file's end is zero.
  private func isZero(_ file: FileWindow, from offset: Int) throws(StoreError) -> Bool {
    var offset = offset
    while offset < file.size {
      try file.need(1, at: offset)
      let rest = file.bytes.extracting(offset - file.start..<file.bytes.byteCount)
      if rest.isEmpty { return true }
      if !rest.isZero { return false }
      offset += rest.byteCount
    }
    return true
  }
}
