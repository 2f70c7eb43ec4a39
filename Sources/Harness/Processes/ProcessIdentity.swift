import CLinuxShims
import Glibc
import Synchronization

/// How descendants of a subject are found again, wherever they have moved to.
///
/// A process that forks twice and calls setsid leaves its group and its session, and becomes a
/// child of this process, among those of other subjects. What it cannot shed unknowingly is an
/// inherited resource limit, so each subject gets one with a number of its own (`clinux_spawn`).
enum ProcessIdentity {
  private static let serial = Atomic<UInt32>(0)
  /// Two harnesses on one machine must not hunt each other's subjects.
  private static let harness = UInt64(UInt32.random(in: 1..<(1 << 27)))
  private static let once: Bool = {
    clinux_ignore_broken_pipes()
    // Without it, orphans go to init: still killed, and reaped there.
    return clinux_become_subreaper() == 0
  }()

  /// Makes this process fit to have subjects, once.
  static func prepare() { _ = once }

  /// A number that no other subject on this machine has.
  static func nextTag() -> UInt64 {
    harness << 32 | UInt64(serial.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  /// Kills every process that carries `tag`, but `leader`, and reaps those that are children of
  /// this one; returns those that were still there.
  static func killDescendants(_ tag: UInt64, except leader: Int32) -> [Int32] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var found: [Int32] = []
    while let entry = readdir(directory) {
      let process = number(&entry.pointee)
      guard process > 0, process != leader, clinux_process_tag(process) == tag else { continue }
      _ = clinux_kill_tagged(process, tag)
      var status: Int32 = 0
      if waitpid(process, &status, WNOHANG) == process { continue }
      found.append(process)
    }
    return found
  }

  /// Every process that carries `tag`, by number.
  static func processes(_ tag: UInt64) -> [Int32] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var found: [Int32] = []
    while let entry = readdir(directory) {
      let process = number(&entry.pointee)
      if process > 0, clinux_process_tag(process) == tag { found.append(process) }
    }
    return found.sorted()
  }

  /// The process that an entry of /proc stands for, or 0.
  private static func number(_ entry: inout dirent) -> Int32 {
    withUnsafeBytes(of: &entry.d_name) { name in
      var value: Int32 = 0
      for byte in name {
        if byte == 0 { return value }
        guard byte >= 0x30, byte <= 0x39, value < 100_000_000 else { return 0 }
        value = value * 10 + Int32(byte - 0x30)
      }
      return 0
    }
  }
}
