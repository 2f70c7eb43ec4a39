import Glibc
import Testing

extension EndToEndTests {
  @Suite("The kernel between", .enabled(if: Machine.hasFuse, "/dev/fuse does not open"))
  struct KernelTests {
    @Test(
      "A subject on fuse makes its system calls on the mount",
      .enabled(if: Machine.has("strace"), "strace is not installed"),
      // A traced fusermount3 has no rights but the user's.
      .enabled(if: geteuid() == 0, "only root can mount under strace"))
    func systemCalls() throws {
      let workspace = try Workspace()
      let trace = workspace.path + "/trace"
      let outcome = try workspace.run(
        [
          Workspace.scenario("strict"), "--target", "fuse", "--seed", "1", "--seeds", "1", "--jobs",
          "1",
        ],
        after: [
          "strace", "--follow-forks", "--decode-fds=path", "--output=\(trace)",
          "--trace=pwrite64,fdatasync,fsync,openat",
        ])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let lines = try String(file: trace).split(separator: "\n")
      let mount = workspace.temporary + "/torture-"
      for call in ["pwrite64(", "fdatasync(", "fsync("] {
        // NUMBER call(DESCRIPTOR<PATH>, …) = RESULT
        let calls = lines.filter { $0.contains(" \(call)") && $0.contains("<\(mount)") }
        #expect(calls.contains { $0.contains("/mount/w") }, "\(call)")
      }
      workspace.expectNothingLeft()
    }

    @Test("A run whose mount is taken away fails, with one line and nothing left behind")
    func unmounting() throws {
      let workspace = try Workspace()
      let run = try Self.startLongRun(workspace)
      let mount = try #require(workspace.mounts().first)
      usleep(300_000)
      try #require(workspace.unmount(mount))
      let outcome = try run.wait(seconds: 30)
      #expect(outcome.status == 3)
      #expect(outcome.complaints.count == 1)
      #expect(outcome.complaints.first?.contains("\(mount) is gone") == true, "\(outcome.errors)")
      let report = try ReportFile(of: workspace)
      #expect(report.problem?.contains("is gone") == true)
      #expect(report.violations.isEmpty)
      #expect(try String(file: workspace.report + "/summary.md").hasPrefix("# Not finished"))
      #expect(outcome.lastLine.wholeMatch(of: ReportTests.lastLine) != nil)
      workspace.expectNothingLeft()
    }

    @Test("The mount may lie anywhere", arguments: ["a b\tü\\x", "relative", "./dots/../dots/"])
    func places(directory: String) throws {
      let workspace = try Workspace()
      let place = workspace.path + "/" + directory
      let made = try Started(["mkdir", "-p", place], environment: [], output: workspace.path).wait()
      #expect(made.status == 0)
      let isRelative = directory != "a b\tü\\x"
      let outcome = try workspace.run(
        [
          Workspace.scenario("strict"), "--target", "fuse", "--seed", "1", "--seeds", "1",
          "--quiet",
        ],
        after: ["env", "--chdir=\(workspace.path)", "TMPDIR=\(isRelative ? directory : place)"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      workspace.expectNothingLeft()
    }

    /// Starts a run that would go on for a minute, and waits until it has a mount and a subject on
    /// it.
    static func startLongRun(_ workspace: Workspace) throws -> Started {
      let run = try workspace.start([
        "run", Workspace.scenario("small"), "--target", "fuse", "--seed", "1", "--time", "60",
        "--jobs", "1", "--report", workspace.report,
      ])
      let hasBegun = run.poll {
        !workspace.mounts().isEmpty && workspace.processes().count >= 2
      }
      try #require(hasBegun, "the run should have mounted and started its subject")
      return run
    }
  }
}
