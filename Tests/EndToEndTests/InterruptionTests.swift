import Glibc
import Testing

extension EndToEndTests {
  @Suite("A run that is ended early", .enabled(if: Machine.hasFuse, "/dev/fuse does not open"))
  struct InterruptionTests {
    @Test(
      "A signal ends a run soon and cleanly, and the report has what was done so far",
      arguments: [SIGINT, SIGTERM])
    func signals(signal: Int32) throws {
      let workspace = try Workspace()
      let run = try KernelTests.startLongRun(workspace)
      usleep(700_000)
      run.signal(signal)
      let outcome = try run.wait(seconds: 20)
      #expect(outcome.complaints == [])
      #expect(outcome.output.contains("\ninterrupted: this is what was done so far\n"))
      let line = try #require(outcome.lastLine.wholeMatch(of: ReportTests.lastLine))
      let report = try ReportFile(of: workspace)
      #expect(report.interrupted)
      #expect(Int(line.2) == report.crashStates)
      #expect(outcome.status == (report.verdictNames == ["held"] ? 0 : 3))
      #expect(workspace.hasWholeReport)
      workspace.expectNothingLeft()
    }

    @Test("A signal in the middle of the proof of the planted bugs ends it as cleanly")
    func proof() throws {
      let workspace = try Workspace()
      let run = try workspace.start([
        "run", Workspace.scenario("small"), "--prove", "--target", "fuse", "--jobs", "1",
        "--report",
        workspace.report, "--scenarios", Machine.package + "/Scenarios",
      ])
      try #require(run.poll { workspace.processes().count >= 2 })
      run.signal(SIGINT)
      let outcome = try run.wait(seconds: 20)
      #expect(outcome.complaints == [])
      #expect(outcome.status == 3)
      #expect(try ReportFile(of: workspace).interrupted)
      workspace.expectNothingLeft()
    }

    @Test("What a killed run leaves is removed by the next one")
    func killed() throws {
      let workspace = try Workspace()
      let run = try KernelTests.startLongRun(workspace)
      run.signal(SIGKILL)
      _ = try run.wait(seconds: 20)
      // Its subject dies with it; nobody was there to unmount.
      #expect(run.poll(seconds: 10) { workspace.processes().isEmpty })
      #expect(!workspace.mounts().isEmpty)
      #expect(workspace.runDirectories().count == 1)
      let next = try workspace.run([
        Workspace.scenario("strict"), "--target", "fuse", "--seed", "1", "--seeds", "1", "--quiet",
      ])
      #expect(next.status == 0, "\(next.errors)")
      workspace.expectNothingLeft()
    }

    @Test("A run beside another one leaves the other's mount alone")
    func beside() throws {
      let workspace = try Workspace()
      let long = try KernelTests.startLongRun(workspace)
      let short = try workspace.torture([
        "run", Workspace.scenario("strict"), "--target", "fuse", "--seed", "1", "--seeds", "1",
        "--report", workspace.path + "/other",
      ])
      #expect(short.status == 0, "\(short.errors)")
      #expect(workspace.mounts().count == 1)
      #expect(!long.hasEnded())
      long.signal(SIGINT)
      #expect(try long.wait(seconds: 20).complaints == [])
      workspace.expectNothingLeft()
    }
  }
}
