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
    /// How many bytes of the file were written, where this process made it and every barrier of it
    /// succeeded; else 0, and it is never written over.
    var writtenBytes: UInt64 = 0
  }

  /// The file of a segment that nothing needs any more.
  struct SpareSegment {
    /// Its name.
    var path: String
    /// How many of its bytes were written: so far records go over them and change no extents.
    var writtenBytes: UInt64
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
  var spare: [SpareSegment] = []

  /// The segment that takes records; nil also while its batch is away.
  var segment: SegmentWriter?
  /// Records that are sealed for it and not written.
  var staged = LogBuffer()
  /// How many of the staged bytes are written already.
  var keptBytes = 0
  /// The buffer of the last batch, to be staged in again.
  var emptyBuffer: LogBuffer?
  /// The place behind the last staged record, and what records there repeat.
  var place: (number: SegmentNumber, tag: UInt32, end: UInt64, durableEnd: UInt64)?
  /// How many effects are staged or written, and not durable.
  var volatileEffects = 0
  /// Why nothing may be written any more; nil while it may.
  var readOnlyReason: String?
  /// How many barriers were issued for records, and how many records they covered.
  var barriers: UInt64 = 0
  var coveredRecords: UInt64 = 0

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
