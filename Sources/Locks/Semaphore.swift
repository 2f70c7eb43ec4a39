import Glibc

/// A counter that threads wait at, over `sem_t`: who is let through takes no lock.
///
/// What was written before `signal` is seen behind the `wait` that it lets through.
public final class Semaphore: @unchecked Sendable {
  private let semaphore: UnsafeMutablePointer<sem_t>

  /// A semaphore at zero.
  public init() {
    semaphore = .allocate(capacity: 1)
    semaphore.initialize(to: sem_t())
    let isMade = sem_init(semaphore, 0, 0) == 0
    precondition(isMade, "a semaphore at zero can be made")
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  /// Adds one: lets one thread through, now or later.
  public func signal() { sem_post(semaphore) }

  /// Sleeps until the count is not zero, and takes one from it.
  public func wait() {
    while sem_wait(semaphore) != 0 {
      precondition(errno == EINTR, "a semaphore that is there can be waited for")
    }
  }

  /// As `wait`, but for `nanoseconds` at most (below a second); false when they went by.
  public func wait(nanoseconds: UInt64) -> Bool {
    var deadline = timespec()
    clock_gettime(CLOCK_REALTIME, &deadline)
    deadline.tv_nsec += Int(min(nanoseconds, 999_999_999))
    if deadline.tv_nsec >= 1_000_000_000 {
      deadline.tv_nsec -= 1_000_000_000
      deadline.tv_sec += 1
    }
    while sem_timedwait(semaphore, &deadline) != 0 {
      if errno != EINTR { return false }
    }
    return true
  }
}

/// Measures how long something took; it decides how long threads wait for one another, never what
/// is written.
public struct Stopwatch: Sendable {
  private let begun: UInt64

  /// Begins.
  public init() { begun = Self.now }

  /// The nanoseconds since it began.
  public var nanoseconds: UInt64 { Self.now - begun }

  private static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
