import Glibc

/// Measures `torture mount` against a bare C server on the same libfuse, and against the native
/// file system.
///
/// Against the bare server the two take turns, sample by sample, and a rate is per second of
/// processor time of server and client together: on one pinned processor that is the time that
/// passes, less what other programs take of it. Against the native file system the time that passes
/// counts, as its device is waited for.
struct MountBench {
  let program: String
  /// A directory on the native file system.
  let nativeDirectory: String
  let sampleCount = 7
  let isInterrupted: () -> Bool

  /// Calls `add` with each measurement as it is made.
  func measure(_ add: (Measurement) -> Void) throws(RunError) {
    for cached in [false, true] {
      try againstBare(cached: cached, add)
    }
    try againstNative(add)
    for (name, size) in [("1MiB-writes", 1 << 20), ("4KiB-writes", 4096)] {
      add(try memory(name, size))
    }
  }

  private func againstBare(
    cached: Bool, _ add: (Measurement) -> Void
  ) throws(RunError) {
    let ours = try BenchServer(.torture, cached: cached, program: program)
    let bare = try BenchServer(.bare, cached: cached, program: program)
    for workload in MountWorkload.allCases {
      var samples: [[Double]] = [[], []]
      // The first round is the warm-up.
      for round in 0...sampleCount {
        for (index, server) in [ours, bare].enumerated() {
          if isInterrupted() { throw .interrupted }
          let begun = server.processorSeconds + Self.ownProcessorSeconds
          try workload.run(workload.operations, in: server.directory)
          let taken = server.processorSeconds + Self.ownProcessorSeconds - begun
          if round > 0 { samples[index].append(Double(workload.operations) / taken) }
        }
      }
      add(
        Measurement(
          "mount.\(cached ? "cached" : "direct").\(workload.rawValue)", unit: "1/s", samples[0],
          peer: "a bare C server\(cached ? " with getxattr" : "")", peerSamples: samples[1]))
    }
  }

  private func againstNative(_ add: (Measurement) -> Void) throws(RunError) {
    let ours = try BenchServer(.torture, cached: false, program: program)
    let native = nativeDirectory + "/bench-\(getpid())"
    guard mkdir(native, 0o700) == 0 else {
      throw .harness("\(native) cannot be made: \(String(cString: strerror(errno)))")
    }
    defer {
      for name in ["small", "new", "old", "large"] { unlink(native + "/" + name) }
      rmdir(native)
    }
    let name = try Self.fileSystemName(of: native)
    for workload in MountWorkload.allCases {
      var samples: [[Double]] = [[], []]
      for round in 0...3 {
        for (index, directory) in [ours.directory, native].enumerated() {
          if isInterrupted() { throw .interrupted }
          let count = index == 0 ? workload.operations : workload.nativeOperations
          let begun = monotonicSeconds()
          try workload.run(count, in: directory)
          let taken = monotonicSeconds() - begun
          if round > 0 { samples[index].append(Double(count) / taken) }
        }
      }
      add(
        Measurement(
          "mount.native.\(workload.rawValue)", unit: "1/s", samples[0],
          peer: "the native file system (\(name))", peerSamples: samples[1]))
    }
  }

  /// How many bytes the server's memory grows by for each byte written and synced: 1 GiB, with one
  /// barrier at its end.
  private func memory(_ name: String, _ size: Int) throws(RunError) -> Measurement {
    let total = 1 << 30
    var grown: [Double] = []
    for kind in [BenchServer.Kind.torture, .bare] {
      let server = try BenchServer(kind, cached: false, program: program)
      // What the server needs once is not held against the bytes.
      try MountWorkload.fill(server.directory, total: 4 * size, size: size)
      let before = server.residentBytes
      try MountWorkload.fill(server.directory, total: total, size: size)
      grown.append((server.residentBytes - before) / Double(total))
      if isInterrupted() { throw .interrupted }
    }
    return Measurement(
      "mount.memory-per-synced-byte.\(name)", unit: "B/B", [grown[0]], peer: "a bare C server",
      peerSamples: [grown[1]], lessIsMore: true)
  }

  private static var ownProcessorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The type of the file system that `path` lies on, as /proc/self/mountinfo names it.
  private static func fileSystemName(of path: String) throws(RunError) -> String {
    guard let resolved = realpath(path, nil) else { return "unknown" }
    defer { free(resolved) }
    let place = String(cString: resolved) + "/"
    var found = (mountPoint: "", type: "unknown")
    for line in try Files.read("/proc/self/mountinfo").split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 4, let mark = words.firstIndex(of: "-"), mark + 1 < words.count else {
        continue
      }
      let mountPoint = words[4] == "/" ? "/" : words[4] + "/"
      // The longest, and of those the last: it hides the others.
      if place.hasPrefix(mountPoint), mountPoint.utf8.count >= found.mountPoint.utf8.count {
        found = (String(mountPoint), String(words[mark + 1]))
      }
    }
    return found.type
  }
}
