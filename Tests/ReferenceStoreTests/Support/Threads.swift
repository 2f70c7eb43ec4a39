import Glibc
import PosixIO
import StorageInterface

/// Runs `body` on `count` threads at once and waits for all of them.
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

/// Runs `body` with the path of an empty directory, which is removed afterwards.
func withDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
  var template = Array("\(base)/store-XXXXXX".utf8CString)
  guard let made = mkdtemp(&template) else { throw Errno(rawValue: errno) }
  let path = String(cString: made)
  defer {
    if let storage = try? PosixStorage(directory: path) {
      for name in (try? storage.list("")) ?? [] { try? storage.remove(name) }
    }
    rmdir(path)
  }
  return try body(path)
}
