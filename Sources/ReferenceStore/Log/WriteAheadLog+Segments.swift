extension WriteAheadLog {
  /// Ends the segment that takes records; the next record starts a new one. Writes nothing. It is
  /// sound when every barrier of it succeeded.
  mutating func endSegment(isSound: Bool = true) {
    precondition(staged.count == 0, "what is staged was written")
    place = nil
    guard let writer = segment else { return }
    segment = nil
    writer.close()
    if writer.isEmpty {
      obsolete.append(writer.path)
    } else {
      chain.append(
        Link(
          number: writer.header.number, end: writer.durableEnd, lastLSN: lastLSN,
          writtenBytes: isSound ? writer.filledEnd : 0))
      chainEnd = writer.position
    }
  }

  /// Ends the log at a close, everything being durable: leaves a mark, so that the next open need
  /// not copy the tail.
  mutating func close(time: UInt64) {
    if readOnlyReason == nil, var writer = segment, writer.lacksMark {
      // Without the mark the next open is slower.
      try? writer.mark(nextLSN: nextLSN, time: time)
      segment = writer
    }
    abandon()
  }

  /// Lets go of everything; what is staged is lost, as by a process crash.
  mutating func abandon() {
    staged.truncate(to: 0)
    keptBytes = 0
    endSegment()
  }

  /// Removes every segment, or keeps it as the options say, and removes all that was kept for this
  /// moment: a snapshot that holds their records is durable. A file that cannot be removed now is
  /// tried again at the next checkpoint.
  mutating func dropChain() throws(StoreError) {
    precondition(segment == nil, "a snapshot replaces ended segments only")
    if options.retainsLog {
      retained += chain
    } else {
      discard(chain)
    }
    chain.removeAll()
    try discardObsolete()
  }

  /// Removes the retained segments that hold nothing above `lsn`, and returns how many they were.
  mutating func truncate(upTo lsn: LSN) throws(StoreError) -> Int {
    let count = retained.prefix { $0.lastLSN <= lsn }.count
    discard(Array(retained.prefix(count)))
    retained.removeFirst(count)
    try discardObsolete()
    return count
  }

  private mutating func discard(_ links: [Link]) {
    for link in links {
      let path = StoreFileName.segment(link.number).path
      if link.writtenBytes > 0, spare.count < options.spareSegments {
        spare.append(SpareSegment(path: path, writtenBytes: link.writtenBytes))
      } else {
        obsolete.append(path)
      }
    }
  }

  private mutating func discardObsolete() throws(StoreError) {
    let unneeded = obsolete
    if unneeded.isEmpty { return }
    obsolete = unneeded.filter { !files.discard($0) }
    do throws(StoreError) {
      try files.synchronizeDirectory()
    } catch {
      throw note(.atBarrier(error))
    }
  }

  /// Starts the next segment: in the spare file of which most was written, or in a new one.
  mutating func startSegment(
    carriedBytes: Int, time: UInt64
  ) throws(StoreError) -> SegmentWriter {
    let header = SegmentHeader(
      dimension: identity.dimension, number: nextSegment, firstLSN: nextLSN,
      predecessor: chainEnd, carriedBytes: carriedBytes, identity: identity.store, time: time)
    nextSegment = nextSegment.next
    let fullest = spare.indices.max { spare[$0].writtenBytes < spare[$1].writtenBytes }
    let old = fullest.map { spare.remove(at: $0) }
    do throws(SegmentWriter.Failure) {
      return try SegmentWriter(header, over: old, room: room, files: files)
    } catch {
      obsolete.append(StoreFileName.segment(header.number).path)
      if let old { obsolete.append(old.path) }
      throw note(error)
    }
  }

  /// The room that segments get in advance. Zeros are written ahead of records only where barriers
  /// are many: elsewhere they would cost a second write and save nothing.
  private var room: SegmentWriter.Room? {
    guard options.preallocates else { return nil }
    let isSyncedOften =
      switch options.sync {
      case .everyWrite, .every: true
      case .interval, .onFlush, .never: false
      }
    return SegmentWriter.Room(
      bytes: UInt64(options.segmentBytes),
      step: isSyncedOften ? min(SegmentWriter.Room.step, UInt64(options.segmentBytes)) : 0)
  }

  /// Lets the segment take records.
  mutating func settle(_ writer: SegmentWriter) {
    segment = writer
    place = (writer.header.number, writer.tag, writer.writtenEnd, writer.durableEnd)
  }
}
