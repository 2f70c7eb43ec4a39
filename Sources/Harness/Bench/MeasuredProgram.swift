import Glibc

/// Programs that a bench starts to look at from outside.
enum MeasuredProgram {
  /// Runs `words` without output, with a look every twentieth of a second; returns its status.
  ///
  /// Where a look throws, the program is ended first.
  static func run(
    _ words: [String], look: () throws(RunError) -> Void
  ) throws(RunError) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    // No signal blocked, as this thread may have them: it is to end when it is told.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var environment: [UnsafeMutablePointer<CChar>?] = []
    for name in ["PATH", "HOME", "TMPDIR"] {
      guard let value = getenv(name) else { continue }
      environment.append(strdup("\(name)=" + String(cString: value)))
    }
    defer { for variable in environment { free(variable) } }
    var process: pid_t = 0
    let problem = posix_spawn(
      &process, words[0], &actions, &attributes, &arguments, environment + [nil])
    guard problem == 0 else {
      throw .harness("\(words[0]) cannot be started: \(String(cString: strerror(problem)))")
    }
    var status: Int32 = 0
    while waitpid(process, &status, WNOHANG) == 0 {
      do throws(RunError) {
        try look()
      } catch {
        kill(process, SIGTERM)
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        throw error
      }
      usleep(50_000)
    }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -1
  }

  /// The machine's memory that could be had without swapping, in bytes.
  static func availableMemory() throws(RunError) -> Int {
    for line in try Files.read("/proc/meminfo").split(separator: "\n")
    where line.hasPrefix("MemAvailable:") {
      if let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) {
        return kilobytes * 1024
      }
    }
    throw .harness("/proc/meminfo does not say MemAvailable")
  }
}
