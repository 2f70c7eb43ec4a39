internal import Locks

extension Store {
  /// Makes the log short: writes every record to a snapshot, and removes what it replaces.
  ///
  /// A barrier under every policy. The segment that takes records ends first, so that no record is
  /// ever in a segment which the snapshot replaces and not in the snapshot. The snapshot is written
  /// beside, synced, renamed, and its name synced; only then are old segments and snapshots
  /// removed. Open transactions go on: nothing of them is on disk. Mutations wait, reads go on.
  ///
  /// Fails with `read-only`, `io`, `full` or `corrupt`; the records are unaffected by any of them.
  /// O(records).
  public func checkpoint() throws(StoreError) {
    monitor.enter()
    defer { monitor.leave() }
    try requireOpen()
    quiesce()
    try writeCheckpoint()
  }

  /// Removes the segments kept for replay (`StoreOptions.retainsLog`) that hold nothing above
  /// `lsn`; returns how many they were. Whole segments only, and none that a checkpoint does not
  /// replace. Fails with `read-only` or `io`.
  @discardableResult
  public func truncate(upTo lsn: LSN) throws(StoreError) -> Int {
    monitor.enter()
    defer { monitor.leave() }
    try requireOpen()
    quiesce()
    try log.requireWritable()
    return try log.truncate(upTo: lsn)
  }

  /// Makes a checkpoint where the options ask for one by now. Its failure is no failure of the
  /// mutation that asked; `figures` tells it, and it is tried again after as many mutations more.
  @inline(__always)
  func checkpointIfDue() {
    if options.checkpointAfterMutations == nil, options.checkpointAfterLogBytes == nil { return }
    checkpointIfReallyDue()
  }

  private func checkpointIfReallyDue() {
    let isDue =
      mutationsSinceCheckpoint >= options.checkpointAfterMutations ?? .max
      || log.figures.bytes >= UInt64(options.checkpointAfterLogBytes ?? .max)
    guard isDue, log.readOnlyReason == nil else { return }
    quiesce()
    // Another thread may have made it meanwhile.
    guard mutationsSinceCheckpoint > 0, isOpen else { return }
    do throws(StoreError) {
      try writeCheckpoint()
      checkpointFailure = nil
    } catch {
      checkpointFailure = error
    }
  }

  private func writeCheckpoint() throws(StoreError) {
    try log.requireWritable()
    mutationsSinceCheckpoint = 0
    try log.makeDurable()
    log.endSegment()
    tableLock.enterWriting()
    table.compact()
    tableLock.leave()
    let number = nextCheckpoint
    nextCheckpoint += 1
    let header = SnapshotHeader(
      dimension: options.dimension, checkpoint: number, lastLSN: log.lastLSN,
      nextLSN: log.nextLSN, nextSegment: log.nextSegment, position: log.position,
      recordCount: table.count, identity: log.identity.store, time: clock())
    let writer = SnapshotWriter(files: files, compression: options.compression)
    do throws(SegmentWriter.Failure) {
      try writer.write(header, table)
    } catch {
      // Whichever of the two names is left, the next checkpoint removes it.
      log.obsolete.append(StoreFileName.temporary(number).path)
      log.obsolete.append(StoreFileName.snapshot(number).path)
      throw log.note(error)
    }
    checkpoints.append(number)
    while checkpoints.count > options.keptCheckpoints {
      log.obsolete.append(StoreFileName.snapshot(checkpoints.removeFirst()).path)
    }
    lastBarrier = header.time
    try log.dropChain()
  }
}
