import Testing

extension EndToEndTests {
  @Suite("The published designs", .enabled(if: Machine.hasFuse, "/dev/fuse does not open"))
  struct DesignsTests {
    @Test(
      "A design makes the same operations, states and outcomes on sim and on fuse",
      arguments: ["vecstore", "oxirs-sync", "dakera", "foxstash-sync", "velesdb"])
    func agreement(name: String) throws {
      let options = [Workspace.scenario("small"), "--subject", name]
      let inProcess = try Self.determined(options, "sim")
      let mounted = try Self.determined(options, "fuse")
      #expect(inProcess == mounted)
      #expect(inProcess.distinctCrashStates > 20)
    }

    /// What a run of one seed is determined to come to, whatever it finds.
    private static func determined(
      _ options: [String], _ target: String
    ) throws -> ReportFile.Determined {
      let workspace = try Workspace()
      let outcome = try workspace.run(
        options + ["--target", target, "--seed", "1", "--seeds", "1", "--jobs", "1", "--quiet"])
      #expect(outcome.status == 0 || outcome.status == 1, "\(outcome.errors)")
      workspace.expectNothingLeft()
      return try ReportFile(of: workspace).determined
    }
  }
}
