import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol
import Subjects
import Testing

@testable import Harness

@Suite("Exploring a seed")
struct ExplorerTests {
  /// Planted bugs that show in any workload; the proof of a run (`--prove`) tries them all.
  static let everyday: [PlantedBug] = [
    .noFsync, .noDirectoryFsync, .acknowledgeBeforeSync, .noChecksum, .tornTailLeft,
    .uncommittedReplayed, .fsyncErrorIgnored, .logDeletedEarly, .batchSplit, .tornTailRefused,
  ]

  private func scenario(_ change: (inout Scenario) -> Void = { _ in }) -> Scenario {
    var scenario = Scenario(name: "test", purpose: "a test")
    scenario.operations = 16
    // Crashes inside recoveries have tests of their own.
    scenario.explosion.recoveries = 1
    scenario.explosion.depth = 1
    change(&scenario)
    return scenario
  }

  private func session(
    _ subject: String, _ scenario: Scenario
  ) throws -> SubjectSession {
    let target = try TargetFactory(program: "").make(.sim, subject: .builtIn(subject))
    return try SubjectSession(
      target: target, kind: .sim, scenarioName: scenario.name, scenario: scenario,
      subjectName: subject)
  }

  private func explore(
    _ subject: String, _ scenario: Scenario, seed: UInt64, stopsAt: Set<String> = []
  ) throws -> Explorer {
    var explorer = Explorer(session: try session(subject, scenario), seed: Seed(seed))
    explorer.stopsAt = stopsAt
    try explorer.run()
    return explorer
  }

  @Test(
    "The same seed gives the same states, outcomes and counts", arguments: [1, 2, 3] as [UInt64])
  func deterministic(seed: UInt64) throws {
    let first = try explore("reference", scenario(), seed: seed)
    let second = try explore("reference", scenario(), seed: seed)
    #expect(first.statistics.stateDigest == second.statistics.stateDigest)
    #expect(first.statistics.outcomeDigest == second.statistics.outcomeDigest)
    #expect(first.statistics.crashStates == second.statistics.crashStates)
    #expect(first.statistics.distinctCrashStates > 50)
    #expect(first.coverage.places == second.coverage.places)
    #expect(first.coverage.reach == second.coverage.reach)
    #expect(first.coverage.behaviourDigests == second.coverage.behaviourDigests)
    let other = try explore("reference", scenario(), seed: seed + 100)
    #expect(other.statistics.stateDigest != first.statistics.stateDigest)
  }

  @Test("Stores that are right hold", arguments: ["reference", "minimal"])
  func rightStoresHold(subject: String) throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      let explorer = try explore(subject, scenario { $0.epochs = 3 }, seed: seed)
      #expect(
        explorer.failures.isEmpty,
        """
        \(explorer.failures.map(\.name)): torture run smoke --subject \(subject) --target sim \
        --seed \(seed) --seeds 1
        """)
      #expect(explorer.statistics.statesWithDrops > 0)
      #expect(explorer.statistics.barriers > 0)
    }
  }

  @Test("Stores that are right hold when an fsync fails", arguments: ["reference", "minimal"])
  func rightStoresHoldUnderFaults(subject: String) throws {
    var fired = 0
    for seed in 1...4 as ClosedRange<UInt64> {
      let faulty = scenario {
        $0.epochs = 3
        $0.faults = [FaultTemplate(.call(.fsync), .fails(errno: "EIO"))]
      }
      let explorer = try explore(subject, faulty, seed: seed)
      #expect(explorer.failures.isEmpty, "\(explorer.failures.map(\.name)), seed \(seed)")
      #expect(explorer.statistics.faultsNotFired == 0)
      fired += explorer.statistics.failedBarriers
    }
    #expect(fired > 4)
  }

  @Test(
    "Every planted bug is found by a right name within ten seeds", arguments: everyday)
  func plantedBugs(bug: PlantedBug) throws {
    let expected = Set(bug.expectedViolations)
    let aimed = scenario {
      $0.operations = 24
      $0.epochs = 3
      $0.swarm = false
      $0.recordBytes.maximum = 2000
      if bug == .fsyncErrorIgnored {
        $0.faults = [FaultTemplate(.call(.fsync), .fails(errno: "EIO"))]
      }
    }
    var found: Set<String> = []
    for seed in 1...10 as ClosedRange<UInt64> where found.isDisjoint(with: expected) {
      let explorer = try explore(
        "canary-" + bug.rawValue, aimed, seed: seed, stopsAt: expected)
      found.formUnion(explorer.failures.map(\.name.rawValue))
    }
    #expect(!found.isDisjoint(with: expected), "found \(found.sorted()) for \(bug.rawValue)")
  }

  @Test(
    "A recovery that is wrong only when it is crashed is found by crashing it, and replays",
    arguments: [.recoveryTruncatesEarly, .recoveryNotIdempotent] as [PlantedBug])
  func crashedRecoveries(bug: PlantedBug) throws {
    // One life that never opens twice: nothing but a recorded recovery can show it.
    let aimed = scenario {
      $0.operations = 24
      $0.epochs = 1
      $0.swarm = false
      $0.explosion.recoveries = 6
      $0.explosion.depth = 2
      $0.weights = .none
      $0.weights[.put] = 10
      $0.weights[.delete] = 3
      $0.weights[.checkpoint] = 3
    }
    let subject = "canary-" + bug.rawValue
    let expected = Set(bug.expectedViolations)
    var found: [Failure] = []
    for seed in 1...6 as ClosedRange<UInt64> {
      var shallow = aimed
      shallow.explosion.depth = 0
      let without = try explore(subject, shallow, seed: seed)
      #expect(without.failures.isEmpty, "\(without.failures.map(\.name)), seed \(seed)")
      #expect(without.statistics.recoveryEpochs == 0)
      let with = try explore(subject, aimed, seed: seed)
      #expect(with.statistics.recoveryEpochs > 3)
      found += with.failures.filter { expected.contains($0.name.rawValue) }
    }
    let failure = try #require(found.first)
    let printed = ScheduleFile(failure, subject: .builtIn(subject)).text
    let schedule = try ScheduleFile(parsing: printed, file: "schedule")
    #expect(schedule.epochs == failure.epochs)
    let result = try Replayer(session: try session(subject, aimed), schedule: schedule).replay()
    #expect(result.reproduces(schedule), "\(failure.name) of \(failure.seed): \(result.names)")
  }

  @Test("A durable store loses data on a lying disk")
  func lyingDisk() throws {
    let lying = scenario {
      $0.disk.liesAboutBarriers = true
      $0.expects = .loss
      $0.crashes = [.power]
    }
    #expect(!(try explore("reference", lying, seed: 1)).failures.isEmpty)
  }

  @Test(
    "Every failure replays: the same name, the same crash state", arguments: everyday)
  func replays(bug: PlantedBug) throws {
    let aimed = scenario {
      $0.operations = 12
      $0.epochs = 3
      $0.swarm = false
      $0.continuations = bug == .tornTailLeft ? 4 : 1
      $0.explosion.exhaustiveUpTo = 16
      $0.explosion.samplesPerPoint = 4
      if bug == .fsyncErrorIgnored {
        $0.faults = [FaultTemplate(.call(.fsync), .fails(errno: "EIO"))]
      }
    }
    let subject = "canary-" + bug.rawValue
    var replayed = 0
    for seed in 1...3 as ClosedRange<UInt64> {
      for failure in try explore(subject, aimed, seed: seed).failures {
        let printed = ScheduleFile(failure, subject: .builtIn(subject)).text
        let schedule = try ScheduleFile(parsing: printed, file: "schedule")
        let result = try Replayer(session: try session(subject, aimed), schedule: schedule).replay()
        #expect(result.reproduces(schedule), "\(failure.name) of seed \(seed): \(result.names)")
        #expect(result.stateDigest == failure.stateDigest)
        replayed += 1
      }
    }
    #expect(replayed > 0)
  }

  @Test("An image that is right before an acknowledgement is a loss after it")
  func sameImageTwoVerdicts() throws {
    var found: (failure: Failure, seed: Seed)?
    for seed in 1...20 as ClosedRange<UInt64> where found == nil {
      let explorer = try explore(
        "canary-acknowledge-before-sync", scenario { $0.epochs = 1 }, seed: seed,
        stopsAt: ["acknowledged-write-lost"])
      found = explorer.failures.first { $0.name == .acknowledgedWriteLost }
        .map { ($0, Seed(seed)) }
    }
    let (failure, seed) = try #require(found)
    let crash = try #require(failure.epochs.last?.crash)
    // The state was made at an earlier point, where it was judged and permitted.
    #expect(crash.origin <= crash.point)
    let session = try session("canary-acknowledge-before-sync", scenario { $0.epochs = 1 })
    let epoch = try EpochRecorder(session).record(
      disk: Disk(parameters: session.scenario.disk), oracle: session.freshOracle(),
      requests: session.requests(epoch: 0, seed: seed), faults: [])
    var judge = PointJudge(epoch: epoch)
    let disk = judge.disk(for: crash)
    let outcome = try session.recoverer.recover(disk, freshProcess: true)
    func verdict(at point: Int) -> PointJudge.Verdict {
      let step = CrashStep(point: point, origin: min(crash.origin, point), kind: crash.kind)
      return judge.judge(
        outcome,
        Visit(key: disk.stateDigest(), step: step, model: epoch.model(at: point), disk: disk))
    }
    guard case .broken = verdict(at: crash.point) else {
      Issue.record("the loss is none")
      return
    }
    let writes = epoch.recording.operations.indices.filter {
      epoch.recording.operations[$0].operation.kindName == "write" && $0 < crash.point
    }
    let before = try #require(writes.last)
    guard case .permitted = verdict(at: before) else {
      Issue.record("the same image was permitted before the write that is lost")
      return
    }
  }
}
