import Testing

extension EndToEndTests {
  @Suite(
    "Several requests outstanding",
    .enabled(if: Machine.runsForeignSubjects, "/dev/fuse does not open, or there is no Python"))
  struct ConcurrencyTests {
    @Test("A right log behind threads holds", arguments: ["", "--relaxed"])
    func right(options: String) throws {
      let report = try Self.run("threads.py \(options)", seeds: 3, status: 0)
      #expect(report.verdictNames == ["held"])
      #expect(report.activity.statesWithDrops > 50)
    }

    @Test(
      "The same log with one bug is broken by the right name",
      arguments: [
        ("--bug late-followers", ["acknowledged-write-lost", "deleted-record-resurrected"]),
        ("--bug stale-read", ["acknowledged-write-lost", "deleted-record-resurrected"]),
        (
          "--shuffled --bug early-leader",
          ["acknowledged-write-lost", "deleted-record-resurrected"]
        ),
      ])
    func wrong(options: String, names: [String]) throws {
      let report = try Self.run("threads.py \(options)", seeds: 3, status: 1)
      #expect(report.verdictNames == ["broken"])
      #expect(!Set(names).isDisjoint(with: report.names), "\(report.names)")
    }

    @Test("One that answers out of order, and the same every time, gives the same bytes")
    func outOfOrder() throws {
      var first: ReportFile.Determined?
      for jobs in ["1", "2", "1"] {
        let workspace = try Workspace()
        // The last of the options is the number of workers.
        let options = Workspace.python("threads.py --shuffled", seeds: 2).dropLast() + [jobs]
        let outcome = try workspace.run([Workspace.scenario("overlap"), "--quiet"] + options)
        #expect(outcome.status == 0, "\(outcome.output) \(outcome.errors)")
        let determined = try ReportFile(of: workspace).determined
        #expect(determined == first ?? determined)
        first = first ?? determined
        workspace.expectNothingLeft()
      }
    }

    @Test("Its failures replay and shrink to the requests that must overlap")
    func shrinks() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run("overlap", python: "threads.py --shuffled --bug early-leader")
      #expect(outcome.status == 1, "\(outcome.output) \(outcome.errors)")
      let violation = try #require(try ReportFile(of: workspace).violations.first)
      let replay = try workspace.torture(["replay", violation.directory])
      #expect(
        replay.lastLine.hasPrefix("torture: reproduced \(violation.name)"), "\(replay.output)")
      let shrunk = try workspace.torture(["shrink", violation.directory, "--quiet"])
      #expect(shrunk.status == 1, "\(shrunk.output) \(shrunk.errors)")
      let schedule = try String(file: violation.directory + "-shrunk/schedule")
      let lines = schedule.split(separator: "\n").filter { $0.hasPrefix("request ") }
      #expect(lines.count <= 4, "\(schedule)")
      // Without overlapping nothing is answered early.
      #expect(lines.contains { $0.contains(" after=") }, "\(schedule)")
      workspace.expectNothingLeft()
    }

    @Test("The log with group commit holds on both targets, where its bugs are found")
    func groupCommit() throws {
      for target in ["sim", "fuse"] {
        let held = try Self.runBuiltIn("group-commit", target, seeds: 2, status: 0)
        #expect(held.verdictNames == ["held"], "\(target)")
      }
      for bug in ["late-followers", "append-race"] {
        let broken = try Self.runBuiltIn("canary-" + bug, "fuse", seeds: 2, status: 1)
        #expect(broken.names.contains { $0.hasSuffix("lost") || $0.hasSuffix("resurrected") })
      }
    }

    @Test("The order on sim is drawn, and the same with one worker and with two")
    func simulated() throws {
      let options = [Workspace.scenario("overlap"), "--subject", "group-commit"]
      let one = try AgreementTests.determined(options, "sim", jobs: 1, seeds: 3)
      #expect(try AgreementTests.determined(options, "sim", jobs: 2, seeds: 3) == one)
    }

    private static func runBuiltIn(
      _ subject: String, _ target: String, seeds: Int, status: Int32
    ) throws -> ReportFile {
      let workspace = try Workspace()
      let outcome = try workspace.run([
        Workspace.scenario("overlap"), "--quiet", "--subject", subject, "--target", target,
        "--seed", "1", "--seeds", "\(seeds)", "--jobs", "1",
      ])
      #expect(outcome.status == status, "\(subject) \(target): \(outcome.output) \(outcome.errors)")
      workspace.expectNothingLeft()
      return try ReportFile(of: workspace)
    }

    private static func run(
      _ subject: String, seeds: Int, status: Int32
    ) throws -> ReportFile {
      try ForeignSubjectTests.run(subject, "overlap", seeds: seeds, status: status)
    }
  }
}
