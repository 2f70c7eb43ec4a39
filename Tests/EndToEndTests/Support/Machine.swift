import FoundationEssentials
import Glibc

/// What the machine offers to these tests.
enum Machine {
  /// The directory of the build: the `torture` executable stands beside the test bundle.
  static let buildDirectory: String = {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = max(0, readlink("/proc/self/exe", &path, path.count))
    let text = String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return String(text[..<(text.lastIndex(of: "/") ?? text.endIndex)])
  }()

  /// The program under test: `TORTURE_PROGRAM`, as `make test` has it, which tries the optimised
  /// one that users run; without it the one of this build.
  static let torture =
    getenv("TORTURE_PROGRAM").map { String(cString: $0) } ?? buildDirectory + "/torture"

  /// The root of the package.
  static let package: String = {
    var parts = #filePath.split(separator: "/").map(String.init)
    parts.removeLast(4)
    return "/" + parts.joined(separator: "/")
  }()

  /// Where the scenarios and subjects of these tests are.
  static let fixtures = package + "/Tests/EndToEndTests/Fixtures"

  /// The Python that plays the foreign subjects.
  static let python = "/usr/bin/python3"

  /// Whether /dev/fuse opens.
  static let hasFuse: Bool = {
    let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
    if device >= 0 { close(device) }
    return device >= 0
  }()

  /// Whether foreign subjects can run on a mount.
  static let runsForeignSubjects = hasFuse && access(python, X_OK) == 0

  /// Whether this is root with the right to mount, and the tools for namespaces and other users.
  static let isAlmighty =
    geteuid() == 0 && has("unshare") && has("setpriv") && has("mount")
    && system("unshare --mount true 2>/dev/null") == 0

  /// Whether a program is installed.
  static func has(_ program: String) -> Bool {
    ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"].contains { access($0 + program, X_OK) == 0 }
  }
}
