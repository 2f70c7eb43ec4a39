import FoundationEssentials
import Glibc
import Testing

/// A directory of one test: torture's temporary files, its reports, and whatever the test needs.
///
/// Everything that a run starts carries the directory's path in its environment, so that what it
/// leaves behind can be found.
final class Workspace {
  /// The directory; every user may enter it.
  let path: String
  /// Where reports go unless the test says otherwise.
  var report: String { path + "/report" }
  /// `TMPDIR` of every run.
  var temporary: String { path + "/tmp" }

  init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/torture-e2e-XXXXXX".utf8CString)
    path = String(cString: try #require(mkdtemp(&template)))
    try #require(chmod(path, 0o755) == 0)
    try #require(mkdir(path + "/tmp", 0o777) == 0 && chmod(path + "/tmp", 0o777) == 0)
  }

  deinit {
    for process in processes() { kill(process, SIGKILL) }
    for mount in mounts().reversed() { _ = unmount(mount) }
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Takes a mount away, even while it is in use; whether that was allowed.
  func unmount(_ mount: String) -> Bool {
    if umount2(mount, Int32(MNT_DETACH)) == 0 { return true }
    let command = ["fusermount3", "-u", "-z", mount]
    return (try? Started(command, environment: [], output: path).wait().status) == 0
  }

  /// Runs torture to its end. `prefix` stands before it on the command line.
  func torture(
    _ arguments: [String], after prefix: [String] = [], environment: [String] = []
  ) throws -> Outcome {
    try start(arguments, after: prefix, environment: environment).wait()
  }

  /// `torture run` with a report in this workspace.
  func run(
    _ arguments: [String], after prefix: [String] = [], environment: [String] = []
  ) throws -> Outcome {
    try torture(
      ["run"] + arguments + ["--report", report], after: prefix, environment: environment)
  }

  /// `torture run` of a fixture's scenario with a Python fixture as the subject, one seed.
  func run(_ scenario: String, python subject: String, seeds: Int = 1) throws -> Outcome {
    try run([Self.scenario(scenario), "--quiet"] + Self.python(subject, seeds: seeds))
  }

  /// Starts torture.
  func start(
    _ arguments: [String], after prefix: [String] = [], environment: [String] = []
  ) throws -> Started {
    let command = prefix + [Machine.torture] + arguments
    let own = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
      "TMPDIR=\(temporary)", "HOME=\(path)",
    ]
    return try Started(command, environment: environment + own, output: path)
  }

  /// The path of a scenario among the fixtures.
  static func scenario(_ name: String) -> String { "\(Machine.fixtures)/\(name).json5" }

  /// The options for a Python fixture as the subject.
  static func python(_ subject: String, seeds: Int = 1) -> [String] {
    [
      "--subject-command", "\(Machine.python) -ISB \(Machine.fixtures)/\(subject)", "--seed", "1",
      "--seeds", "\(seeds)", "--jobs", "1",
    ]
  }

  /// Writes a file into the workspace and gives its path.
  func write(_ text: String, to name: String) throws -> String {
    let file = path + "/" + name
    try text.write(toFile: file)
    return file
  }
}

extension StringProtocol {
  /// Writes the text to a file.
  func write(toFile path: String) throws {
    try Data(utf8).write(to: URL(filePath: path))
  }
}

extension String {
  /// The text of a file.
  init(file path: String) throws {
    self.init(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
  }
}
