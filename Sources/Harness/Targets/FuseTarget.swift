import CLinuxShims
import DurabilityModel
import FaultFS
import Glibc
import Scenarios
import StorageInterface
import SubjectProtocol

/// The target `fuse`: the subject is a child process on a real mount, served and spoken to by one
/// loop on one thread.
///
/// One mount serves many worlds, and one process may recover many worlds one after another. The
/// mount is renewed now and then, because the kernel keeps inodes of worlds that are gone.
final class FuseTarget: Target {
  var limits = Scenario.Limits()
  var patience = 1
  var clock = 0
  var takesClock: Bool { !isForeign }

  private let command: [String]
  /// Whether nobody here wrote the program: it is kept inside its world, and its calls are watched.
  private let isForeign: Bool
  private let mode: MountMode
  private var cacheMode = MountOptions.CacheMode.direct
  /// Whether the subject says that it maps files shared.
  private(set) var mapsMemory = false
  let directory: RunDirectory
  var pump: SubjectPump?
  private var world: World?
  private var slot: Int?
  var worldName = ""
  private var window: UInt64 = 0
  private var worldCount = 0
  private var hello = Request.hello(options: .emptyObject)
  private var isGreeted = false
  private var conversation = Conversation()
  /// Whether the subject takes several requests at once.
  private var takesSeveral = false

  /// How many worlds one mount serves before it is renewed (a renewal takes 2.1 ms, platform.md).
  private static let worldsPerMount = 2000

  /// A target for the program `command`.
  ///
  /// What a program writes outside its world would survive the power cut and hide a loss, so one
  /// that nobody here wrote (`isForeign`) runs only where the kernel can keep it inside.
  init(
    command: [String], isForeign: Bool, mode: MountMode = .auto
  ) throws(RunError) {
    self.mode = mode
    if mode == .cached { cacheMode = .cached }
    self.command = command
    self.isForeign = isForeign
    if isForeign {
      guard case .full = Confinement.available else {
        throw .notMeasured(
          "this kernel cannot keep \(command[0]) inside its world: Landlock of Linux 6.2 or later "
            + "is needed (boot with lsm=landlock,…)")
      }
    }
    do throws(RunDirectoryFailure) {
      directory = try RunDirectory()
    } catch {
      throw .notMeasured("\(error)")
    }
    try mount()
  }

  func describe(_ hello: Request) throws(RunError) -> SubjectDescription {
    self.hello = hello
    var greeting = try greet()
    if case .broken(let breakdown) = greeting, breakdown.kind == .hung {
      // As with every hang: a program may take long to start on a machine that has much to do.
      patience = 10
      defer { patience = 1 }
      greeting = try greet()
    }
    switch greeting {
    case .answer(.hello(let description)):
      isGreeted = true
      try adopt(description)
      return description
    case .answer(.failed(let kind, let message)):
      throw .notMeasured(
        "\(command[0]): the subject refused hello: \(kind.rawValue): \(message)")
    case .answer:
      throw .notMeasured("\(command[0]): the subject's answer to hello says nothing about it")
    case .broken(let breakdown):
      throw .notMeasured(
        "\(command[0]): the subject did not answer hello: \(breakdown.message)")
    }
  }

  /// A subject that maps files shared gets a mount that the kernel's cache stands before, unless
  /// the user wants another.
  private func adopt(_ description: SubjectDescription) throws(RunError) {
    mapsMemory = description.features.contains(.memoryMap)
    takesSeveral = description.concurrency > 1
    let wanted: MountOptions.CacheMode =
      switch mode {
      case .direct: .direct
      case .cached: .cached
      case .auto: mapsMemory ? .cached : .direct
      }
    guard wanted != cacheMode else { return }
    cacheMode = wanted
    try renewMount()
  }

  private func renewMount() throws(RunError) {
    endProcess()
    leave()
    pump?.mount?.unmount()
    pump = nil
    try mount()
  }

  private func greet() throws(RunError) -> Exchange {
    endProcess()
    try start()
    return try ask(hello)
  }

  func enter(_ world: World, freshProcess: Bool) throws(RunError) {
    if freshProcess { endProcess() }
    leave()
    if worldCount >= Self.worldsPerMount {
      try renewMount()
    }
    worldCount += 1
    worldName = "w\(worldCount)"
    guard let mount = pump?.mount else { throw .harness("the mount is gone") }
    slot = mount.attach(world, name: worldName)
    world.onDelay = Self.wait
    self.world = world
    window = 0
  }

  /// Not where several threads of the subject answer.
  var takesRequestsAhead: Bool { !takesSeveral }

  /// Takes the time of a slow operation. Everything on this thread waits: a mount has one loop.
  static func wait(_ milliseconds: Int) {
    var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    var left = timespec()
    while nanosleep(&time, &left) != 0 && errno == EINTR { time = left }
  }

  func send(
    _ request: Request, number: UInt64, window: UInt64
  ) throws(RunError) -> SubjectBreakdown? {
    guard let world else { preconditionFailure("a request before any world was entered") }
    if conversation.outstanding.isEmpty {
      if pump?.child == nil { try start() }
      if let breakdown = try greetIfNew(world, request) { return breakdown }
      if let breakdown = strayLine(before: request) { return breakdown }
    }
    if self.window != window { world.beginRequest(window) }
    self.window = window
    var sent = request
    if case .open(_, let dimension, let options) = request {
      sent = .open(
        directory: directory.mountPoint + "/" + worldName, dimension: dimension, options: options)
    }
    conversation.ask(sent, number: number)
    return nil
  }

  /// Says hello to a new process, with the options that it is to be opened with.
  private func greetIfNew(
    _ world: World, _ first: Request
  ) throws(RunError) -> SubjectBreakdown? {
    guard !isGreeted else { return nil }
    var hello = hello
    if case .open(_, _, let options) = first { hello = .hello(options: options) }
    world.beginRequest(0)
    window = 0
    switch try ask(hello) {
    case .answer(.hello): isGreeted = true
    case .broken(let breakdown): return breakdown
    case .answer:
      return SubjectBreakdown(
        kind: .rubbish, message: "its answer to hello is none of that request")
    }
    return nil
  }

  func pullMappedStores() throws(RunError) {
    guard mapsMemory, let pump else { return }
    do throws(SubjectFailure) {
      try pump.pullMappedStores()
    } catch {
      throw .harness("what the subject's mappings stored cannot be fetched: \(error)")
    }
  }

  func endProcess() {
    pump?.stop()
    forgetProcess()
    world?.closeAll()
    try? directory.eraseScratch()
  }

  private func forgetProcess() {
    isGreeted = false
    conversation.forget()
  }

  func shutDown() {
    endProcess()
    leave()
    pump?.mount?.unmount()
    pump = nil
    directory.remove()
  }

  // MARK: Mount and process

  private func mount() throws(RunError) {
    let mount: FuseMount
    do throws(MountFailure) {
      var options = MountOptions()
      options.mode = cacheMode
      mount = try FuseMount(at: directory.mountPoint, options)
    } catch {
      throw .notMeasured(error.description)
    }
    do throws(Errno) {
      pump = try SubjectPump(mount: mount)
    } catch {
      throw .harness("epoll cannot be set up: \(error)")
    }
    worldCount = 0
  }

  private func leave() {
    if let slot { pump?.mount?.detach(slot) }
    slot = nil
    world = nil
  }

  func start() throws(RunError) {
    guard let pump else { throw .harness("the mount is gone") }
    var description = SubjectCommand(
      arguments: command,
      environment: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
        "TZ=UTC", "HOME=\(directory.scratch)", "TMPDIR=\(directory.scratch)",
      ],
      directory: directory.scratch,
      writableDirectories: [directory.mountPoint, directory.scratch])
    description.watchesCalls = isForeign
    if isForeign, let library = ClockLibrary.path {
      description.environment += ["LD_PRELOAD=\(library)", "TORTURE_CLOCK=\(clock)"]
    }
    description.limits.addressSpace = UInt64(limits.memoryMegabytes) << 20
    description.limits.answerBytes = limits.answerMegabytes << 20
    description.limits.standardErrorTail = limits.standardErrorKilobytes << 10
    isGreeted = false
    switch pump.start(description, limit: timeLimit) {
    case .success: break
    case .failure(let failure):
      if case .interrupted = failure { throw .interrupted }
      throw .notMeasured("\(command[0]): \(failure)")
    }
  }

  var timeLimit: TimeLimit {
    TimeLimit(idle: .seconds(limits.requestSeconds * patience))
  }

  // MARK: Requests and answers

  /// Asks while nothing else is outstanding.
  private func ask(_ request: Request) throws(RunError) -> Exchange {
    if let breakdown = strayLine(before: request) { return .broken(breakdown) }
    conversation.ask(request, number: 0)
    switch try receive() {
    case .answer(let answer, _): return .answer(answer)
    case .broken(let breakdown): return .broken(breakdown)
    }
  }

  /// A line that is there before anything was asked would be taken for the answer to `request`.
  private func strayLine(before request: Request) -> SubjectBreakdown? {
    guard pump?.child?.takeLine() != nil else { return nil }
    endProcess()
    return SubjectBreakdown(
      kind: .rubbish, message: Conversation.nobodyAsked(" before \(request.name.rawValue)"))
  }

  func receive() throws(RunError) -> Reply {
    guard let pump else { throw .harness("the mount is gone") }
    conversation.sendWhatWasAsked { pump.send($0) }
    // A new process is greeted before it is known to answer in any order.
    conversation.answersInAnyOrder = takesSeveral && isGreeted
    pump.takesAnswersFirst = takesSeveral && conversation.outstanding.count > 1
    switch pump.receive(limit: timeLimit) {
    case .success(let line):
      switch conversation.take(line) {
      case .answer(let answer, let number): return .answer(answer, to: number)
      case .rubbish(let message):
        endProcess()
        return .broken(SubjectBreakdown(kind: .rubbish, message: message))
      }
    case .failure(let failure): return .broken(try broken(failure))
    }
  }

  func anotherAnswerComes() -> Bool { pump?.anotherAnswerComes() ?? false }

  private func broken(_ failure: SubjectFailure) throws(RunError) -> SubjectBreakdown {
    let waiting = pump?.child?.waitingBytes ?? 0
    let remains = pump?.stop()
    forgetProcess()
    world?.closeAll()
    let errors = String(decoding: remains?.standardError.bytes ?? [], as: UTF8.self)
    var message = "\(failure)"
    if waiting > 0 { message += SubjectFailure.unendedLine(waiting) }
    if let last = errors.split(separator: "\n").last { message += "; it said: \(last)" }
    switch failure {
    case .interrupted: throw .interrupted
    case .mountLost(let why): throw .harness(why.description)
    case .unobservable(let why): throw .notMeasured("\(command[0]): \(why)")
    case .harness, .couldNotStart: throw .harness(message)
    case .exited, .signalled:
      let kind: SubjectBreakdown.Kind = Self.saysOutOfMemory(errors) ? .outOfMemory : .ended
      return SubjectBreakdown(kind: kind, message: message)
    case .closedOutput:
      return SubjectBreakdown(kind: .ended, message: message)
    case .answerTooLong:
      return SubjectBreakdown(kind: .rubbish, message: message)
    case .idleTooLong, .tookTooLong, .callNeverReturns:
      return SubjectBreakdown(kind: .hung, message: message)
    }
  }

  /// A program whose allocation failed under its limit dies in its own way; what it says tells.
  private static func saysOutOfMemory(_ errors: String) -> Bool {
    ["MemoryError", "bad_alloc", "out of memory", "Out of memory", "Cannot allocate memory"]
      .contains { errors.contains($0) }
  }
}
