import FaultFS
import FoundationEssentials
import Glibc

/// Reads where a run takes place, for its report.
enum EnvironmentReader {
  /// The commit, kernel, libfuse and processors of this run.
  static func read() -> Report.Environment {
    Report.Environment(
      commit: commit(), kernel: kernel(), libfuse: FuseMount.libraryVersion,
      cpuCount: allowedProcessors().count, cpu: processor())
  }

  /// The commit that CI names, else the one that is checked out here, else `unknown`.
  private static func commit() -> String {
    for name in ["TORTURE_COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA"] {
      if let value = getenv(name) { return String(cString: value) }
    }
    guard let head = line(".git/HEAD") else { return "unknown" }
    guard head.hasPrefix("ref: ") else { return head }
    let name = String(head.dropFirst(5))
    if let direct = line(".git/" + name) { return direct }
    let packed = (try? Files.read(".git/packed-refs")) ?? ""
    for entry in packed.split(separator: "\n") where entry.hasSuffix(" " + name) {
      return String(entry.prefix(40))
    }
    return "unknown"
  }

  private static func kernel() -> String {
    (line("/proc/sys/kernel/ostype") ?? "?") + " " + (line("/proc/sys/kernel/osrelease") ?? "?")
  }

  private static func processor() -> String {
    let text = (try? Files.read("/proc/cpuinfo")) ?? ""
    for entry in text.split(separator: "\n") where entry.hasPrefix("model name") {
      return entry.split(separator: ":").last.map {
        String($0.drop { $0 == " " })
      } ?? "unknown"
    }
    return "unknown"
  }

  private static func line(_ path: String) -> String? {
    (try? Files.read(path))?.split(separator: "\n").first.map(String.init)
  }
}
