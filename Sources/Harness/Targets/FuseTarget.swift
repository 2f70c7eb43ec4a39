import CLinuxShims
import Determinism
import DurabilityModel
import FaultFS
import Glibc
import Scenarios
import StorageInterface
import SubjectProtocol

/// Whether the kernel's page cache stands before a subject's mount (`--mode`).
enum MountMode: String, Sendable, CaseIterable {
  /// Never: every read and write is seen as the program made it; nothing can be mapped shared.
  case direct
  /// Always.
  case cached
  /// For subjects that say they map files shared.
  case auto
}

/// The target `fuse`: the subject is a child process on a real mount, served and spoken to by one
/// loop on one thread.
///
/// One mount serves many worlds, and one process may recover many worlds one after another. The
/// mount is renewed now and then, because the kernel keeps inodes of worlds that are gone.
final class FuseTarget: Target {
  var limits = Scenario.Limits()
  var patience = 1

  private let command: [String]
  /// Whether nobody here wrote the program: it is kept inside its world, and its calls are watched.
  private let isForeign: Bool
  private let mode: MountMode
  private var cacheMode = MountOptions.CacheMode.direct
  /// Whether the subject says that it maps files shared.
  private var mapsMemory = false
  private let directory: RunDirectory
  private var pump: SubjectPump?
  private var world: World?
  private var slot: Int?
  private var worldName = ""
  private var worldCount = 0
  private var hello = Request.hello(options: .emptyObject)
  private var isGreeted = false
  private var knownDumps: [Digest: Dump] = [:]

  /// How many worlds one mount serves before it is renewed (a renewal takes 2.1 ms, platform.md).
  private static let worldsPerMount = 2000
  /// How many decoded dumps are kept for when the same bytes come again.
  private static let knownDumpLimit = 4096

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
    pump?.mount?.unmount()
    pump = nil
    try mount()
  }

  private func greet() throws(RunError) -> Exchange {
    endProcess()
    try start()
    return try send(hello)
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
  }

  /// Takes the time of a slow operation. Everything on this thread waits: a mount has one loop.
  static func wait(_ milliseconds: Int) {
    var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    var left = timespec()
    while nanosleep(&time, &left) != 0 && errno == EINTR { time = left }
  }

  func exchange(_ request: Request, number: UInt64) throws(RunError) -> Exchange {
    guard let world else { preconditionFailure("a request before any world was entered") }
    if pump?.child == nil { try start() }
    if !isGreeted {
      world.beginRequest(0)
      let greeting = try send(hello)
      guard case .answer(.hello) = greeting else { return greeting.orRubbish("hello") }
      isGreeted = true
    }
    world.beginRequest(number)
    var sent = request
    if case .open(_, let dimension, let options) = request {
      sent = .open(
        directory: directory.mountPoint + "/" + worldName, dimension: dimension, options: options)
    }
    return try send(sent)
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
    isGreeted = false
    world?.closeAll()
    try? directory.eraseScratch()
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

  private func start() throws(RunError) {
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

  private var timeLimit: TimeLimit {
    TimeLimit(idle: .seconds(limits.requestSeconds * patience))
  }

  // MARK: Requests and answers

  /// Requests carry no number: nothing overlaps, and equal answers stay equal bytes.
  private func send(_ request: Request) throws(RunError) -> Exchange {
    guard let pump else { throw .harness("the mount is gone") }
    if pump.child?.takeLine() != nil {
      // It would be taken for the answer to the next request.
      endProcess()
      let name = request.name.rawValue
      return .broken(
        SubjectBreakdown(kind: .rubbish, message: "it wrote a line nobody asked for before \(name)")
      )
    }
    var line: [UInt8] = []
    RequestEncoder.append(request, number: nil, to: &line)
    switch pump.exchange(line, limit: timeLimit) {
    case .success(let answer): return decode(answer, to: request)
    case .failure(let failure): return try broken(failure, request)
    }
  }

  /// A dump whose bytes came before need not be read again.
  private func decode(_ line: [UInt8], to request: Request) -> Exchange {
    var key = Digest.zero
    if case .dump = request {
      var hasher = DigestHasher()
      hasher.combine(line)
      key = hasher.finish()
      if let known = knownDumps[key] { return .answer(.dump(known)) }
    }
    do throws(JSONError) {
      let decoded = try AnswerDecoder.decode(line, to: request.name)
      if case .dump(let dump) = decoded.answer {
        if knownDumps.count >= Self.knownDumpLimit { knownDumps.removeAll() }
        knownDumps[key] = dump
      }
      return .answer(decoded.answer)
    } catch {
      endProcess()
      return .broken(
        SubjectBreakdown(
          kind: .rubbish, message: "its answer to \(request.name.rawValue) is none: \(error)"))
    }
  }

  private func broken(
    _ failure: SubjectFailure, _ request: Request
  ) throws(RunError) -> Exchange {
    let remains = pump?.stop()
    isGreeted = false
    world?.closeAll()
    let errors = String(decoding: remains?.standardError.bytes ?? [], as: UTF8.self)
    var message = "\(failure)"
    if let last = errors.split(separator: "\n").last { message += "; it said: \(last)" }
    switch failure {
    case .interrupted: throw .interrupted
    case .mountLost(let why): throw .harness(why.description)
    case .unobservable(let why): throw .notMeasured("\(command[0]): \(why)")
    case .harness, .couldNotStart: throw .harness(message)
    case .exited, .signalled:
      let kind: SubjectBreakdown.Kind = Self.saysOutOfMemory(errors) ? .outOfMemory : .ended
      return .broken(SubjectBreakdown(kind: kind, message: message))
    case .closedOutput:
      return .broken(SubjectBreakdown(kind: .ended, message: message))
    case .answerTooLong:
      return .broken(SubjectBreakdown(kind: .rubbish, message: message))
    case .idleTooLong, .tookTooLong, .callNeverReturns:
      return .broken(SubjectBreakdown(kind: .hung, message: message))
    }
  }

  /// A program whose allocation failed under its limit dies in its own way; what it says tells.
  private static func saysOutOfMemory(_ errors: String) -> Bool {
    ["MemoryError", "bad_alloc", "out of memory", "Out of memory", "Cannot allocate memory"]
      .contains { errors.contains($0) }
  }
}

extension Exchange {
  fileprivate func orRubbish(_ name: String) -> Exchange {
    if case .broken = self { return self }
    return .broken(
      SubjectBreakdown(kind: .rubbish, message: "its answer to \(name) is none of that request"))
  }
}
