internal import StorageInterface

/// Reads a directory and decides what the store holds. `log-format.md` has the table of what it may
/// meet; the letters in the comments here are its rows.
///
/// Three rules carry it:
/// - A bad byte is *damage* if content elsewhere proves that it had been durable: a later record of
///   the segment, a later segment's header, a snapshot. Then the store refuses to open. Any other
///   bad byte is a tail that was never acknowledged, and is cut with all that stands behind it.
/// - What is read may exist in the cache alone, after a barrier that failed in an earlier process.
///   So only what is proven durable is served as it stands; a good but unproven tail is copied to a
///   new segment, synced, before the store opens.
/// - Nothing is ever written into a file found at open. The cut is a line in the next segment's
///   header. A crash anywhere in here changes nothing that the next recovery goes by.
///
/// Files are read through a window, and records applied as they are read, so recovery takes no more
/// memory than the records themselves. What was applied counts for nothing when it fails.
struct Recovery {
  let files: StoreFiles
  let options: StoreOptions
  let clock: () -> UInt64
  /// Whether nothing may be written, so that an unproven tail is not carried.
  let isReadOnly: Bool
  /// Where the rows of refusals are noted.
  let trace: RecoveryTrace
  var log: WriteAheadLog
  let table: RecordTable
  var report = RecoveryReport()
  /// The numbers of the snapshots that are kept, oldest first; the last was loaded.
  var checkpoints: [UInt64] = []
  /// Above every checkpoint seen.
  var nextCheckpoint: UInt64 = 1
  /// Segments below this one are replaced by the snapshot.
  var firstSegment = SegmentNumber.first
  /// The segments that may count, newest first.
  var candidates: [SegmentNumber] = []
  /// The segments whose records were applied, oldest first, and where each ends.
  var live: [(number: SegmentNumber, end: Int)] = []
  /// Which store the files belong to; nil before the first was read.
  private var identity: UInt64?

  /// Recovers the store in the directory.
  init(
    files: StoreFiles, options: StoreOptions, clock: @escaping () -> UInt64,
    isReadOnly: Bool = false, trace: RecoveryTrace = RecoveryTrace()
  ) throws(StoreError) {
    self.files = files
    self.options = options
    self.clock = clock
    self.isReadOnly = isReadOnly
    self.trace = trace
    log = WriteAheadLog(files: files, options: options)
    table = RecordTable(dimension: options.dimension)

    var snapshots: [UInt64] = []
    var temporaries: [UInt64] = []
    for name in try files.list() {
      switch StoreFileName(name) {
      case .segment(let number): candidates.append(number)
      case .snapshot(let number): snapshots.append(number)
      case .temporary(let number): temporaries.append(number)
      case nil: report.foreignFiles += 1
      }
    }
    if candidates.isEmpty && snapshots.isEmpty && temporaries.isEmpty {
      guard options.createsStore else {
        throw .notFound(reason: "no store is in the directory, and none is to be made")
      }
      report.rows.insert(.empty)  // A
      return
    }
    candidates.sort(by: >)
    snapshots.sort(by: >)
    let newest = max(snapshots.first ?? 0, temporaries.max() ?? 0)
    nextCheckpoint = newest + 1
    if let newest = candidates.first { log.nextSegment = newest.next }

    try loadSnapshot(snapshots)
    try recoverLog()
    if let identity { log.identity.store = identity }
    for number in temporaries.sorted() {
      // B: no snapshot has this name until it is complete.
      let path = StoreFileName.temporary(number).path
      report.rows.insert(.temporaryRemoved)
      if isReadOnly || !files.discard(path) { log.obsolete.append(path) }
    }
  }

  /// Loads the newest snapshot and leaves the rest for the next checkpoint to remove.
  ///
  /// Nothing that a snapshot replaces is removed here: that its name can be seen does not prove the
  /// name durable, since the directory's barrier may have failed.
  private mutating func loadSnapshot(_ snapshots: [UInt64]) throws(StoreError) {
    guard let newest = snapshots.first else { return }
    // D: the content was synced before the file got this name.
    let reader = SnapshotReader(
      files: files, path: StoreFileName.snapshot(newest).path, checkpoint: newest,
      mapsFrom: options.mapsSnapshotsFrom)
    let header: SnapshotHeader
    do throws(StoreError) {
      header = try reader.load(into: table)
    } catch {
      if case .corrupt = error { trace.note(.snapshotBad) }
      throw error
    }
    try check(identity: header.identity, reader.path)
    report.rows.insert(.snapshotLoaded)  // C
    report.snapshotRecords = header.recordCount
    log.lastLSN = header.lastLSN
    log.nextLSN = header.nextLSN
    log.nextSegment = max(log.nextSegment, header.nextSegment)
    log.chainEnd = header.position
    firstSegment = header.nextSegment
    // E: what the snapshot replaces, and names that came back after a removal.
    checkpoints = snapshots.prefix(options.keptCheckpoints).reversed()
    for number in snapshots.dropFirst(options.keptCheckpoints) {
      log.obsolete.append(StoreFileName.snapshot(number).path)
    }
    let replaced = candidates.filter { $0 < firstSegment }
    if snapshots.count > 1 || !replaced.isEmpty { report.rows.insert(.replacedIgnored) }
    candidates.removeAll { $0 < firstSegment }
    if options.retainsLog {
      try retain(replaced.reversed(), upTo: header.lastLSN)
    } else {
      log.obsolete += replaced.map { StoreFileName.segment($0).path }
    }
  }

  /// Keeps replaced segments whose headers can be read; what each holds ends where the next begins.
  private mutating func retain(
    _ replaced: [SegmentNumber], upTo last: LSN
  ) throws(StoreError) {
    for number in replaced {
      let path = StoreFileName.segment(number).path
      let file = try FileWindow(path, files: files, limit: LogFormat.maximumSegmentBytes)
      guard case .success((let header, _)) = SegmentHeader.decode(file.bytes, number: number)
      else {
        log.obsolete.append(path)
        continue
      }
      if let index = log.retained.indices.last {
        log.retained[index].lastLSN = LSN(rawValue: header.firstLSN.rawValue - 1)
        log.retained[index].end = header.predecessor.end
      }
      log.retained.append(.init(number: number, end: UInt64(file.size), lastLSN: last))
    }
  }

  /// Fails when a file was written for another dimension or store.
  mutating func check(_ header: SegmentHeader, _ path: String) throws(StoreError) {
    guard header.dimension == options.dimension else {
      throw .invalid(
        reason: "\(path) holds vectors of dimension \(header.dimension), not \(options.dimension)")
    }
    try check(identity: header.identity, path)
  }

  private mutating func check(identity found: UInt64, _ path: String) throws(StoreError) {
    if let identity, identity != found {
      // R: the files of two stores in one directory.
      throw trace.refusal(
        .otherStore,
        .corrupt(file: path, offset: 0, reason: "it belongs to another store than the rest"))
    }
    if let wanted = options.identity, wanted != found {
      throw trace.refusal(
        .otherStore, .invalid(reason: "\(path) belongs to another store than the one asked for"))
    }
    identity = found
  }
}
