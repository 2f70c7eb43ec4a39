import DurabilityModel
import FaultFS
import Glibc
import Harness
import Testing

/// What the machine offers to these tests.
enum Machine {
  /// Whether /dev/fuse opens.
  static let hasFuse: Bool = {
    let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
    if device >= 0 { close(device) }
    return device >= 0
  }()

  /// The Python that plays subjects which use the disk.
  static let python = "/usr/bin/python3"

  /// Whether subjects can be run on a mount.
  static let canRunOnMount = hasFuse && access(python, X_OK) == 0
}

/// A worker: a run directory, a mount when wanted, and the pump. One per test.
final class Worker {
  let run: RunDirectory
  let mount: FuseMount?
  let world: World
  let pump: SubjectPump
  /// Whether the calls that the mount never sees are watched.
  var watchesCalls = false

  /// Far longer than anything here takes.
  static let patience = TimeLimit(idle: .seconds(60))

  init(mounted: Bool = false) throws {
    // What a test run that was killed left behind.
    try RunDirectory.sweep()
    run = try RunDirectory()
    mount = mounted ? try FuseMount(at: run.mountPoint) : nil
    world = World(disk: Disk(parameters: DiskParameters()), recording: true)
    _ = mount?.attach(world, name: "w")
    pump = try SubjectPump(mount: mount)
  }

  deinit {
    pump.stop()
    mount?.unmount()
    run.remove()
  }

  var worldPath: String { run.mountPoint + "/w" }

  func command(_ arguments: [String], limits: SubjectLimits = SubjectLimits()) -> SubjectCommand {
    var command = SubjectCommand(
      arguments: arguments, environment: ["PATH=/usr/bin:/bin", "LC_ALL=C"],
      directory: run.scratch, writableDirectories: [run.scratch, run.mountPoint])
    command.limits = limits
    command.watchesCalls = watchesCalls
    return command
  }

  /// Starts a shell script.
  func start(shell script: String, limits: SubjectLimits = SubjectLimits()) throws {
    try pump.start(command(["sh", "-c", script], limits: limits), limit: Self.patience).get()
  }

  /// Starts a Python program, which knows its world as `world`.
  func start(python program: String, limits: SubjectLimits = SubjectLimits()) throws {
    let prelude = "import os, sys, time, errno\nworld = '\(worldPath)'\n"
    let arguments = [Machine.python, "-c", prelude + program]
    try pump.start(command(arguments, limits: limits), limit: Self.patience).get()
  }

  /// Sends one line and gives the answer as text.
  func ask(_ line: String, limit: TimeLimit = patience) throws -> String {
    String(decoding: try pump.exchange(Array(line.utf8), limit: limit).get(), as: UTF8.self)
  }

  /// The failure of waiting for an answer.
  func failure(limit: TimeLimit = patience) -> SubjectFailure? {
    do {
      _ = try pump.receive(limit: limit).get()
      return nil
    } catch {
      return error
    }
  }
}

/// Whether a process with this number is there and no zombie.
func isAlive(_ process: Int32) -> Bool {
  guard let file = fopen("/proc/\(process)/stat", "r") else { return false }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 512)
  guard fgets(&line, Int32(line.count), file) != nil else { return false }
  let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return text.split(separator: ")").last?.dropFirst().first != "Z"
}
