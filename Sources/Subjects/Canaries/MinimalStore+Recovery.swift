import StorageInterface
import SubjectProtocol

/// Opening, checkpoints, and what is planted there.
extension MinimalStore {
  /// Reads the newest generation, and makes the next one of it.
  func recover() throws(Failure) {
    let names = try files.list()
    let isRepair = names.contains(Self.openingMark)
    if bug == .repairMovesLog && !isRepair { try mark(Self.openingMark) }
    let snapshots = names.compactMap { MinimalFiles.number(of: $0, "snapshot-") }
    let newest = bug == .staleSnapshot ? snapshots.min() : snapshots.max()
    generation = newest ?? names.compactMap { MinimalFiles.number(of: $0, "log-") }.min() ?? 0
    let (snapshotEnd, logEnd) = try load()
    let hasLog = names.contains("log-\(generation)")
    if hasLog, bug == .recoveryMovesLog || (bug == .repairMovesLog && isRepair) {
      // Who opens next, before the copy is there, sees no log.
      try files.rename("log-\(generation)", to: Self.movedLog)
      try syncDirectory()
    }
    if bug?.continuesInPlace == true, hasLog {
      try continueLog(at: logEnd, isKnownClean: names.contains(Self.cleanMark))
    } else if bug?.mergesInPlace == true, hasLog, names.contains("snapshot-\(generation)") {
      try merge(snapshotEnd: snapshotEnd, logEnd: logEnd)
    } else {
      try startGeneration()
    }
    if bug == .repairMovesLog {
      try files.remove(Self.openingMark)
      try syncDirectory()
    }
  }

  /// Reads snapshot and log; where each ends in bytes.
  private func load() throws(Failure) -> (snapshot: UInt64, log: UInt64) {
    var snapshotEnd: UInt64 = 0
    if let bytes = try files.read("snapshot-\(generation)") {
      snapshotEnd = replay(bytes)
      guard snapshotEnd > 0 || bug == .halfSnapshot else {
        throw Failure(kind: .corrupt, message: "snapshot-\(generation) does not hold")
      }
      snapshot = records
    }
    guard var bytes = try files.read("log-\(generation)") else { return (snapshotEnd, 0) }
    var number = 1
    while bug == .rotationForgetsSync,
      let more = try files.read("log-\(generation).\(number)")
    {
      // A segment that is short of its end was torn; what stands behind is at its own place.
      bytes += [UInt8](repeating: 0, count: max(0, number * files.segment - bytes.count)) + more
      number += 1
    }
    let logEnd = replay(bytes)
    if bug == nil, syncsEachRecord, let place = findRecord(in: bytes, after: logEnd) {
      // A record is written once the one before it is synced: this is no torn tail.
      throw Failure(
        kind: .corrupt,
        message: "log-\(generation): damaged at \(logEnd), before the record at \(place)")
    }
    if bug == .tornTailRefused && logEnd < UInt64(bytes.count) {
      throw Failure(kind: .corrupt, message: "log-\(generation): no record at offset \(logEnd)")
    }
    if bug == .numbersReused { sequence = UInt64(records.count) }
    return (snapshotEnd, bug == .tornTailLeft ? UInt64(bytes.count) : logEnd)
  }

  /// Shows every record of `bytes` up to the first that does not hold; where that is.
  private func replay(_ bytes: [UInt8]) -> UInt64 {
    var position = 0
    while let found = MinimalCodec.read(bytes, at: position, generation: generation, bug: bug) {
      show(bug == .clockOrdered ? newest(of: found) : found.changes)
      sequence = max(sequence, found.sequence)
      position = found.end
    }
    return UInt64(position)
  }

  /// The place of a whole record behind `end`, where replay stopped; nil where there is none.
  private func findRecord(in bytes: [UInt8], after end: UInt64) -> Int? {
    guard Int(end) + 1 < bytes.count else { return nil }
    return (Int(end) + 1..<bytes.count).first {
      MinimalCodec.read(bytes, at: $0, generation: generation, bug: bug) != nil
    }
  }

  // MARK: Ways of opening that only planted bugs have

  static let openingMark = "opening"
  static let cleanMark = "clean"
  static let movedLog = "log.old"

  /// Makes an empty file that the next opening finds.
  private func mark(_ name: String) throws(Failure) {
    files.close(try files.create(name))
    try syncDirectory()
  }

  /// Goes on in the log that is there: cuts off its torn tail, and marks the restart.
  private func continueLog(at logEnd: UInt64, isKnownClean: Bool) throws(Failure) {
    reset(log: try files.open("log-\(generation)"), generation: generation)
    end = logEnd
    if bug == .tornTailLeft { return }
    if bug == .cleanFlagKept && isKnownClean {
      end = try files.size(log)
      return
    }
    try files.truncate(log, to: end)
    try append([])
    try sync(log)
    if bug == .cleanFlagKept { try mark(Self.cleanMark) }
  }

  /// The changes of a record that the time of day says are newer than those before.
  private func newest(of found: MinimalCodec.Found) -> [MinimalCodec.Change] {
    let newest = found.changes.filter { times[$0.key] ?? 0 <= found.sequence }
    for change in newest { times[change.key] = found.sequence }
    return newest
  }

  /// Adds the log to the snapshot in place, and empties it.
  private func merge(snapshotEnd: UInt64, logEnd: UInt64) throws(Failure) {
    let file = try files.open("snapshot-\(generation)")
    defer { files.close(file) }
    // An interrupted recovery leaves a torn half behind the end; who does not cut it off appends
    // where nobody will ever read.
    let size = try files.size(file)
    let place = bug == .recoveryNotIdempotent ? size : snapshotEnd
    if place < size { try files.truncate(file, to: place) }
    let changes = records.keys.sorted().compactMap { key in
      records[key].map { MinimalCodec.Change.put(key, $0) }
    }
    let deleted = snapshot.keys.filter { records[$0] == nil }.sorted()
    let record = MinimalCodec.record(
      changes + deleted.map { .delete($0) }, generation: generation, offset: place,
      sequence: sequence, bug: bug)
    if logEnd > 0 { try files.write(record, to: file, at: place) }
    if bug != .recoveryTruncatesEarly { try sync(file) }
    reset(log: try files.open("log-\(generation)"), generation: generation)
    try files.truncate(log, to: 0)
    try sync(log)
    if bug == .recoveryTruncatesEarly { try sync(file) }
  }

  // MARK: Generations

  /// Writes everything into a new log and a new snapshot beside the old ones, which go last.
  func startGeneration() throws(Failure) {
    guard !isReadOnly else { throw Failure(kind: .readOnly, message: "a sync failed earlier") }
    let next = generation + 1
    var kept = records
    if bug == .deleteLostAtCheckpoint {
      kept = snapshot.merging(records) { _, newer in newer }
    }
    let changes = kept.keys.sorted().compactMap { key in
      kept[key].map { MinimalCodec.Change.put(key, $0) }
    }
    for name in try files.list()
    where MinimalFiles.number(of: name, "log-") == next || name == "snapshot-\(next).tmp" {
      try files.remove(name)
    }
    let newLog = try files.create("log-\(next)")
    try sync(newLog)
    if bug == .halfSnapshot {
      try writeByPieces(changes, next)
    } else {
      try writeSnapshot(changes, next)
    }
    if log.rawValue >= 0 { close() }
    reset(log: newLog, generation: next)
    snapshot = kept
    if bug == .logDeletedEarly { try removeGenerations(before: next) }
    try syncDirectory()
    if bug != .logDeletedEarly { try removeGenerations(before: next) }
  }

  private func writeSnapshot(
    _ changes: [MinimalCodec.Change], _ next: UInt64
  ) throws(Failure) {
    let file = try files.create("snapshot-\(next).tmp")
    defer { files.close(file) }
    try files.write(
      MinimalCodec.record(
        changes, generation: next, offset: 0, sequence: sequence, bug: bug), to: file, at: 0)
    if bug != .logDeletedEarly && bug != .renamedBeforeSync { try sync(file) }
    try files.rename("snapshot-\(next).tmp", to: "snapshot-\(next)")
    if bug == .renamedBeforeSync {
      try syncDirectory()
      try sync(file)
    }
  }

  /// Under its own name from the first byte on, record by record.
  private func writeByPieces(
    _ changes: [MinimalCodec.Change], _ next: UInt64
  ) throws(Failure) {
    let file = try files.create("snapshot-\(next)")
    defer { files.close(file) }
    var place: UInt64 = 0
    for change in changes {
      let record = MinimalCodec.record(
        [change], generation: next, offset: place, sequence: sequence, bug: bug)
      try files.write(record, to: file, at: place)
      place += UInt64(record.count)
    }
    try sync(file)
  }

  private func removeGenerations(before next: UInt64) throws(Failure) {
    for name in try files.list().sorted() {
      let number =
        MinimalFiles.number(of: name, "log-") ?? MinimalFiles.number(of: name, "snapshot-")
      guard name == Self.movedLog || number.map({ $0 != next }) == true else { continue }
      try files.remove(name)
    }
  }

  private func syncDirectory() throws(Failure) {
    do throws(Failure) {
      try files.syncDirectory()
    } catch {
      if bug == .fsyncErrorIgnored { return }
      isReadOnly = true
      throw error
    }
  }
}
