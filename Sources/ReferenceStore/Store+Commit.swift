internal import Locks

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
    let record = LogFormat.frameHeaderBytes + size
    let waiter: Waiter?
    do {
      monitor.enter()
      defer { monitor.leave() }
      try awaitTurn(waiting, record: record)
      try check()
      let time = clock()
      guard case .everyWrite = options.sync else {
        try writeVolatile(type, record: record, time: time, encode)
        noteMutations(1)
        return
      }
      if !log.fits(record) { try log.startNextSegment(time: time) }
      _ = log.stage(type, time: time, encode)
      if case .forEverything = waiting { namespacesAreChanging = true }
      waiter = group.join()
      if waiter == nil { return try lead() }
    }
    if let waiter { try sleep(waiter) }
  }

  /// Waits until a record can be staged: with nothing underway where the mutation must know all
  /// that came before it, where namespaces are changing, and where the segment is full.
  private func awaitTurn(_ waiting: Waiting, record: Int) throws(StoreError) {
    while true {
      try requireOpen()
      try log.requireWritable()
      switch waiting {
      case .forEverything:
        if !group.isLed { return }
        quiesce()
      case .forNamespaces:
        if quiescing > 0 {
          monitor.wait()
        } else if group.isLed && (namespacesAreChanging || !log.fits(record)) {
          quiesce()
        } else {
          return
        }
      }
    }
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

  /// Waits until nothing is staged for a barrier or on its way. Others stage nothing meanwhile.
  func quiesce() {
    guard group.isLed else { return }
    quiescing += 1
    group.hurry()
    while group.isLed { monitor.wait() }
    quiescing -= 1
    if quiescing == 0 { monitor.wakeAll() }
  }

  /// Waits outside the monitor until the record of this thread is durable; leads a batch with it
  /// when told to.
  private func sleep(_ waiter: Waiter) throws(StoreError) {
    waiter.sleep()
    switch waiter.outcome {
    case .success: return
    case .failure(let error): throw error
    case nil: break
    }
    monitor.enter()
    defer { monitor.leave() }
    try lead()
  }

  /// Makes everything that is staged durable, the record of this thread with it, and applies it;
  /// leaves the monitor meanwhile.
  private func lead() throws(StoreError) {
    if quiescing == 0, let (place, nanoseconds) = group.gather() {
      monitor.leave()
      place.sleep(nanoseconds: nanoseconds)
      monitor.enter()
    }
    let members = group.take()
    guard var batch = log.takeBatch() else { preconditionFailure("its own record is staged") }
    monitor.leave()
    let stopwatch = members.areSeveral ? Stopwatch() : nil
    var failure: SegmentWriter.Failure?
    do throws(SegmentWriter.Failure) {
      try batch.makeDurable()
    } catch {
      failure = error
    }
    let nanoseconds = stopwatch?.nanoseconds ?? 0
    monitor.enter()
    namespacesAreChanging = false
    if let failure {
      // What was staged behind it stands behind a hole.
      let error = log.fail(batch, failure)
      let behind = group.fail()
      members.wake(.failure(error))
      behind.wake(.failure(error))
      monitor.wakeAll()
      throw error
    }
    tableLock.enterWriting()
    applyAll(batch.records.bytes)
    tableLock.leave()
    log.complete(batch)
    let next = group.finish(members, nanoseconds: nanoseconds)
    if members.areSeveral || next != nil {
      // Outside, or who is woken would wait for the monitor at once. First those who are done, so
      // that they are back before the next batch leaves.
      monitor.leave()
      members.wake(.success(()))
      next?.wake()
      monitor.enter()
    }
    if !group.isLed { monitor.wakeAll() }
    noteMutations(members.staged)
  }

  /// Counts mutations that were made, and makes a checkpoint where they make one due.
  @inline(__always)
  private func noteMutations(_ count: Int) {
    mutationsSinceCheckpoint += count
    checkpointIfDue()
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
