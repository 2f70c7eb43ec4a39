internal import Locks

/// What became of records that wait for their barrier together.
final class Ticket {
  /// Nil while they wait; the error where they failed.
  var outcome: Result<Void, StoreError>?
}

// The way of every mutation to the disk and into the records. All of it happens inside the monitor,
// except that the thread that leads a batch leaves it while the disk is at work.
extension Store {
  /// How much a mutation needs to know of those that are on their way.
  enum Waiting {
    /// Nothing, unless namespaces are changing.
    case forNamespaces
    /// All: nothing may be staged or on its way.
    case forEverything
  }

  /// Logs one record of `size` payload bytes, which `encode` appends, as the policy says, and
  /// applies the very bytes that were logged.
  ///
  /// `check` sees every mutation before this one; what it throws is thrown and nothing changed.
  @inline(__always)
  func write(
    _ type: RecordType, size: Int, waiting: Waiting, check: () throws(StoreError) -> Void,
    encode: (LogBuffer) -> Void
  ) throws(StoreError) {
    guard size <= LogFormat.maximumPayloadBytes else {
      throw .invalid(
        reason: "one record cannot take more than \(LogFormat.maximumPayloadBytes) bytes")
    }
    monitor.enter()
    defer { monitor.leave() }
    let record = LogFormat.frameHeaderBytes + size
    while true {
      try requireOpen()
      try log.requireWritable()
      let mustWait =
        switch waiting {
        case .forEverything: true
        case .forNamespaces: namespacesAreChanging || !log.fits(record)
        }
      if !mustWait || !isUnderway { break }
      step()
    }
    try check()
    let time = clock()
    if case .everyWrite = options.sync {
      if !log.fits(record) { try log.startNextSegment(time: time) }
      _ = log.stage(type, time: time, encode)
      if case .forEverything = waiting { namespacesAreChanging = true }
      let ticket = ticket
      while ticket.outcome == nil { step() }
      if case .failure(let error) = ticket.outcome { throw error }
    } else {
      try writeVolatile(type, record: record, time: time, encode)
    }
    mutationsSinceCheckpoint += 1
    checkpointIfDue()
  }

  /// Whether records are staged for a barrier or on their way.
  private var isUnderway: Bool {
    if case .everyWrite = options.sync { return isWriting || log.hasStaged }
    return false
  }

  /// Stages the record, makes a barrier where the policy asks for one, and applies the record.
  private func writeVolatile(
    _ type: RecordType, record: Int, time: UInt64, _ encode: (LogBuffer) -> Void
  ) throws(StoreError) {
    if !log.fits(record) { try log.startNextSegment(time: time) }
    try log.writeStaged(before: record)
    let (lsn, range) = log.stage(type, time: time, encode)
    let isDue = isBarrierDue(time)
    if isDue {
      do throws(StoreError) {
        try log.writeStaged(keeping: true)
      } catch {
        // It can be taken back, since the next record is written over it.
        log.unstage(lsn, from: range.lowerBound - LogFormat.frameHeaderBytes)
        throw error
      }
      try log.makeDurable()
      lastBarrier = time
    }
    tableLock.enterWriting()
    apply(log.stagedBytes, in: range, time: time)
    tableLock.leave()
    log.acknowledge(lsn)
    if isDue { log.forgetWritten() }
  }

  private func isBarrierDue(_ time: UInt64) -> Bool {
    switch options.sync {
    case .every(let count): return log.volatileEffects >= count
    case .interval(let milliseconds):
      // A clock that stepped back says nothing about how long ago the last barrier was.
      return time < lastBarrier || time - lastBarrier >= UInt64(milliseconds) * 1_000_000
    case .everyWrite, .onFlush, .never: return false
    }
  }

  /// Brings what is underway nearer to its end: leads a batch, or waits for who leads one.
  private func step() {
    if isWriting { monitor.wait() } else { lead() }
  }

  /// Waits until nothing is staged for a barrier or on its way.
  func quiesce() { while isUnderway { step() } }

  /// Makes everything that is staged durable, and applies it; leaves the monitor meanwhile.
  private func lead() {
    guard var batch = log.takeBatch() else { return }
    let ticket = ticket
    self.ticket = Ticket()
    isWriting = true
    monitor.leave()
    var failure: SegmentWriter.Failure?
    do throws(SegmentWriter.Failure) {
      try batch.makeDurable()
    } catch {
      failure = error
    }
    monitor.enter()
    isWriting = false
    if let failure {
      // What was staged behind it stands behind a hole.
      let error = log.fail(batch, failure)
      ticket.outcome = .failure(error)
      self.ticket.outcome = .failure(error)
      self.ticket = Ticket()
    } else {
      tableLock.enterWriting()
      applyAll(batch.records.bytes)
      tableLock.leave()
      log.complete(batch)
      ticket.outcome = .success(())
    }
    if !log.hasStaged { namespacesAreChanging = false }
    monitor.wakeAll()
  }

  /// Applies records that were sealed by this process, one behind the other.
  private func applyAll(_ records: RawSpan) {
    var offset = 0
    while offset < records.byteCount {
      guard let size = RecordFrame.statedBytes(records, at: offset) else {
        preconditionFailure("what was sealed can be read")
      }
      apply(
        records, in: offset + LogFormat.frameHeaderBytes..<offset + size,
        time: records.uint64(at: offset + 32))
      log.acknowledge(LSN(rawValue: records.uint64(at: offset + 8)))
      offset += size
    }
  }

  @inline(__always)
  private func apply(_ bytes: RawSpan, in range: Range<Int>, time: UInt64) {
    do throws(StoreError) {
      let isApplied = try table.apply(bytes, in: range, time: time)
      precondition(isApplied, "what was just encoded can be decoded")
    } catch {
      preconditionFailure("the blocks were checked before the record was logged: \(error)")
    }
  }

  /// Makes a barrier if the policy `interval` asks for one by now. For a timer of the caller's: a
  /// store has no thread of its own. Fails with `io` or `full`; then nothing more is durable.
  public func synchronizeIfDue() throws(StoreError) {
    monitor.enter()
    defer { monitor.leave() }
    try requireOpen()
    let time = clock()
    try log.requireWritable()
    guard case .interval = options.sync, isBarrierDue(time) else { return }
    try log.makeDurable()
    lastBarrier = time
  }

  /// A barrier: every mutation acknowledged so far is durable when it returns; under `never` it is
  /// only written. Under `everyWrite` there is nothing to do. Fails with `io` or `full`, and with
  /// `read-only` after a failed barrier.
  public func flush() throws(StoreError) {
    monitor.enter()
    defer { monitor.leave() }
    try requireOpen()
    try log.requireWritable()
    switch options.sync {
    case .everyWrite: break
    case .never: try log.writeStaged()
    case .every, .interval, .onFlush:
      try log.makeDurable()
      lastBarrier = clock()
    }
  }
}
