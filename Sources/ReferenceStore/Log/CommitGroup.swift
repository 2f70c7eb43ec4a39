internal import Locks

/// A thread that sleeps until its record is durable, or until it is to lead the next batch.
final class Waiter {
  private let semaphore = Semaphore()
  /// What became of its record; nil while it is to lead. Written before the thread is woken, read
  /// behind that.
  private(set) var outcome: Result<Void, StoreError>?

  /// Sleeps until it is woken.
  func sleep() { semaphore.wait() }

  /// Sleeps until it is woken, for so long at most.
  func sleep(nanoseconds: UInt64) { _ = semaphore.wait(nanoseconds: nanoseconds) }

  /// Tells the thread that its record is durable, or why it failed.
  func wake(_ outcome: Result<Void, StoreError>) {
    self.outcome = outcome
    semaphore.signal()
  }

  /// Tells the thread to lead the next batch, or, while it gathers one, that all are there.
  func wake() { semaphore.signal() }
}

/// Threads whose records will share a barrier: one of them leads, and the others sleep, each at a
/// place of its own, so that waking them makes none wait for another.
///
/// While a batch is on its way records gather behind it, and the thread that led it hands the lead
/// to one of theirs. That alone would halve the batches: the threads that were just woken make
/// their next records when the next batch has left. So the next leader waits for them, until as
/// many records are staged as threads were seen to be at it, and for half the time that the last
/// barrier took at most. A thread that is alone never waits, and one that went away is missed once.
struct CommitGroup {
  /// Whether a batch is on its way, or a thread is about to take one.
  private(set) var isLed = false
  /// How many records are staged.
  private(set) var staged = 0
  /// How many threads there were at the end of the last batch, in it and behind it.
  private var crowd = 1
  /// The longest time to wait for them, in nanoseconds.
  private var patience: UInt64 = 0
  /// The threads whose records are staged, but for the one that leads.
  private var waiters: [Waiter] = []
  /// The leader, while it waits for others.
  private var gatherer: Waiter?

  /// A batch that was taken: its threads but for the leader.
  struct Members {
    fileprivate let waiters: [Waiter]
    /// How many records it has.
    let staged: Int
    /// Whether several share the barrier.
    var areSeveral: Bool { staged > 1 }

    /// Tells every member but the leader what became of its record.
    func wake(_ outcome: Result<Void, StoreError>) {
      for waiter in waiters { waiter.wake(outcome) }
    }
  }

  /// Adds the record of this thread: it leads and gets nil, or sleeps at the waiter.
  mutating func join() -> Waiter? {
    staged += 1
    if !isLed {
      isLed = true
      return nil
    }
    if let gatherer, staged >= crowd {
      gatherer.wake()
      self.gatherer = nil
    }
    let waiter = Waiter()
    waiters.append(waiter)
    return waiter
  }

  /// A place to sleep at for the leader while others are missing, and for how long; nil when none
  /// is missing.
  mutating func gather() -> (place: Waiter, nanoseconds: UInt64)? {
    guard staged < crowd, patience > 0 else { return nil }
    let place = Waiter()
    gatherer = place
    return (place, patience)
  }

  /// Lets a leader that waits for others go on without them: none will come.
  mutating func hurry() {
    gatherer?.wake()
    gatherer = nil
  }

  /// Takes all whose records are staged.
  mutating func take() -> Members {
    gatherer = nil
    let members = Members(waiters: waiters, staged: staged)
    waiters = []
    staged = 0
    return members
  }

  /// Ends a batch whose barrier took `nanoseconds`: returns the next leader, to be woken,
  /// or nil when nothing is staged; then nobody leads.
  mutating func finish(_ members: Members, nanoseconds: UInt64) -> Waiter? {
    crowd = members.staged + staged
    patience = min(nanoseconds / 2, 5_000_000)
    if waiters.isEmpty {
      isLed = false
      return nil
    }
    return waiters.removeFirst()
  }

  /// Ends a batch that failed, and with it all that is staged behind.
  mutating func fail() -> Members {
    let behind = take()
    crowd = 1
    isLed = false
    return behind
  }
}
