import Glibc
import Testing

extension EndToEndTests {
  @Suite("The same seed", .enabled(if: Machine.hasFuse, "/dev/fuse does not open"))
  struct AgreementTests {
    @Test("Smoke comes to the same on sim and on fuse, with one worker and with two")
    func smoke() throws {
      var first: ReportFile.Determined?
      for (target, jobs) in [("sim", 1), ("sim", 2), ("fuse", 1), ("fuse", 2)] {
        let determined = try Self.determined(["smoke"], target, jobs: jobs, seeds: 2)
        #expect(determined == first ?? determined, "\(target), \(jobs) workers")
        first = first ?? determined
      }
      #expect((first?.distinctCrashStates ?? 0) > 500)
      #expect((first?.activity.statesWithDrops ?? 0) > 100)
    }

    @Test(
      "Faults come to the same on sim and on fuse",
      arguments: ["hanging-calls", "short-io", "stopped-disk"])
    func faults(scenario: String) throws {
      let inProcess = try Self.determined([scenario], "sim", jobs: 1, seeds: 1)
      let mounted = try Self.determined([scenario], "fuse", jobs: 1, seeds: 1)
      #expect(inProcess == mounted)
    }

    @Test(
      "A fault of any kind of call meets the same call on sim and on fuse",
      arguments: [
        "create", "open", "opendir", "read", "readdir", "write", "fsync", "fsyncdir", "rename",
        "unlink",
      ])
    func calls(operation: String) throws {
      let workspace = try Workspace()
      let scenario = try workspace.write(
        """
        {
          purpose: "one kind of call fails, in each life once",
          dimension: 3, operations: 14, epochs: 2, swarm: false,
          weights: { put: 40, delete: 10, flush: 6, checkpoint: 10, reopen: 8 },
          recordBytes: { minimum: 0, maximum: 900 },
          faults: [{ operation: "\(operation)", errno: "EIO", role: "*", share: 100 }],
          explosion: { exhaustiveUpTo: 8, samplesPerPoint: 4, recoveries: 1, depth: 1 },
          options: { segmentBytes: 4096 },
        }
        """, to: "one-call.json5")
      let inProcess = try Self.determined([scenario], "sim", jobs: 1, seeds: 1)
      let mounted = try Self.determined([scenario], "fuse", jobs: 1, seeds: 1)
      #expect(inProcess == mounted)
      #expect(inProcess.activity.faultsFired > 0)
    }

    @Test("Three runs in a row come to the same", arguments: ["sim", "fuse"])
    func repetition(target: String) throws {
      let scenario = [Workspace.scenario("small")]
      let first = try Self.determined(scenario, target, jobs: 1, seeds: 1)
      for round in 2...3 {
        let again = try Self.determined(scenario, target, jobs: 1, seeds: 1)
        #expect(again == first, "round \(round)")
      }
    }

    @Test("A planted bug is found in the same states on both targets")
    func plantedBug() throws {
      let options = [Workspace.scenario("small"), "--subject", "canary-no-fsync"]
      let inProcess = try Self.determined(options, "sim", jobs: 1, seeds: 1, status: 1)
      let mounted = try Self.determined(options, "fuse", jobs: 1, seeds: 1, status: 1)
      #expect(inProcess == mounted)
      #expect(!inProcess.names.isEmpty)
    }

    @Test("Another seed comes to something else")
    func anotherSeed() throws {
      let workspace = try Workspace()
      var digests: Set<String> = []
      for seed in ["1", "0x2", "00000000000000000000000000000000000000ab"] {
        let outcome = try workspace.run(
          [Workspace.scenario("small"), "--target", "sim", "--seed", seed, "--seeds", "1"])
        #expect(outcome.status == 0)
        digests.insert(try ReportFile(of: workspace).activity.stateDigest)
      }
      #expect(digests.count == 3)
    }

    /// What a run is determined to come to.
    static func determined(
      _ options: [String], _ target: String, jobs: Int, seeds: Int, status: Int32 = 0
    ) throws -> ReportFile.Determined {
      let workspace = try Workspace()
      let outcome = try workspace.run(
        options + [
          "--target", target, "--seed", "1", "--seeds", "\(seeds)", "--jobs", "\(jobs)", "--quiet",
        ])
      #expect(outcome.status == status, "\(outcome.errors)")
      #expect(outcome.complaints == [])
      workspace.expectNothingLeft()
      let report = try ReportFile(of: workspace)
      #expect(report.target == target)
      #expect(report.seeds == seeds)
      return report.determined
    }
  }
}
