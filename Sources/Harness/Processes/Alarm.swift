import CLinuxShims
import Glibc
import StorageInterface

/// A timer that makes a descriptor readable.
///
/// A wait without a time limit costs less than one with, as the kernel need not set up and take
/// down a timer for each; and a limit that only moves later needs no call at all: the alarm goes
/// off early, and is then set anew.
final class Alarm {
  /// Readable once the alarm went off.
  let descriptor: Int32
  /// When it goes off, on the monotonic clock in nanoseconds; the greatest number when it does not.
  private var time = Int64.max

  init() throws(Errno) {
    descriptor = clinux_alarm_create()
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
  }

  deinit { close(descriptor) }

  /// Makes sure that the alarm goes off at `deadline` at the latest.
  @inline(__always)
  func set(noLaterThan deadline: Int64) throws(Errno) {
    if time > deadline { try set(deadline) }
  }

  /// Takes note that it went off.
  func acknowledge() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    time = Int64.max
  }

  private func set(_ deadline: Int64) throws(Errno) {
    guard clinux_alarm_set(descriptor, deadline) == 0 else { throw Errno(rawValue: errno) }
    time = deadline
  }
}
