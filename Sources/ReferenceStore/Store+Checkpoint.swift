extension Store {
  /// Makes the log short: writes every record to a snapshot, and removes what it replaces.
  ///
  /// The segment that takes records ends first, so that no record is ever in a segment which the
  /// snapshot replaces and not in the snapshot. The snapshot is written beside, synced, renamed, and
  /// its name synced; only then are old segments and snapshots removed. Open transactions go on:
  /// nothing of them is on disk.
  ///
  /// Fails with `read-only`, `io` or `full`; the records are unaffected by any of them.
  public func checkpoint() throws(StoreError) {
    try requireOpen()
    try log.requireWritable()
    log.endSegment()
    let number = nextCheckpoint
    nextCheckpoint += 1
    let header = SnapshotHeader(
      dimension: options.dimension, checkpoint: number, lastLSN: log.lastLSN,
      nextLSN: log.nextLSN, nextSegment: log.nextSegment, position: log.position,
      recordCount: table.count, entryBytes: table.encodedBytes)
    do throws(SegmentWriter.Failure) {
      try SnapshotWriter(files: log.files).write(header, table)
    } catch {
      // Whichever of the two names is left, the next checkpoint removes it.
      log.obsolete.append(StoreFileName.temporary(number).path)
      log.obsolete.append(StoreFileName.snapshot(number).path)
      throw log.note(error)
    }
    if checkpointNumber > 0 {
      log.obsolete.append(StoreFileName.snapshot(checkpointNumber).path)
    }
    checkpointNumber = number
    try log.dropChain()
  }
}
