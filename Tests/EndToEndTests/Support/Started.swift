import Glibc
import Testing

/// How a program ended, and what it printed.
struct Outcome {
  /// Its exit status; −1 where a signal ended it.
  var status: Int32
  var output: String
  var errors: String

  /// The last line of standard output.
  var lastLine: String { output.split(separator: "\n").last.map(String.init) ?? "" }

  /// The lines of standard error that complain; the others are progress, and what broke.
  var complaints: [String] {
    errors.split(separator: "\n").filter { $0.hasPrefix("torture: ") }.map(String.init)
  }
}

/// A program that runs.
final class Started {
  let identifier: Int32
  private let outputPath: String
  private let errorPath: String
  private var status: Int32?

  /// Starts `command`, found along `PATH`; what it prints goes to files in the directory `output`.
  init(_ command: [String], environment: [String], output: String) throws {
    var template = Array("\(output)/.printed-XXXXXX".utf8CString)
    let directory = String(cString: try #require(mkdtemp(&template)))
    outputPath = directory + "/output"
    errorPath = directory + "/errors"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, flags, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, flags, 0o644)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own, so that a signal for it reaches nobody else; and no signal blocked, as
    // the threads of a test may have them.
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGMASK))
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    var process: pid_t = 0
    let error = posix_spawnp(&process, command[0], &actions, &attributes, &words, &variables)
    try #require(error == 0, "\(command[0]): \(String(cString: strerror(error)))")
    identifier = process
  }

  deinit {
    guard !hasEnded() else { return }
    kill(identifier, SIGKILL)
    while waitpid(identifier, nil, 0) < 0 && errno == EINTR {}
  }

  /// What it has written to standard output so far.
  var printed: String { (try? String(file: outputPath)) ?? "" }

  /// What it has written to standard error so far.
  var complained: String { (try? String(file: errorPath)) ?? "" }

  /// Sends it a signal.
  func signal(_ number: Int32) {
    if status == nil { kill(identifier, number) }
  }

  /// Sends a signal to it and to what it has started in its group.
  func signalGroup(_ number: Int32) {
    if status == nil { kill(-identifier, number) }
  }

  /// Whether it has ended.
  func hasEnded() -> Bool {
    if status != nil { return true }
    var value: Int32 = 0
    let result = waitpid(identifier, &value, WNOHANG)
    if result == 0 || (result < 0 && errno == EINTR) { return false }
    // wait(2): the low seven bits are the signal, the next byte the status.
    status = result < 0 || value & 0x7F != 0 ? -1 : (value >> 8) & 0xFF
    return true
  }

  /// Waits for its end, which must come within `seconds`.
  func wait(seconds: Int = 120) throws -> Outcome {
    try #require(poll(seconds: seconds) { self.hasEnded() }, "it should have ended long ago")
    return Outcome(
      status: status ?? -1, output: try String(file: outputPath),
      errors: try String(file: errorPath))
  }

  /// Waits until `condition` holds; false when it does not within `seconds`.
  func poll(seconds: Int = 60, _ condition: () -> Bool) -> Bool {
    for _ in 0..<(seconds * 200) {
      if condition() { return true }
      usleep(5_000)
    }
    return condition()
  }
}
