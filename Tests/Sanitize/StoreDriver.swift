import Glibc
import PosixIO
import ReferenceStore
import StorageInterface

/// Runs the whole store in real directories, outside of any test runner, for the sanitizers: under
/// the address sanitizer Swift Testing itself reads beyond an `Optional` in `#expect`, and stops
/// the run before the store's code is reached.
///
/// Argument: seconds. Lives of one thread and of many take turns, each held against a model; what
/// is not as it should be stops the program, as a sanitizer does.
@main
struct StoreDriver {
  static func main() throws {
    let seconds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 20
    var template = Array("/tmp/store-driver-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Errno(rawValue: errno) }
    let base = String(cString: made)
    defer { remove(base) }
    let deadline = time(nil) + seconds
    var lives = 0
    repeat {
      var life = Life(seed: UInt64(lives), base: base)
      try life.run()
      if lives % 4 == 0 { try Crowd(seed: UInt64(lives), base: base).run() }
      lives += 1
    } while time(nil) < deadline
    print("store driver: \(lives) lives, \((lives + 3) / 4) crowds, nothing amiss")
  }

  /// An empty directory of that name below `base`.
  static func fresh(_ base: String, _ name: String) -> String {
    let path = base + "/" + name
    remove(path)
    precondition(mkdir(path, 0o700) == 0, "a directory can be made")
    return path
  }

  /// Removes a directory, and the files and directories in it.
  static func remove(_ path: String) {
    if let storage = try? PosixStorage(directory: path) {
      for name in (try? storage.list("")) ?? [] { remove(path + "/" + name) }
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}

/// SplitMix64.
struct DriverRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }
}
