import Glibc

/// A mutex with one condition, over `pthread_mutex_t` and `pthread_cond_t`.
///
/// The thread sanitizer understands these and reports races inside `Synchronization.Mutex` that are
/// none. `@unchecked` because the compiler cannot see what a lock protects: its owner says so.
public final class Monitor: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  /// A monitor that nobody is in.
  public init() {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    condition = .allocate(capacity: 1)
    condition.initialize(to: pthread_cond_t())
    let made = pthread_mutex_init(mutex, nil) == 0 && pthread_cond_init(condition, nil) == 0
    precondition(made, "a mutex and a condition with default attributes can be made")
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Enters; waits while another thread is in.
  @inline(__always)
  public func enter() { pthread_mutex_lock(mutex) }

  /// Leaves.
  @inline(__always)
  public func leave() { pthread_mutex_unlock(mutex) }

  /// Leaves, sleeps until `wakeAll`, and enters again. It may wake without cause: callers loop.
  public func wait() { pthread_cond_wait(condition, mutex) }

  /// Wakes every thread that waits.
  public func wakeAll() { pthread_cond_broadcast(condition) }
}

/// A lock that many readers or one writer hold, over `pthread_rwlock_t`.
///
/// Writers come first: a stream of readers would keep glibc's default kind from ever letting one
/// in. So a reader must not enter twice.
public final class ReadWriteLock: @unchecked Sendable {
  private let lock: UnsafeMutablePointer<pthread_rwlock_t>

  /// A lock that nobody holds.
  public init() {
    lock = .allocate(capacity: 1)
    lock.initialize(to: pthread_rwlock_t())
    var attributes = pthread_rwlockattr_t()
    pthread_rwlockattr_init(&attributes)
    pthread_rwlockattr_setkind_np(
      &attributes, Int32(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP))
    let made = pthread_rwlock_init(lock, &attributes) == 0
    pthread_rwlockattr_destroy(&attributes)
    precondition(made, "a lock can be made")
  }

  deinit {
    pthread_rwlock_destroy(lock)
    lock.deallocate()
  }

  /// Enters beside other readers.
  @inline(__always)
  public func enterReading() { pthread_rwlock_rdlock(lock) }

  /// Enters alone.
  @inline(__always)
  public func enterWriting() { pthread_rwlock_wrlock(lock) }

  /// Leaves, in either role.
  @inline(__always)
  public func leave() { pthread_rwlock_unlock(lock) }
}
