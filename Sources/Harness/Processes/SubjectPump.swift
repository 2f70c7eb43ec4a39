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

  let poller: Poller
  let alarm: Alarm
  var alarmWentOff = false
  var mountFailure: SubjectFailure?
  var lastOperation: Int64 = 0
  var watchesInterrupts = false
  var watch: SynchronizationWatch?
  var unobservable: String?
  var mappedStoresArrived = false
  /// While several requests are outstanding: an answer that is there is taken before the disk is
  /// served any further. A program that goes on after an answer is then met at the same place of
  /// its work every time.
  var takesAnswersFirst = false
  /// An answer that was found before the disk was served.
  var answer: [UInt8]?

  /// What a descriptor stands for.
  enum Source: UInt64 {
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
