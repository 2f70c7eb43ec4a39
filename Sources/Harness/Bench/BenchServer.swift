import FaultFS
import Glibc

/// A file system that a measurement runs against: a mount served by a process of its own, or a
/// directory of the native file system.
final class BenchServer {
  /// What serves.
  enum Kind: Equatable {
    /// `torture mount`, as anybody runs it.
    case torture
    /// The bare C server.
    case bare
  }

  /// Where to make files.
  let directory: String
  private let run: RunDirectory
  private let process: pid_t
  private var processClock = clockid_t()

  /// Starts a server and waits until its mount stands.
  init(_ kind: Kind, cached: Bool, program: String) throws(RunError) {
    do throws(RunDirectoryFailure) { run = try RunDirectory() } catch {
      throw .notMeasured("\(error)")
    }
    directory = run.mountPoint
    let mode = cached ? "cached" : "direct"
    let words =
      switch kind {
      case .torture: [program, "mount", directory, "--mode", mode]
      case .bare: [program, "bench-peer", directory, mode]
      }
    process = try Self.start(words)
    let deadline = monotonicSeconds() + 10
    while !FuseMount.isMountPoint(directory) {
      guard monotonicSeconds() < deadline, waitpid(process, nil, WNOHANG) == 0 else {
        stop()
        throw .notMeasured(
          "\(words.joined(separator: " ")) does not mount; torture doctor says why")
      }
      usleep(10_000)
    }
    guard clock_getcpuclockid(process, &processClock) == 0 else {
      stop()
      throw .harness("the processor time of another process cannot be read")
    }
  }

  deinit { stop() }

  /// The processor time of the server so far, in seconds.
  var processorSeconds: Double {
    var time = timespec()
    clock_gettime(processClock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The memory that the server has resident, in bytes.
  var residentBytes: Double {
    let words = ((try? Files.read("/proc/\(process)/statm")) ?? "").split(separator: " ")
    guard words.count > 1, let pages = Double(words[1]) else { return 0 }
    return pages * 4096
  }

  /// Unmounts and waits for the process. A second call does nothing.
  private func stop() {
    // The server ends when its mount is gone; a process that does not is killed.
    run.remove()
    for _ in 0..<300 {
      let ended = waitpid(process, nil, WNOHANG)
      if ended != 0 { return }
      usleep(10_000)
    }
    kill(process, SIGKILL)
    waitpid(process, nil, 0)
  }

  private static func start(_ words: [String]) throws(RunError) -> pid_t {
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    var process: pid_t = 0
    let error = posix_spawn(&process, words[0], &actions, nil, arguments, environ)
    guard error == 0 else {
      throw .harness("\(words[0]) cannot be started: \(String(cString: strerror(error)))")
    }
    return process
  }
}
