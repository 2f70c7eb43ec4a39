import CLinuxShims
import Glibc
import StorageInterface

/// A subject's process, its pipes, and what has come through them.
///
/// It never waits: the descriptors are non-blocking, and whoever polls them calls the matching
/// method when one is ready. That lets one thread serve the subject's disk and its pipes, as it
/// must: a subject blocked in a disk operation reads no request.
///
/// The process is killed when the *thread* that started it ends (`PR_SET_PDEATHSIG`), so that
/// thread has to outlive it.
public final class ChildProcess {
  /// Its process number, which is also the number of its process group.
  public let identifier: Int32
  /// The pipes and the process, for polling. They stay open, and their numbers taken, until the
  /// child is gone: what an epoll set watches must be taken out of it before it is closed.
  public private(set) var descriptors: Descriptors
  /// Whether standard output has ended: there is nothing more to wait for.
  public private(set) var outputHasEnded = false
  /// Whether standard error has ended.
  public private(set) var errorHasEnded = false
  /// Whether it is known if the program runs: then either it does, or `startFailure` says why not.
  public private(set) var hasStarted = false
  /// What it wrote to standard error.
  public private(set) var standardError: OutputExcerpt
  /// How it ended, once it has been reaped.
  public private(set) var end: ProcessEnd?
  /// Why the program never ran; known once `hasStarted`.
  public private(set) var startFailure: SubjectFailure?

  private var output: LineBuffer
  private var input: [UInt8] = []
  private var inputStart = 0
  private var inputHasEnded = false
  private let tag: UInt64

  /// What there is to poll; −1 once closed.
  public struct Descriptors: Equatable, Sendable {
    /// Writable when it takes more of a request.
    public internal(set) var standardInput: Int32
    /// Readable when there is output.
    public internal(set) var standardOutput: Int32
    /// Readable when there is output.
    public internal(set) var standardError: Int32
    /// Readable when the program runs, or when it could not be started.
    public internal(set) var failure: Int32
    /// Readable when the process has ended.
    public internal(set) var exit: Int32
    /// Readable when a watched call waits, from the moment the process may make one; −1 where
    /// nothing is watched, or where `SynchronizationWatch` has taken it.
    public internal(set) var watch: Int32 = -1

    /// All of them.
    var all: [Int32] { [standardInput, standardOutput, standardError, failure, exit] }
  }

  /// Starts `command`. It returns before the program runs: the new process may first need answers
  /// of the mount it is confined to.
  ///
  /// - Throws: `SubjectFailure.couldNotStart`.
  public init(_ command: SubjectCommand) throws(SubjectFailure) {
    ProcessIdentity.prepare()
    tag = ProcessIdentity.nextTag()
    let path = try Self.resolve(command)
    var spawned = clinux_spawned()
    let error = Self.spawn(command, path, tag, &spawned)
    guard error.rawValue == 0 else { throw .couldNotStart(.process, error) }
    identifier = spawned.process
    descriptors = Descriptors(
      standardInput: spawned.standard_input, standardOutput: spawned.standard_output,
      standardError: spawned.standard_error, failure: spawned.failure, exit: spawned.exit)
    standardError = OutputExcerpt(tailLimit: command.limits.standardErrorTail)
    output = LineBuffer(limit: command.limits.answerBytes)
  }

  deinit {
    if end == nil { _ = killAndReap { waitIdly($0) } }
    closeAll()
  }

  // MARK: Requests

  /// Adds `line` and a newline to what the process is to read, and writes what the pipe takes.
  public func send(_ line: [UInt8]) {
    input.append(contentsOf: line)
    input.append(0x0a)
    writeInput()
  }

  /// Whether a part of a request still waits for the pipe.
  public var hasPendingInput: Bool { inputStart < input.count && !inputHasEnded }

  /// Writes what the pipe takes. Where the process no longer reads, the rest is dropped: its end or
  /// its silence is what counts.
  public func writeInput() {
    while hasPendingInput {
      let count = input.withUnsafeBytes {
        write(
          descriptors.standardInput, $0.baseAddress.map { $0 + inputStart }, $0.count - inputStart)
      }
      if count >= 0 {
        inputStart += count
      } else if errno == EAGAIN {
        return
      } else if errno != EINTR {
        inputHasEnded = true
      }
    }
    input.removeAll(keepingCapacity: true)
    inputStart = 0
  }

  /// Closes its standard input; requests not yet written are dropped. An epoll set that watches it
  /// must have let go of it.
  public func closeInput() {
    inputHasEnded = true
    Self.close(&descriptors.standardInput)
    input.removeAll()
    inputStart = 0
  }

  // MARK: Output

  /// The next whole line of its standard output without the newline, or nil when none has arrived.
  public func takeLine() -> [UInt8]? { output.takeLine() }

  /// Whether the line that `takeLine` looked for is longer than an answer may be.
  public var answerIsTooLong: Bool { output.isTooLong }

  /// How many bytes of a line that has not ended wait to be taken.
  public var waitingBytes: Int { output.count }

  /// The most that an answer may have, in bytes.
  public var answerLimit: Int { output.limit }

  /// Reads one block of standard output; false when nothing was there, or nothing will be.
  ///
  /// One block at a time, and none while a whole answer waits to be taken: a flood must neither
  /// keep the caller from its clock nor fill the memory.
  @discardableResult
  public func readOutput() -> Bool {
    guard !outputHasEnded, !output.isFull else { return false }
    return Self.readBlock(descriptors.standardOutput, &outputHasEnded) { output.append($0) }
  }

  /// Reads one block of standard error; false when nothing was there, or nothing will be.
  @discardableResult
  public func readError() -> Bool {
    guard !errorHasEnded else { return false }
    return Self.readBlock(descriptors.standardError, &errorHasEnded) { standardError.append($0) }
  }

  /// Gives the descriptor of the watch away, which is the caller's to close from then on.
  func takeWatch() -> Int32 {
    defer { descriptors.watch = -1 }
    return descriptors.watch
  }

  /// Reads whether the program runs or why it does not.
  public func readStartFailure() {
    guard !hasStarted else { return }
    var report = clinux_spawn_failure()
    let size = MemoryLayout<clinux_spawn_failure>.size
    var watch: Int32 = -1
    let count = clinux_receive_report(descriptors.failure, &report, size, &watch)
    if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
    if watch >= 0 {
      // One byte came with it; how the start went on comes later.
      Self.close(&descriptors.watch)
      descriptors.watch = watch
      return
    }
    if count == size {
      let step = SubjectFailure.StartStep(rawValue: report.stage) ?? .process
      startFailure = .couldNotStart(step, Errno(rawValue: report.error))
    }
    hasStarted = true
  }

  /// The shared mappings on `device` of the process and of all it has started.
  func sharedMappings(on device: String) -> [SharedMapping] {
    var found: [SharedMapping] = []
    for process in ProcessIdentity.processes(tag) {
      for mapping in SharedMapping.all(of: process, device: device)
      where !found.contains(where: { $0.inode == mapping.inode }) {
        found.append(mapping)
      }
    }
    return found
  }

  // MARK: The end

  /// Takes note of its end if it has ended, and removes the zombie; whether it has.
  @discardableResult
  public func reap() -> Bool {
    guard end == nil else { return true }
    var status: Int32 = 0
    var result: pid_t
    repeat { result = waitpid(identifier, &status, WNOHANG) } while result < 0 && errno == EINTR
    if result == 0 { return false }
    let signal = result < 0 ? SIGKILL : clinux_exit_signal(status)
    end = signal != 0 ? .signalled(signal) : .exited(clinux_exit_code(status))
    return true
  }

  /// Kills the process, its group and every descendant wherever it has moved to, and reaps what has
  /// become this process's child.
  ///
  /// `wait` is called with a number of milliseconds; it returns after them, or earlier when `exit`
  /// becomes readable, and meanwhile serves the mount: a dying process may need answers from it.
  ///
  /// Returns the processes that would not go within ten seconds; none but for a kernel in trouble.
  public func killAndReap(_ wait: (Int32) -> Void) -> [Int32] {
    let deadline = MonotonicClock.now + 10_000_000_000
    var pause: Int32 = 1
    while true {
      if end == nil {
        // Both: a process that has just been forked has no group of its own yet. The numbers are
        // taken for as long as it is not reaped.
        kill(identifier, SIGKILL)
        kill(-identifier, SIGKILL)
      }
      let leaderIsGone = reap()
      let others = ProcessIdentity.killDescendants(tag, except: identifier)
      if leaderIsGone && others.isEmpty { return [] }
      if MonotonicClock.now > deadline { return leaderIsGone ? others : [identifier] + others }
      wait(pause)
      pause = min(pause * 2, 16)
    }
  }

  /// Waits for the end of the process, serving nothing.
  private func waitIdly(_ milliseconds: Int32) {
    guard end == nil else {
      usleep(useconds_t(milliseconds) * 1_000)
      return
    }
    var entry = pollfd(fd: descriptors.exit, events: Int16(POLLIN), revents: 0)
    _ = poll(&entry, 1, milliseconds)
  }

  /// Closes the pipes.
  func closeAll() {
    Self.close(&descriptors.standardInput)
    Self.close(&descriptors.standardOutput)
    Self.close(&descriptors.standardError)
    Self.close(&descriptors.failure)
    Self.close(&descriptors.exit)
    Self.close(&descriptors.watch)
  }

  private static func close(_ descriptor: inout Int32) {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  private static func readBlock(
    _ descriptor: Int32, _ hasEnded: inout Bool, _ take: (UnsafeRawBufferPointer) -> Void
  ) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 16) { buffer in
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count > 0 {
        take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return true
      }
      if count < 0 && errno == EINTR { return true }
      if count == 0 || errno != EAGAIN { hasEnded = true }
      return false
    }
  }
}
