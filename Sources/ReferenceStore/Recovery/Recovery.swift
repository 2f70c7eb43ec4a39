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
struct Recovery {
  let files: StoreFiles
  let options: StoreOptions
  var log: WriteAheadLog
  var table: RecordTable
  var report = RecoveryReport()
  /// The number of the snapshot that was loaded; 0 for none.
  var checkpoint: UInt64 = 0
  /// Above every checkpoint seen.
  var nextCheckpoint: UInt64 = 1
  /// Segments below this one are replaced by the snapshot.
  var firstSegment = SegmentNumber.first
  /// The segments that may count, newest first.
  var candidates: [SegmentNumber] = []

  /// Recovers the store in the directory.
  init(files: StoreFiles, options: StoreOptions) throws(StoreError) {
    self.files = files
    self.options = options
    log = WriteAheadLog(files: files, options: options)
    table = RecordTable(dimension: options.dimension)

    var snapshots: [UInt64] = []
    var temporaries: [UInt64] = []
    for name in try files.list() {
      switch StoreFileName(name) {
      case .segment(let number): candidates.append(number)
      case .snapshot(let number): snapshots.append(number)
      case .temporary(let number): temporaries.append(number)
      case nil: break
      }
    }
    if candidates.isEmpty && snapshots.isEmpty && temporaries.isEmpty {
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
    for number in temporaries.sorted() {
      // B: no snapshot has this name until it is complete.
      let path = StoreFileName.temporary(number).path
      report.rows.insert(.temporaryRemoved)
      if !files.discard(path) { log.obsolete.append(path) }
    }
  }

  /// Loads the newest snapshot and leaves the rest for the next checkpoint to remove.
  ///
  /// Nothing that a snapshot replaces is removed here: that its name can be seen does not prove the
  /// name durable, since the directory's barrier may have failed.
  private mutating func loadSnapshot(_ snapshots: [UInt64]) throws(StoreError) {
    guard let newest = snapshots.first else { return }
    let path = StoreFileName.snapshot(newest).path
    let bytes = try files.read(path, limit: .max)
    let header: SnapshotHeader
    switch SnapshotHeader.decode(bytes.span.bytes, checkpoint: newest) {
    case .success(let decoded): header = decoded
    case .failure(.unknownVersion):
      throw .unsupported(reason: "\(path) has a version that is not known")
    case .failure(let failure):
      // D: the content was synced before the file got this name.
      throw .corrupt(
        file: path, offset: 0, reason: "the snapshot had been synced, and \(failure.reason)")
    }
    try checkDimension(header.dimension, path)
    table.reserve(header.recordCount, bytes: header.entryBytes)
    let start = LogFormat.snapshotHeaderBytes
    guard table.apply(bytes.span.bytes, in: start..<start + header.entryBytes),
      table.count == header.recordCount
    else {
      throw .corrupt(file: path, offset: UInt64(start), reason: "its entries make no sense")
    }
    report.rows.insert(.snapshotLoaded)  // C
    checkpoint = newest
    log.lastLSN = header.lastLSN
    log.nextLSN = header.nextLSN
    log.nextSegment = max(log.nextSegment, header.nextSegment)
    log.chainEnd = header.position
    firstSegment = header.nextSegment
    // E: what the snapshot replaces, and names that came back after a removal.
    for number in snapshots.dropFirst() {
      log.obsolete.append(StoreFileName.snapshot(number).path)
    }
    for number in candidates where number < firstSegment {
      log.obsolete.append(StoreFileName.segment(number).path)
    }
    if !log.obsolete.isEmpty { report.rows.insert(.replacedIgnored) }
    candidates.removeAll { $0 < firstSegment }
  }

  /// Fails with `invalid` when a file was written for another dimension.
  func checkDimension(_ dimension: Int, _ path: String) throws(StoreError) {
    guard dimension == options.dimension else {
      throw .invalid(
        reason: "\(path) holds vectors of dimension \(dimension), not \(options.dimension)")
    }
  }
}
