import Glibc

/// Runs `body` on `count` threads at once and waits for all of them.
///
/// The sanitizers' driver is built with this file too.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  final class Start {
    let index: Int
    let body: @Sendable (Int) -> Void
    init(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) {
      self.index = index
      self.body = body
    }
  }
  var threads: [pthread_t] = []
  for index in 0..<count {
    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(index, body))
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        start.body(start.index)
        return nil
      }, start.toOpaque())
    precondition(status == 0, "a thread can be started")
    threads.append(thread)
  }
  for thread in threads { pthread_join(thread, nil) }
}
