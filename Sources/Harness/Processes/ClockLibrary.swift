import Glibc

/// The library that gives foreign programs a clock of the run's own (`Sources/CTortureClock`):
/// built beside this program, and loaded into theirs.
enum ClockLibrary {
  /// Its file's name.
  static let name = "libtorture-clock.so"

  /// Its path; nil where it was not built.
  static let path: String? = {
    guard let program = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(program) }
    let path =
      String(cString: program).split(separator: "/").dropLast()
      .reduce("") { $0 + "/" + $1 } + "/" + name
    // A space or colon ends a name in LD_PRELOAD.
    let isNameable = !path.utf8.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ":") }
    return isNameable && access(path, R_OK) == 0 ? path : nil
  }()
}
