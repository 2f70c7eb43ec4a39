import CLinuxShims
import Glibc
import StorageInterface

extension ChildProcess {
  /// The absolute path of the command's program: the child changes its directory before it runs.
  static func resolve(_ command: SubjectCommand) throws(SubjectFailure) -> String {
    let program = command.arguments[0]
    if program.hasPrefix("/") { return program }
    if program.utf8.contains(0x2f) {
      guard let directory = getcwd(nil, 0) else {
        throw .couldNotStart(.execution, Errno(rawValue: errno))
      }
      defer { free(directory) }
      return String(cString: directory) + "/" + program
    }
    let path = command.environment.first { $0.hasPrefix("PATH=") }?.dropFirst(5)
    for directory in (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
      let candidate = "\(directory)/\(program)"
      if access(candidate, X_OK) == 0 { return candidate }
    }
    throw .couldNotStart(.execution, .noSuchFile)
  }

  /// Calls `clinux_spawn`; the error, or 0.
  static func spawn(
    _ command: SubjectCommand, _ path: String, _ tag: UInt64, _ result: inout clinux_spawned
  ) -> Errno {
    withTexts(command.arguments) { arguments in
      withTexts(command.environment) { environment in
        withTexts(command.writableDirectories) { writable in
          withTexts([path, command.directory]) { single in
            var options = clinux_spawn_options()
            options.path = UnsafePointer(single[0])
            options.directory = UnsafePointer(single[1])
            options.arguments = UnsafePointer(arguments)
            options.environment = UnsafePointer(environment)
            options.memory_limit = command.limits.addressSpace ?? 0
            options.process_limit = command.limits.processes ?? 0
            options.tag = tag
            options.watches_calls = command.watchesCalls ? 1 : 0
            return writable.withMemoryRebound(
              to: UnsafePointer<CChar>?.self, capacity: command.writableDirectories.count + 1
            ) {
              options.writable = UnsafePointer($0)
              return clinux_spawn(&options, &result) == 0
                ? Errno(rawValue: 0) : Errno(rawValue: errno)
            }
          }
        }
      }
    }
  }

  /// C strings with a null pointer behind the last.
  private static func withTexts<Result>(
    _ texts: [String],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    withUnsafeTemporaryAllocation(
      of: UnsafeMutablePointer<CChar>?.self, capacity: texts.count + 1
    ) { array in
      let pointer = array.baseAddress.unsafelyUnwrapped
      for (index, text) in texts.enumerated() { (pointer + index).initialize(to: strdup(text)) }
      (pointer + texts.count).initialize(to: nil)
      defer { for index in texts.indices { free(pointer[index]) } }
      return body(pointer)
    }
  }
}
