import CLinuxShims
import DurabilityModel
public import FaultFS
import Glibc
public import StorageInterface

/// The one loop of a worker: it serves the subject's disk and talks to the subject, on one thread.
///
/// Every wait of the worker goes through it, since a subject that waits for its disk answers
/// nothing. Requests of the file system that are ready are served before an answer is taken, so
/// everything the subject did before it answered is in the world's record when the caller reads the
/// answer.
public final class SubjectPump {
  /// The mount that is served meanwhile; nil for a subject without one.
  public let mount: FuseMount?
  /// The subject, from `start` to `stop`.
  public private(set) var child: ChildProcess?

  private let poller: Poller
  private let alarm: Alarm
  private var alarmWentOff = false
  private var mountFailure: SubjectFailure?
  private var lastOperation: Int64 = 0
  private var watchesInterrupts = false
  private var watch: SynchronizationWatch?
  private var unobservable: String?
  private var mappedStoresArrived = false
  /// While several requests are outstanding: an answer that is there is taken before the disk is
  /// served any further. A program that goes on after an answer is then met at the same place of
  /// its work every time.
  var takesAnswersFirst = false
  /// An answer that was found before the disk was served.
  private var answer: [UInt8]?

  /// What a descriptor stands for.
  private enum Source: UInt64 {
    case mount, output, error, startFailure, exit, input, interrupt, alarm, watch, mappedStores
  }

  /// Makes a loop around `mount`, or around pipes alone.
  ///
  /// - Throws: the error of epoll_create1, timerfd_create or epoll_ctl.
  public init(mount: FuseMount?) throws(Errno) {
    self.mount = mount
    poller = try Poller()
    alarm = try Alarm()
    try poller.add(alarm.descriptor, Source.alarm.rawValue)
    if let mount { try poller.add(mount.fileDescriptor, Source.mount.rawValue) }
  }

  deinit { _ = stop() }

  // MARK: The subject's life

  /// Starts a subject and waits, within `limit`, until its program runs.
  ///
  /// - Precondition: no subject is running.
  public func start(
    _ command: SubjectCommand, limit: TimeLimit
  ) -> Result<Void, SubjectFailure> {
    precondition(child == nil, "stop the subject before starting another")
    do throws(SubjectFailure) {
      let child = try ChildProcess(command)
      self.child = child
      try watch(child)
      let clock = Countdown(limit)
      lastOperation = clock.start
      while !child.hasStarted {
        if let failure = commonFailure() { throw failure }
        try step(clock)
      }
      if let failure = child.startFailure { throw failure }
      return .success(())
    } catch {
      _ = stop()
      return .failure(error)
    }
  }

  /// Sends one request and waits for one answer. A failure leaves the subject as it is: `stop` it.
  ///
  /// - Precondition: a subject was started.
  public func exchange(_ line: [UInt8], limit: TimeLimit) -> Result<[UInt8], SubjectFailure> {
    send(line)
    return receive(limit: limit)
  }

  /// Sends one request; what the pipe does not take goes out while the pump waits for answers.
  ///
  /// - Precondition: a subject was started.
  public func send(_ line: [UInt8]) {
    guard let child else { preconditionFailure("a request needs a running subject") }
    child.send(line)
  }

  /// Waits for the next line of the subject.
  ///
  /// - Precondition: a subject was started.
  public func receive(limit: TimeLimit) -> Result<[UInt8], SubjectFailure> {
    guard let child else { preconditionFailure("an answer needs a running subject") }
    let clock = Countdown(limit)
    lastOperation = clock.start
    do throws(SubjectFailure) {
      while true {
        if let unobservable { throw .unobservable(unobservable) }
        if let line = takeAnswer(child) {
          if !takesAnswersFirst { try serveEverything() }
          return .success(line)
        }
        if child.answerIsTooLong { throw .answerTooLong(limit: child.answerLimit) }
        if let failure = commonFailure() { throw failure }
        if mount?.holdsCalls == true { throw .callNeverReturns }
        if let end = child.end {
          // What it wrote last may not all have been read yet.
          if child.readOutput() { continue }
          throw end.failure
        }
        try step(clock)
      }
    } catch {
      return .failure(error)
    }
  }

  private func takeAnswer(_ child: ChildProcess) -> [UInt8]? {
    defer { answer = nil }
    return answer ?? child.takeLine()
  }

  /// Whether an answer is there or comes before the subject waits for its disk, or for longer than
  /// any program thinks between two answers.
  ///
  /// Who sends on after each answer would reach a program at one time or another between its writes
  /// of several answers, and find it at different places of its work.
  func anotherAnswerComes() -> Bool {
    guard let child else { return false }
    if answer == nil { answer = child.takeLine() }
    var entries = [
      child.descriptors.standardOutput, mount?.fileDescriptor ?? -1, watch?.descriptor ?? -1,
    ].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while answer == nil {
      guard !child.outputHasEnded, !child.hasPendingInput else { return false }
      let count = poll(&entries, 3, Self.thinkingMilliseconds)
      child.readOutput()
      answer = child.takeLine()
      let waits = count <= 0 || entries[1].revents != 0 || entries[2].revents != 0
      if waits { break }
    }
    return answer != nil
  }

  private static let thinkingMilliseconds: Int32 = 200

  /// Closes the subject's standard input and waits for its end; what it still writes is dropped.
  ///
  /// - Precondition: a subject was started.
  public func finish(limit: TimeLimit) -> Result<ProcessEnd, SubjectFailure> {
    guard let child else { preconditionFailure("only a running subject can finish") }
    poller.remove(child.descriptors.standardInput)
    child.closeInput()
    let clock = Countdown(limit)
    lastOperation = clock.start
    do throws(SubjectFailure) {
      while true {
        if let end = child.end { return .success(end) }
        while child.takeLine() != nil {}
        if child.answerIsTooLong { throw .answerTooLong(limit: child.answerLimit) }
        if let failure = commonFailure() { throw failure }
        try step(clock, outputMayClose: true)
      }
    } catch {
      return .failure(error)
    }
  }

  /// Kills the subject with everything it started, serving the mount meanwhile, and returns what
  /// remains of it: how it ended, its standard error, processes that would not go. Nil when no
  /// subject was started.
  @discardableResult
  public func stop() -> Remains? {
    guard let child else { return nil }
    stopWatchingInterrupts()
    mount?.letGo()
    defer { mount?.holdAgain() }
    // Nobody takes its output any more, so it might stay ready for ever.
    poller.remove(child.descriptors.standardOutput)
    let survivors = child.killAndReap { milliseconds in
      // A lost mount is reported by whoever uses it next.
      try? self.wait(milliseconds)
    }
    if mountFailure == nil { try? serveEverything() }
    while child.readError() {}
    for descriptor in child.descriptors.all { poller.remove(descriptor) }
    endWatch()
    unobservable = nil
    child.closeAll()
    self.child = nil
    answer = nil
    return Remains(end: child.end, standardError: child.standardError, survivors: survivors)
  }

  /// Serves the mount, and nothing else, until no request waits.
  ///
  /// - Throws: `SubjectFailure.mountLost`.
  public func serveEverything() throws(SubjectFailure) {
    if let mountFailure { throw mountFailure }
    guard let mount else { return }
    do throws(MountFailure) { try mount.processPending() } catch { throw lose(error) }
  }

  // MARK: The loop

  private func commonFailure() -> SubjectFailure? {
    if let mountFailure { return mountFailure }
    if let unobservable { return .unobservable(unobservable) }
    let signal = clinux_interrupted()
    return signal == 0 ? nil : .interrupted(signal)
  }

  /// Waits for one batch of events and serves it; fails when a limit has passed.
  private func step(_ clock: Countdown, outputMayClose: Bool = false) throws(SubjectFailure) {
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
  private func wait(_ milliseconds: Int32) throws(SubjectFailure) {
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

  private func serve(_ source: Source) throws(SubjectFailure) {
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

  /// While the subject waits: brings what its shared mappings stored to the mount, as writes that
  /// no barrier covers. Faults do not meet what is done for it.
  ///
  /// - Throws: `SubjectFailure` where the mount is gone, or nothing can be started.
  func pullMappedStores() throws(SubjectFailure) {
    guard let mount, let child, let device = mount.device else { return }
    let mappings = child.sharedMappings(on: device)
    guard !mappings.isEmpty else { return }
    for world in mount.attachedWorlds { world.sparesFaults = true }
    defer { for world in mount.attachedWorlds { world.sparesFaults = false } }
    mappedStoresArrived = false
    var problem: SubjectFailure?
    do throws(Errno) {
      let sync = try MappedStoreSync(mappings)
      // The thread must come to its end whatever happens: a lost mount ends its calls as well.
      try poller.add(sync.descriptor, Source.mappedStores.rawValue)
      while !mappedStoresArrived {
        do throws(SubjectFailure) { try wait(-1) } catch { problem = error }
      }
      poller.remove(sync.descriptor)
      sync.join()
    } catch {
      throw .harness(error)
    }
    if let problem { throw problem }
    try serveEverything()
  }

  private func beginWatch(_ child: ChildProcess) throws(SubjectFailure) {
    guard let mount, child.descriptors.watch >= 0 else { return }
    let watch = SynchronizationWatch(descriptor: child.takeWatch(), mount: mount) {
      [unowned child] in
      mount.device.map { !child.sharedMappings(on: $0).isEmpty } ?? false
    }
    do throws(Errno) {
      try poller.add(watch.descriptor, Source.watch.rawValue)
    } catch {
      throw .harness(error)
    }
    self.watch = watch
  }

  private func serveWatch() {
    switch watch?.serve() {
    case .served?: lastOperation = MonotonicClock.now
    case .unobservable(let reason)?:
      // The call that cannot be answered would stay ready.
      unobservable = reason
      if let watch { poller.remove(watch.descriptor) }
    case .ended?, nil: endWatch()
    }
  }

  private func endWatch() {
    if let watch { poller.remove(watch.descriptor) }
    watch = nil
  }

  /// The process has ended: everything it wrote and asked for is there to be taken.
  private func noteExit() {
    guard let child, child.reap() else { return }
    poller.remove(child.descriptors.exit)
    while child.readOutput() {}
    while child.readError() {}
  }

  private func lose(_ failure: MountFailure) -> SubjectFailure {
    // Its descriptor would be ready for ever.
    if let mount { poller.remove(mount.fileDescriptor) }
    mountFailure = .mountLost(failure)
    return .mountLost(failure)
  }

  private func watch(_ child: ChildProcess) throws(SubjectFailure) {
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
  private func stopWatchingInterrupts() {
    guard watchesInterrupts else { return }
    poller.remove(clinux_interrupt_descriptor())
    watchesInterrupts = false
  }
}

/// What remains of a subject that was stopped.
public struct Remains: Equatable, Sendable {
  /// How it ended; nil when it would not.
  public let end: ProcessEnd?
  /// What it wrote to standard error.
  public let standardError: OutputExcerpt
  /// Processes that could not be killed.
  public let survivors: [Int32]
}

/// A time limit that is running.
private struct Countdown {
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
