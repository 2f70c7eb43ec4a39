import Testing

extension EndToEndTests {
  /// disk.md's five ways to be wrong after a failed fsync, and two to be right, as a program of one
  /// file has them. `exits` is a subject that must end itself, the others carry on.
  @Suite(
    "What a log may do after a failed barrier",
    .enabled(if: Machine.runsForeignSubjects, "/dev/fuse does not open, or there is no Python"))
  struct FailedBarrierTests {
    private static func run(_ way: String, seeds: Int, status: Int32) throws -> ReportFile {
      let workspace = try Workspace()
      let outcome = try workspace.run(
        "failing", python: "failing_barrier.py \(way)", seeds: seeds)
      #expect(outcome.status == status, "\(way): \(outcome.output) \(outcome.errors)")
      workspace.expectNothingLeft()
      return try ReportFile(of: workspace)
    }

    @Test(
      "It may end itself, or go on in a new file, if it copies what it has read",
      arguments: ["exits", "moves"])
    func right(way: String) throws {
      let report = try Self.run(way, seeds: 4, status: 0)
      #expect(report.verdictNames == ["held"])
      #expect(report.activity.statesWithDrops > 50)
    }

    @Test(
      "Whoever tries again, trusts the cache, goes on, blames another or writes over is caught",
      arguments: ["retries", "trusts", "serves", "blames", "rewrites"])
    func wrong(way: String) throws {
      let report = try Self.run(way, seeds: 12, status: 1)
      #expect(report.verdictNames == ["broken"])
      let names: Set = [
        "acknowledged-write-lost", "acknowledged-after-failed-barrier",
        "deleted-record-resurrected",
      ]
      #expect(!names.isDisjoint(with: report.names), "\(report.names)")
    }
  }
}
