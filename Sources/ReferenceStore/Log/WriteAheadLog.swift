internal import StorageInterface

/// The log of one open store: a chain of segments found at open, and at most one that takes new
/// records.
///
/// A segment is started by the first record that needs it, so opening a store whose log is proven
/// writes nothing. After a failure of a record the segment is left behind: the next record starts a
/// new one, whose header voids whatever the failure left there. After a failed barrier nothing is
/// written any more, since nobody can know what the disk holds then.
///
/// Records are staged, written and made durable in three steps, so that many share a barrier. The
/// caller has at most one batch away at a time.
struct WriteAheadLog {
  /// A segment that takes no more records.
  struct Link {
    /// Its number.
    var number: SegmentNumber
    /// The offset behind its last durable record.
    var end: UInt64
    /// The highest LSN it holds, and everything before it.
    var lastLSN: LSN
    /// Whether this process made it and every barrier of it succeeded.
    var isSound = false
  }

  /// What headers repeat.
  struct Identity {
    /// The number of components of every vector.
    var dimension: Int
    /// Which store it is.
    var store: UInt64
  }

  /// The bytes that are gathered before they are written, where no record waits for its barrier.
  static let gatheredBytes = 64 << 10

  /// The directory.
  let files: StoreFiles
  /// How the store was opened.
  let options: StoreOptions
  /// What headers repeat.
  var identity: Identity

  /// The segments behind the newest snapshot that hold records, oldest first.
  var chain: [Link] = []
  /// Where the last of them, or the snapshot, leaves the log.
  var chainEnd = LogPosition.origin
  /// Segments that a snapshot replaces and that are kept for replay, oldest first.
  var retained: [Link] = []
  /// Above every segment seen.
  var nextSegment = SegmentNumber.first
  /// The highest LSN of an acknowledged mutation.
  var lastLSN = LSN.zero
  /// Above every LSN given, also to mutations that failed.
  var nextLSN = LSN.zero.next
  /// Files that nothing needs once the next snapshot is durable.
  var obsolete: [String] = []
  /// Files of sound segments that nothing needs, kept to be written over.
  private(set) var spare: [String] = []

  /// The segment that takes records; nil also while its batch is away.
  private var segment: SegmentWriter?
  /// Records that are sealed for it and not written.
  private var staged = LogBuffer()
  /// How many of the staged bytes are written already.
  private var keptBytes = 0
  /// The buffer of the last batch, to be staged in again.
  private var emptyBuffer: LogBuffer?
  /// The place behind the last staged record, and what records there repeat.
  private var place: (number: SegmentNumber, tag: UInt32, end: UInt64, durableEnd: UInt64)?
  /// How many effects are staged or written, and not durable.
  private(set) var volatileEffects = 0
  /// Why nothing may be written any more; nil while it may.
  private(set) var readOnlyReason: String?
  /// How many barriers were issued for records, and how many records they covered.
  private(set) var barriers: UInt64 = 0
  private(set) var coveredRecords: UInt64 = 0

  /// An empty log.
  init(files: StoreFiles, options: StoreOptions) {
    self.files = files
    self.options = options
    identity = Identity(dimension: options.dimension, store: options.identity ?? 0)
  }

  /// Where the log stands: everything before is durable, everything behind is void.
  var position: LogPosition {
    if let segment, !segment.isEmpty { return segment.position }
    return chainEnd
  }

  /// The sizes of the segments that hold records.
  var figures: (segments: Int, bytes: UInt64) {
    let ended = chain.reduce(0) { $0 + $1.end }
    guard let place else { return (chain.count, ended) }
    return (chain.count + 1, ended + place.end)
  }

  /// Whether records are staged.
  var hasStaged: Bool { staged.count > keptBytes }

  /// Fails with `readOnly` after a failed barrier.
  func requireWritable() throws(StoreError) {
    if let readOnlyReason { throw .readOnly(reason: readOnlyReason) }
  }

  /// Whether a record of `count` bytes can be staged in the segment that takes records.
  @inline(__always)
  func fits(_ count: Int) -> Bool {
    guard let place else { return false }
    return place.end == UInt64(LogFormat.segmentHeaderBytes)
      || place.end + UInt64(count) <= UInt64(options.segmentBytes)
  }

  /// Makes everything durable, ends the segment and starts the next one. Nothing is away.
  mutating func startNextSegment(time: UInt64) throws(StoreError) {
    try requireWritable()
    try makeDurable()
    endSegment()
    let writer = try startSegment(carriedBytes: 0, time: time)
    settle(writer)
  }

  /// Stages one record: reserves room for its frame, has `payload` append to the buffer, completes
  /// it for its place. The segment takes it (`fits`).
  @inline(__always)
  mutating func stage(
    _ type: RecordType, time: UInt64, _ payload: (LogBuffer) -> Void
  ) -> (lsn: LSN, range: Range<Int>) {
    guard var place else { preconditionFailure("a segment was started before a record") }
    let start = staged.count
    staged.appendZeros(LogFormat.frameHeaderBytes)
    payload(staged)
    let lsn = nextLSN
    // Given before the first byte is written: a failed record may still reach the disk.
    nextLSN = lsn.next
    RecordFrame.seal(
      staged, at: start, type: type, lsn: lsn, time: time, segment: place.number, tag: place.tag,
      start: place.end, durableEnd: place.durableEnd)
    place.end += UInt64(staged.count - start)
    self.place = place
    volatileEffects += 1
    return (lsn, start + LogFormat.frameHeaderBytes..<staged.count)
  }

  /// The staged records.
  var stagedBytes: RawSpan {
    @_lifetime(borrow self) get {
      _overrideLifetime(RawSpan(_unsafeBytes: staged.memory), borrowing: self)
    }
  }

  /// Remembers a mutation as acknowledged.
  @inline(__always)
  mutating func acknowledge(_ lsn: LSN) { lastLSN = lsn }

  /// Writes what is staged when a record of `count` bytes more would make it too much. After an
  /// error it stays staged, and is written again to the same place the next time.
  mutating func writeStaged(before count: Int) throws(StoreError) {
    if staged.count > 0, staged.count + count > Self.gatheredBytes { try writeStaged() }
  }

  /// Writes what is staged. Volatile. With `keeping` its bytes can still be read, up to
  /// `forgetWritten`, which comes before the next record.
  mutating func writeStaged(keeping: Bool = false) throws(StoreError) {
    if staged.count == keptBytes { return }
    guard var writer = segment else { preconditionFailure("staged records have a segment") }
    try writer.write(staged.bytes)
    segment = writer
    keptBytes = staged.count
    if !keeping { forgetWritten() }
  }

  /// Forgets the bytes that were written and kept.
  mutating func forgetWritten() {
    precondition(staged.count == keptBytes, "nothing is staged behind them")
    staged.truncate(to: 0)
    keptBytes = 0
  }

  /// Takes the newest staged record back, which begins at `start` of what is staged and was never
  /// written as a whole. Its number and place go to the next record.
  mutating func unstage(_ lsn: LSN, from start: Int) {
    place?.end -= UInt64(staged.count - start)
    staged.truncate(to: start)
    nextLSN = lsn
    volatileEffects -= 1
  }

  /// Writes what is staged and makes everything written durable.
  mutating func makeDurable() throws(StoreError) {
    try writeStaged()
    guard var writer = segment, !writer.isDurable else { return }
    do throws(SegmentWriter.Failure) {
      try writer.synchronize()
    } catch {
      segment = writer
      throw note(error)
    }
    segment = writer
    noteDurable(writer)
  }

  private mutating func noteDurable(_ writer: SegmentWriter) {
    place?.durableEnd = writer.durableEnd
    barriers += 1
    coveredRecords += UInt64(volatileEffects)
    volatileEffects = 0
  }
}

extension WriteAheadLog {
  /// Staged records on their way to the disk, with the segment they go to. While it is away,
  /// records may be staged behind it.
  struct Batch {
    fileprivate var writer: SegmentWriter
    fileprivate let effects: Int
    /// The records, one behind the other.
    let records: LogBuffer

    /// Writes the records and makes them durable.
    mutating func makeDurable() throws(SegmentWriter.Failure) {
      let records = records
      do throws(StoreError) {
        try writer.write(records.bytes)
      } catch {
        throw .beforeBarrier(error)
      }
      try writer.synchronize()
    }
  }

  /// Hands out what is staged; nil when nothing is. It comes back through `complete` or `fail`.
  mutating func takeBatch() -> Batch? {
    guard staged.count > 0 else { return nil }
    guard let writer = segment else { preconditionFailure("one batch is away at a time") }
    segment = nil
    let batch = Batch(writer: writer, effects: volatileEffects, records: staged)
    staged = emptyBuffer ?? LogBuffer()
    emptyBuffer = nil
    volatileEffects = 0
    return batch
  }

  /// Takes a batch back whose records are durable.
  mutating func complete(_ batch: Batch) {
    segment = batch.writer
    place?.durableEnd = batch.writer.durableEnd
    barriers += 1
    coveredRecords += UInt64(batch.effects)
    give(back: batch.records)
  }

  /// Takes a batch back whose records failed, with all that was staged behind it. They may or may
  /// not be in the log; their LSNs are not given again, unless a later open finds no trace of them
  /// and voids the place where they would have been.
  mutating func fail(_ batch: Batch, _ failure: SegmentWriter.Failure) -> StoreError {
    segment = batch.writer
    staged.truncate(to: 0)
    volatileEffects = 0
    endSegment(isSound: false)
    give(back: batch.records)
    return note(failure)
  }

  private mutating func give(back buffer: LogBuffer) {
    buffer.truncate(to: 0)
    emptyBuffer = buffer
  }

  /// Remembers a failure, and returns what the caller is told.
  mutating func note(_ failure: SegmentWriter.Failure) -> StoreError {
    if case .atBarrier(let error) = failure {
      readOnlyReason = "a barrier failed (\(error))"
    }
    return failure.error
  }
}

extension WriteAheadLog {
  /// Ends the segment that takes records; the next record starts a new one. Writes nothing.
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
          isSound: isSound))
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
      if link.isSound, spare.count < options.spareSegments {
        spare.append(path)
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

  private mutating func startSegment(
    carriedBytes: Int, time: UInt64
  ) throws(StoreError) -> SegmentWriter {
    let header = SegmentHeader(
      dimension: identity.dimension, number: nextSegment, firstLSN: nextLSN,
      predecessor: chainEnd, carriedBytes: carriedBytes, identity: identity.store, time: time)
    nextSegment = nextSegment.next
    var source = SegmentWriter.Source.new
    if let old = spare.popLast() {
      source = .recycled(old)
    } else if options.preallocates {
      source = .preallocated(UInt64(options.segmentBytes))
    }
    do throws(SegmentWriter.Failure) {
      return try SegmentWriter(header, source, files: files)
    } catch {
      obsolete.append(StoreFileName.segment(header.number).path)
      if case .recycled(let old) = source { obsolete.append(old) }
      throw note(error)
    }
  }

  private mutating func settle(_ writer: SegmentWriter) {
    segment = writer
    place = (writer.header.number, writer.tag, writer.writtenEnd, writer.durableEnd)
  }

  /// Copies the records of a tail that is not proven durable, from `start` to `end` of a segment,
  /// into a new segment and makes them durable there. The tail is void from then on. Their LSNs
  /// stay the same.
  mutating func carry(
    _ file: FileWindow, _ scan: SegmentScan, from start: Int, bytes count: Int, time: UInt64
  ) throws(StoreError) {
    precondition(segment == nil, "a tail is carried before anything is written")
    var writer = try startSegment(carriedBytes: count, time: time)
    do throws(SegmentWriter.Failure) {
      do throws(StoreError) {
        try copy(file, scan, from: start, to: &writer)
      } catch {
        throw SegmentWriter.Failure.beforeBarrier(error)
      }
      try writer.synchronize()
      do throws(StoreError) {
        try writer.mark(nextLSN: nextLSN, time: time)
      } catch {
        throw SegmentWriter.Failure.beforeBarrier(error)
      }
    } catch {
      settle(writer)
      endSegment(isSound: false)
      throw note(error)
    }
    settle(writer)
  }

  private func copy(
    _ file: FileWindow, _ scan: SegmentScan, from start: Int, to writer: inout SegmentWriter
  ) throws(StoreError) {
    let buffer = LogBuffer()
    var place = writer.writtenEnd
    try RecordCursor.each(file, scan, from: start) { frame, bytes, payload throws(StoreError) in
      if frame.type == .mark { return }
      let first = buffer.count
      buffer.appendZeros(LogFormat.frameHeaderBytes)
      buffer.append(bytes.extracting(payload..<payload + frame.payloadCount))
      RecordFrame.seal(
        buffer, at: first, type: frame.type, lsn: frame.lsn, time: frame.time,
        segment: writer.header.number, tag: writer.tag, start: place,
        durableEnd: writer.durableEnd)
      place += UInt64(buffer.count - first)
      if buffer.count >= Self.gatheredBytes {
        try writer.write(buffer.bytes)
        buffer.truncate(to: 0)
      }
    }
    try writer.write(buffer.bytes)
  }
}

/// Reads records again that a scan has found good.
enum RecordCursor {
  /// Calls `body` with each record of the scanned segment from `start` on, with the window's bytes
  /// and the offset of its payload there.
  static func each(
    _ file: FileWindow, _ scan: SegmentScan, from start: Int,
    _ body: (RecordFrame, RawSpan, Int) throws(StoreError) -> Void
  ) throws(StoreError) {
    var offset = start
    while offset < scan.validEnd {
      try file.need(LogFormat.frameHeaderBytes, at: offset)
      if let stated = RecordFrame.statedBytes(file.bytes, at: offset - file.start) {
        try file.need(stated, at: offset)
      }
      guard
        case .success(let frame) = RecordFrame.decode(
          file.bytes, at: offset - file.start, base: file.start, segment: scan.header.number,
          tag: scan.tag)
      else {
        throw .corrupt(
          file: file.path, offset: UInt64(offset), reason: "it reads differently a second time")
      }
      try body(frame, file.bytes, offset - file.start + LogFormat.frameHeaderBytes)
      offset = frame.end
    }
  }
}
