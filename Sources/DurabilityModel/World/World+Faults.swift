public import StorageInterface

// Where faults, stopped file systems and hanging calls meet the calls of a subject.
extension World {
  /// What a call that never returns throws. It is no errno: whoever serves the call answers it only
  /// when the process is gone.
  public static let neverReturns = Errno(rawValue: 4096)

  /// Meets what stands in the way of a call: nothing mostly; a fault, whose effect is returned for
  /// the call to act on; or a file system that has stopped, whose error is thrown.
  ///
  /// Delays are waited for here, and a call that hangs throws `neverReturns`.
  func meet(
    _ operation: FaultableOperation, inode: InodeNumber? = nil, name: @autoclosure () -> [UInt8]
  ) throws(Errno) -> FaultEffect? {
    calls += 1
    if faults.isEmpty && disk.health == .working && !isHung && callLog == nil { return nil }
    return try meetSlowly(operation, name(), inode)
  }

  /// Meets what stands in the way of a call on an inode.
  func meet(_ operation: FaultableOperation, _ number: InodeNumber) throws(Errno) -> FaultEffect? {
    try meet(operation, inode: number, name: disk[number]?.lastName ?? [])
  }

  private func meetSlowly(
    _ operation: FaultableOperation, _ name: [UInt8], _ inode: InodeNumber?
  ) throws(Errno) -> FaultEffect? {
    if sparesFaults { return nil }
    if isHung { throw Self.neverReturns }
    let role = FileRole(masking: name)
    callLog?.note(
      operation, role, request: request,
      intoNewSpace: operation.isBarrier && inode.flatMap { disk[$0] }?.fillsNewSpace == true)
    let fault = faults.meet(operation, role, request: request, recorded: recordedCount)
    if fault != nil {
      struckCall = calls
      firedFaults += 1
      hindrances += 1
    }
    switch fault?.effect {
    case .hangs?:
      hangs += 1
      throw Self.neverReturns
    case .slow(let milliseconds)?: onDelay?(milliseconds)
    case .fails?, .short?: return fault?.effect
    case .done?, nil: break
    }
    try checkHealth(operation)
    return nil
  }

  /// Throws what a file system that has stopped answers (`FileSystemHealth`).
  private func checkHealth(_ operation: FaultableOperation) throws(Errno) {
    let error: Errno
    switch disk.health {
    case .working: return
    case .aborted:
      guard operation.changesFileSystem else { return }
      perform(.stop(.readOnly, unreported: nil), name: [])
      error = .readOnlyFileSystem
    case .readOnly:
      guard operation.changesFileSystem || operation.isBarrier else { return }
      error = .readOnlyFileSystem
    case .remountedReadOnly:
      guard operation.changesFileSystem || operation.isBarrier, operation != .syncfs else {
        return
      }
      error = .readOnlyFileSystem
    case .shutDown:
      guard operation != .statfs else { return }
      error = .ioError
    }
    hindrances += 1
    if operation.isBarrier { failedBarriers += 1 }
    throw error
  }

  /// Throws the error of a fault, if the plan has one for this operation.
  func check(_ operation: FaultableOperation, name: @autoclosure () -> [UInt8]) throws(Errno) {
    if case .fails(let failure)? = try meet(operation, name: name()) { throw failure.error }
  }

  /// Throws the error of a fault for an operation on an inode.
  func check(_ operation: FaultableOperation, _ number: InodeNumber) throws(Errno) {
    if case .fails(let failure)? = try meet(operation, number) { throw failure.error }
  }

  /// For calls that the model does not otherwise see: throws what stands in the way of one on an
  /// inode.
  public func admit(_ operation: FaultableOperation, _ number: InodeNumber) throws(Errno) {
    try check(operation, number)
  }

  // MARK: Failed barriers.

  /// A barrier of a file that fails, with its after-state; `range` is what it was about, nil for
  /// the whole file. The description that asked has been told by the answer.
  func failBarrier(
    of number: InodeNumber, _ handle: HandleID, _ failure: FaultEffect.Failure,
    range: Range<UInt64>? = nil
  ) -> Errno {
    failedBarriers += 1
    let after = failure.after ?? disk.parameters.afterState
    if after.health != nil {
      stop(after, failure.error, number)
    } else if failure.error.isOfWriteBack {
      perform(
        .failedSynchronize(
          WriteBackFailure(
            inode: number, error: failure.error, after: after, lost: failure.lost, range: range,
            isReported: true)), number)
      descriptions[Int(handle.rawValue)]?.errors = disk.errorSample(of: number)
    }
    return failure.error
  }

  /// The file system stops as `after` has it, at a call on inode `number` or in the background.
  func stop(_ after: AfterFailedBarrier, _ error: Errno, _ number: InodeNumber) {
    guard let health = after.health else { return }
    perform(.stop(health, unreported: after.isRecordedForSyncfs ? error : nil), number)
  }

  /// Throws a failure of an earlier write-back that the description has not been told of; it has
  /// been then.
  func reportError(_ handle: HandleID) throws(Errno) {
    let description = try description(handle)
    guard let error = disk.unreportedError(of: description.inode, since: description.errors) else {
      return
    }
    if disk.hasUnseenError(description.inode) {
      perform(.reportError(inode: description.inode), description.inode)
    }
    descriptions[Int(handle.rawValue)]?.errors = disk.errorSample(of: description.inode)
    failedBarriers += 1
    // An injected errno is met where it is told, which may be in another life than where it struck.
    hindrances += 1
    throw error
  }
}
