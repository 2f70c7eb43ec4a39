import Locks

/// A value that several threads share, behind one monitor. `@unchecked` because the compiler cannot
/// see that every access to `value` goes through it.
final class Lock<Value>: @unchecked Sendable {
  private let monitor = Monitor()
  private var value: Value

  /// A lock around `value`.
  init(_ value: sending Value) { self.value = value }

  /// Runs `body` with the value, alone.
  func withLock<Result>(_ body: (inout Value) -> sending Result) -> sending Result {
    monitor.enter()
    defer { monitor.leave() }
    return body(&value)
  }

  /// Runs `body` with the value, alone, again and again until it gives something; between two
  /// tries it sleeps until another thread calls `changed`.
  func waitFor<Result>(_ body: (inout Value) -> sending Result?) -> sending Result {
    monitor.enter()
    defer { monitor.leave() }
    while true {
      if let result = body(&value) { return result }
      monitor.wait()
    }
  }

  /// Wakes those that wait for the value to change.
  func changed() { monitor.wakeAll() }
}
