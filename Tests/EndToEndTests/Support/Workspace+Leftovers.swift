import FoundationEssentials
import Glibc
import Testing

extension Workspace {
  /// Checks that a run left no mount, no process, no run directory and no half-written report.
  func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) {
    // A process that was killed is gone soon, not at once.
    for _ in 0..<200 where !processes().isEmpty { usleep(10_000) }
    #expect(processes() == [], sourceLocation: sourceLocation)
    #expect(mounts() == [], sourceLocation: sourceLocation)
    #expect(runDirectories() == [], sourceLocation: sourceLocation)
    #expect(halfWritten() == [], sourceLocation: sourceLocation)
  }

  /// What is mounted below the workspace.
  func mounts() -> [String] {
    let table = (try? String(file: "/proc/self/mountinfo")) ?? ""
    return table.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      return fields.count > 4 && fields[4].hasPrefix(path + "/") ? String(fields[4]) : nil
    }
  }

  /// Processes whose command line or environment names the workspace.
  func processes() -> [Int32] {
    names(in: "/proc").compactMap { Int32($0) }.filter { process in
      guard process != getpid(), !isZombie(process) else { return false }
      return ["cmdline", "environ"].contains { file in
        contains("/proc/\(process)/\(file)", path)
      }
    }
  }

  /// The run directories in the temporary base.
  func runDirectories() -> [String] {
    names(in: temporary).filter { $0.hasPrefix("torture-") }.flatMap { base in
      names(in: temporary + "/" + base).filter { $0 != ".gate" }.map { base + "/" + $0 }
    }
  }

  /// Whether the report is complete: all of its files.
  var hasWholeReport: Bool {
    ["junit.xml", "report.html", "report.json", "summary.md"]
      .allSatisfy { access(report + "/" + $0, R_OK) == 0 }
  }

  /// What stands in the report's directory and is no part of a finished report.
  private func halfWritten() -> [String] {
    let files = ["junit.xml", "report.html", "report.json", "summary.md"]
    let present = names(in: report)
    var wrong = present.filter { !files.contains($0) && $0 != "failures" }
    let missing = files.filter { !present.contains($0) }
    if !missing.isEmpty && missing.count < files.count { wrong += missing.map { "no " + $0 } }
    for failure in names(in: report + "/failures") {
      let parts = names(in: report + "/failures/" + failure)
      let whole = ["history", "scenario.json5", "schedule", "verdict"]
      // A crash has its state and what recovery made of it besides.
      let ofCrash = ["disk", "outcome", "recovered"]
      let isWhole =
        parts.filter { !ofCrash.contains($0) } == whole
        && [0, ofCrash.count].contains(parts.count { ofCrash.contains($0) })
      if failure.hasPrefix(".") || !isWhole { wrong.append(failure) }
    }
    return wrong
  }

  private func names(in directory: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
  }

  /// Whether a file of strings with a zero byte behind each has `text` in one of its first.
  /// Searched by libc: there are many processes, and this is asked after every run.
  private func contains(_ file: String, _ text: String) -> Bool {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
      let count = read(descriptor, buffer.baseAddress, buffer.count - 1)
      guard count > 0 else { return false }
      buffer[count] = 0
      let strings = buffer.bindMemory(to: CChar.self)
      var start = 0
      while start < count, let string = strings.baseAddress.map({ $0 + start }) {
        if strstr(string, text) != nil { return true }
        start += strlen(string) + 1
      }
      return false
    }
  }

  private func isZombie(_ process: Int32) -> Bool {
    guard let status = try? String(file: "/proc/\(process)/stat") else { return true }
    return status.split(separator: ")").last?.dropFirst().first == "Z"
  }
}
