import CLinuxShims
import Glibc

/// Runs `body` on `count` threads of their own, each pinned to a processor where there are enough,
/// and returns when all have ended.
///
/// A worker's subject and mount inherit its processor: server and subject on one core are three
/// times as fast as on two (platform.md).
func onThreads(_ count: Int, pinned: Bool, _ body: @escaping @Sendable (Int) -> Void) {
  final class Start: Sendable {
    let index: Int
    let cpu: Int32?
    let body: @Sendable (Int) -> Void
    init(index: Int, cpu: Int32?, body: @escaping @Sendable (Int) -> Void) {
      self.index = index
      self.cpu = cpu
      self.body = body
    }
  }
  let cpus = allowedProcessors()
  var threads: [pthread_t] = []
  for index in 0..<count {
    let cpu = pinned && count <= cpus.count ? cpus[index] : nil
    let start = Unmanaged.passRetained(Start(index: index, cpu: cpu, body: body))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        if let cpu = start.cpu { _ = clinux_pin_to_cpu(cpu) }
        start.body(start.index)
        return nil
      }, start.toOpaque())
    precondition(status == 0, "a thread can be started: \(String(cString: strerror(status)))")
    threads.append(thread)
  }
  for thread in threads { pthread_join(thread, nil) }
}

/// The processors this process may use.
func allowedProcessors() -> [Int32] {
  var cpus = [Int32](repeating: 0, count: 1024)
  let count = Int(clinux_allowed_cpus(&cpus, Int32(cpus.count)))
  return count > 0 ? Array(cpus[..<count]) : [0]
}

/// Seconds of processor time that this thread has had; for benches.
func threadSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}

/// Seconds on the monotonic clock; for progress and time limits only, never for a decision about
/// states.
func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
