import Glibc

/// The clock that time limits run on; it does not jump.
enum MonotonicClock {
  /// Nanoseconds since some moment.
  static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

extension Duration {
  /// The duration in nanoseconds, held to what a clock of 63 bits can add.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    guard seconds < 1 << 32 else { return 1 << 62 }
    return max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}
