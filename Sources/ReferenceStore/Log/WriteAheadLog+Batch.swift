internal import StorageInterface

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
