import CLinuxShims
import FaultFS
import StorageInterface

// What the loop waits for, and what it does with it.
extension SubjectPump {
  func commonFailure() -> SubjectFailure? {
    if let mountFailure { return mountFailure }
    if let unobservable { return .unobservable(unobservable) }
    let signal = clinux_interrupted()
    return signal == 0 ? nil : .interrupted(signal)
  }

  /// Waits for one batch of events and serves it; fails when a limit has passed.
  func step(_ clock: Countdown, outputMayClose: Bool = false) throws(SubjectFailure) {
    let deadline = min(clock.end, lastOperation + clock.idle)
    do throws(Errno) { try alarm.set(noLaterThan: deadline) } catch { throw .harness(error) }
    alarmWentOff = false
    try wait(-1)
    // Most alarms were set for a deadline that has moved since.
    guard alarmWentOff else { return }
    let now = MonotonicClock.now
    guard now >= min(clock.end, lastOperation + clock.idle) else { return }
    // Closing its output is only held against a subject that does not end.
    if let child, child.outputHasEnded, !outputMayClose { throw .closedOutput }
    throw now >= clock.end ? .tookTooLong(clock.limit.total) : .idleTooLong(clock.limit.idle)
  }

  /// Waits for one batch of events, at most so long (−1: for ever), and serves it.
  func wait(_ milliseconds: Int32) throws(SubjectFailure) {
    if let child, child.hasPendingInput {
      try? poller.add(child.descriptors.standardInput, Source.input.rawValue, writable: true)
    }
    let count: Int
    do throws(Errno) { count = try poller.wait(milliseconds) } catch { throw .harness(error) }
    for index in 0..<count {
      guard let source = Source(rawValue: poller.source(index)) else { continue }
      try serve(source)
    }
  }

  func serve(_ source: Source) throws(SubjectFailure) {
    switch source {
    case .mount:
      guard let mount else { return }
      if takesAnswersFirst, let child {
        child.readOutput()
        if answer == nil { answer = child.takeLine() }
        if answer != nil { return }
        do throws(MountFailure) { try mount.processPending(atMost: 1) } catch { throw lose(error) }
        lastOperation = MonotonicClock.now
        return
      }
      // All that wait: while a program makes one call after the other, the next is there before
      // the loop could have asked for it.
      do throws(MountFailure) { try mount.processPending() } catch { throw lose(error) }
      lastOperation = MonotonicClock.now
    case .output:
      guard let child else { return }
      child.readOutput()
      if child.outputHasEnded { poller.remove(child.descriptors.standardOutput) }
    case .error:
      guard let child else { return }
      child.readError()
      if child.errorHasEnded { poller.remove(child.descriptors.standardError) }
    case .startFailure:
      guard let child else { return }
      child.readStartFailure()
      if child.hasStarted { poller.remove(child.descriptors.failure) }
      try beginWatch(child)
    case .exit: noteExit()
    case .input:
      guard let child else { return }
      poller.remove(child.descriptors.standardInput)
      child.writeInput()
    case .interrupt: stopWatchingInterrupts()
    case .alarm:
      alarm.acknowledge()
      alarmWentOff = true
    case .watch: serveWatch()
    case .mappedStores: mappedStoresArrived = true
    }
  }

  /// The process has ended: everything it wrote and asked for is there to be taken.
  func noteExit() {
    guard let child, child.reap() else { return }
    poller.remove(child.descriptors.exit)
    while child.readOutput() {}
    while child.readError() {}
  }

  func lose(_ failure: MountFailure) -> SubjectFailure {
    // Its descriptor would be ready for ever.
    if let mount { poller.remove(mount.fileDescriptor) }
    mountFailure = .mountLost(failure)
    return .mountLost(failure)
  }

  func watch(_ child: ChildProcess) throws(SubjectFailure) {
    let descriptors = child.descriptors
    do throws(Errno) {
      try poller.add(descriptors.standardOutput, Source.output.rawValue)
      try poller.add(descriptors.standardError, Source.error.rawValue)
      try poller.add(descriptors.failure, Source.startFailure.rawValue)
      try poller.add(descriptors.exit, Source.exit.rawValue)
      let interrupts = clinux_interrupt_descriptor()
      if interrupts >= 0 && !watchesInterrupts {
        try poller.add(interrupts, Source.interrupt.rawValue)
        watchesInterrupts = true
      }
    } catch {
      throw .harness(error)
    }
  }

  /// The descriptor stays readable once a signal has come; what follows must still be able to wait.
  func stopWatchingInterrupts() {
    guard watchesInterrupts else { return }
    poller.remove(clinux_interrupt_descriptor())
    watchesInterrupts = false
  }
}

/// A time limit that is running.
struct Countdown {
  let limit: TimeLimit
  let start: Int64
  let idle: Int64
  let end: Int64

  init(_ limit: TimeLimit) {
    self.limit = limit
    start = MonotonicClock.now
    idle = limit.idle.nanoseconds
    end = start + limit.total.nanoseconds
  }
}
