import StorageInterface
import SubjectProtocol

/// A write-ahead log as small as it can be and right, for bugs to be planted into.
///
/// It shares nothing with the reference store. One generation of files is live: `log-N` and, from
/// the first checkpoint on, `snapshot-N`. Opening always makes a new generation, so nothing that is
/// served stands in pages that an earlier process failed to sync. Some bugs need another way of
/// opening: those go on in the log, or add it to the snapshot, and are right but for the bug as
/// long as no barrier fails.
final class MinimalStore {
  let files: MinimalFiles
  let bug: PlantedBug?
  var records: [RecordKey: RecordValue] = [:]
  var generation: UInt64 = 0
  var log = FileID(rawValue: -1)
  /// Where the log ends, in bytes.
  var end: UInt64 = 0
  var isReadOnly = false
  /// How many changes were ever logged: the number of the newest.
  var sequence: UInt64 = 0
  private var owesSync = false
  private var commits = 0
  /// The records that the newest snapshot holds; only what `deleteLostAtCheckpoint` looks at.
  var snapshot: [RecordKey: RecordValue] = [:]
  /// Where a record of one key stands alone, and how long it is; only for `inPlaceUpdate`.
  private var places: [RecordKey: (offset: UInt64, length: Int)] = [:]
  /// How far the log is preallocated; only for `preallocatedZeros` and `mappedWithoutSync`.
  private var allocated: UInt64 = 0
  /// Whether a record is written once the one before it is synced, which makes a bad one before a
  /// good one damage; with group commit it is a torn tail like any other.
  let syncsEachRecord: Bool
  /// By key: when its newest change was logged; only for `clockOrdered`.
  var times: [RecordKey: UInt64] = [:]
  /// The time of day in nanoseconds; nil where nobody said.
  private var now: UInt64?
  /// The older segments that a record reached into; only for `rotationForgetsSync`.
  var segments: [FileID] = []

  /// Opens the store in `storage`: reads what is there and makes a new generation of it.
  init(
    _ storage: any Storage, bug: PlantedBug?, clock: UInt64?, syncsEachRecord: Bool = true
  ) throws(Failure) {
    files = MinimalFiles(storage, bug: bug)
    self.bug = bug
    self.syncsEachRecord = syncsEachRecord
    now = clock
    try recover()
  }

  /// Why a request failed.
  struct Failure: Error {
    var kind: FailureKind
    var message: String
  }

  // MARK: Changes

  /// Logs `changes` as one record, syncs it, and shows them.
  func apply(_ changes: [MinimalCodec.Change], isBatch: Bool = false) throws(Failure) {
    if bug == .batchSplit && isBatch {
      for change in changes { try append([change]) }
    } else if bug == .inPlaceUpdate, changes.count == 1 {
      try overwrite(changes[0])
    } else {
      try append(changes)
    }
    try settle()
    show(changes)
  }

  /// Logs changes without showing them or syncing: what only planted bugs do.
  func logEarly(_ changes: [MinimalCodec.Change]) throws(Failure) { try append(changes) }

  func show(_ changes: [MinimalCodec.Change]) {
    for change in changes {
      switch change {
      case .put(let key, let value): records[key] = value
      case .delete(let key): records[key] = nil
      }
    }
  }

  /// Gives the sync that an answer of an earlier request still owes.
  func payDebts() throws(Failure) {
    guard owesSync else { return }
    owesSync = false
    try sync(log)
  }

  func flush() throws(Failure) { try sync(log) }

  func checkpoint() throws(Failure) { try startGeneration() }

  func close() {
    files.close(log)
    for segment in segments { files.close(segment) }
  }

  func append(_ changes: [MinimalCodec.Change]) throws(Failure) {
    guard !isReadOnly else { throw Failure(kind: .readOnly, message: "a sync failed earlier") }
    sequence = nextSequence(changes.count)
    let record = MinimalCodec.record(
      changes, generation: generation, offset: end, sequence: sequence, bug: bug)
    do throws(Failure) {
      try preallocate(for: record.count)
      if bug == .mappedWithoutSync {
        try MappedStore.store(record, in: log, at: end)
      } else {
        try write(record)
      }
    } catch {
      isReadOnly = true
      throw error
    }
    if changes.count == 1 { places[changes[0].key] = (end, record.count) }
    end += UInt64(record.count)
  }

  /// The number of the next change but `count`; the planted bug takes the time of day for it.
  private func nextSequence(_ count: Int) -> UInt64 {
    guard bug == .clockOrdered, let now else { return sequence + UInt64(count) }
    self.now = now + 1_000_000
    return now
  }

  private func write(_ record: [UInt8]) throws(Failure) {
    guard bug == .rotationForgetsSync else { return try files.write(record, to: log, at: end) }
    var done = 0
    while done < record.count {
      let place = end + UInt64(done)
      while UInt64(segments.count) < place / MinimalFiles.segmentBytes {
        // The segment that is full is left as it is; only the newest is synced at the answer.
        segments.append(log)
        log = try files.create("log-\(generation).\(segments.count)")
        try files.syncDirectory()
      }
      let room = Int(MinimalFiles.segmentBytes - place % MinimalFiles.segmentBytes)
      let part = Array(record[done..<min(record.count, done + room)])
      try files.write(part, to: log, at: place % MinimalFiles.segmentBytes)
      done += part.count
    }
  }

  /// Puts a change where the newest record of its key stands, if it is as long.
  private func overwrite(_ change: MinimalCodec.Change) throws(Failure) {
    guard !isReadOnly, let place = places[change.key] else { return try append([change]) }
    let record = MinimalCodec.record(
      [change], generation: generation, offset: place.offset, sequence: sequence, bug: bug)
    guard record.count == place.length else { return try append([change]) }
    try files.write(record, to: log, at: place.offset)
  }

  private func preallocate(for count: Int) throws(Failure) {
    guard bug == .preallocatedZeros || bug == .mappedWithoutSync,
      end + UInt64(count) > allocated
    else { return }
    let step: UInt64 = bug == .mappedWithoutSync ? 16_384 : 1024
    allocated = (end + UInt64(count)) / step * step + step
    try files.truncate(log, to: allocated)
    if bug == .mappedWithoutSync { try sync(log) }
  }

  private func settle() throws(Failure) {
    commits += 1
    switch bug {
    case .acknowledgeBeforeSync: owesSync = true
    case .groupCommitNeighbours where commits.isMultiple(of: 2): break
    case .mappedWithoutSync: break
    default: try sync(log)
    }
  }

  /// A barrier; after a failure the store refuses changes until it is opened again.
  func sync(_ file: FileID) throws(Failure) {
    do throws(Failure) {
      try files.sync(file)
    } catch {
      if bug == .fsyncErrorIgnored { return }
      if bug == .fsyncRetried, (try? files.sync(file)) != nil { return }
      if bug != .appendAfterFailedBarrier { isReadOnly = true }
      throw error
    }
  }

  /// What a new log begins with.
  func reset(log: FileID, generation: UInt64) {
    (self.log, self.generation, end) = (log, generation, 0)
    (places, allocated, segments) = ([:], 0, [])
  }
}
