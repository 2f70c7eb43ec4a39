import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol
import Testing

@testable import Harness

/// Scenarios with faults of every kind: stores that are right hold, those that are not are found.
@Suite("Scenarios with faults")
struct FaultScenarioTests {
  func scenario(_ change: (inout Scenario) -> Void) -> Scenario {
    var scenario = Scenario(name: "test", purpose: "a test")
    scenario.operations = 20
    scenario.epochs = 2
    scenario.continuations = 2
    scenario.explosion.exhaustiveUpTo = 16
    scenario.explosion.samplesPerPoint = 6
    scenario.explosion.recoveries = 2
    scenario.explosion.depth = 1
    change(&scenario)
    return scenario
  }

  func session(_ subject: String, _ scenario: Scenario) throws -> SubjectSession {
    let target = try TargetFactory(program: "").make(.sim, subject: .builtIn(subject))
    return try SubjectSession(
      target: target, kind: .sim, scenarioName: scenario.name, scenario: scenario,
      subjectName: subject)
  }

  func explore(_ subject: String, _ scenario: Scenario, seed: UInt64) throws -> Explorer {
    var explorer = Explorer(session: try session(subject, scenario), seed: Seed(seed))
    try explorer.run()
    return explorer
  }

  @Test(
    "A failure is found again from its schedule, which has the faults that fired and no others",
    arguments: ["dakera", "canary-fsync-error-ignored"])
  func again(subject: String) throws {
    let many = ["fsync", "fsyncdir", "write", "open", "create", "unlink", "readdir"].map {
      FaultTemplate(.call(FaultableOperation(rawValue: $0) ?? .read), .fails(errno: "EIO"))
    }
    let scenario = scenario {
      $0.faults = many
      $0.epochs = 3
    }
    let session = try session(subject, scenario)
    var found = 0
    var leftOut = 0
    for seed in 1...6 as ClosedRange<UInt64> {
      let explorer = try explore(subject, scenario, seed: seed)
      leftOut += explorer.statistics.faultsNotFired
      for failure in explorer.failures {
        found += 1
        let trial = Trial(session: session, seed: Seed(seed), goal: nil, name: failure.name)
        guard case .same(let shown) = try trial.run(Candidate(failure.epochs), reach: .exact) else {
          Issue.record("seed \(seed): \(failure.name.rawValue) is not found again")
          continue
        }
        #expect(shown.cause == failure.cause, "seed \(seed)")
        let scheduled = failure.epochs.flatMap(\.faults)
        #expect(shown.lives.flatMap(\.script.faults) == scheduled, "seed \(seed)")
        #expect(failure.cause.faults.allSatisfy(scheduled.map(\.pattern).contains))
      }
    }
    #expect(found > 0 && leftOut > 0, "\(found) failures, \(leftOut) faults that did not fire")
  }

  static let kinds: [(name: String, faults: [FaultTemplate], quota: QuotaRange?)] = [
    (
      "late errors",
      [
        FaultTemplate(.background(.writeBack), .fails(errno: "EIO")),
        FaultTemplate(.background(.evict), .done),
      ], nil
    ),
    (
      "short transfers",
      [
        FaultTemplate(.call(.write), .short(most: 40)),
        FaultTemplate(.call(.read), .short(most: 9)),
        FaultTemplate(.call(.fsync), .slow(most: 5)),
      ], nil
    ),
    ("a call that hangs", [FaultTemplate(.call(.write), .hangs)], nil),
    (
      "a journal that fails",
      [
        {
          var template = FaultTemplate(.call(.fsync), .fails(errno: "EIO"))
          template.states = [.ext4Abort, .xfsShutdown, .btrfsReadOnly]
          return template
        }()
      ], nil
    ),
    ("a full disk", [], QuotaRange(minimum: 4096, maximum: 24_576)),
  ]

  @Test("Stores that are right hold, and what was to happen did", arguments: 0..<5)
  func hold(index: Int) throws {
    let kind = Self.kinds[index]
    var fired = 0
    for seed in 1...3 as ClosedRange<UInt64> {
      let explorer = try explore(
        "reference",
        scenario {
          $0.faults = kind.faults
          $0.quota = kind.quota
          $0.recordBytes.maximum = 3000
        }, seed: seed)
      #expect(
        explorer.failures.isEmpty,
        "\(kind.name), seed \(seed): \(explorer.failures.map { "\($0.name) \($0.explanation)" })")
      // Of several faults one may end what the others were to strike.
      let isAlone = kind.faults.count == 1
      #expect(
        !isAlone || explorer.statistics.faultsNotFired == 0, "\(kind.name), seed \(seed)")
      fired += explorer.statistics.faultsFired
    }
    #expect(fired > 0 || kind.faults.isEmpty, "\(kind.name)")
  }

  @Test("A store that ignores a failing fsync is found by a late error, too")
  func lateErrorIsFound() throws {
    var names: Set<String> = []
    for seed in 1...6 as ClosedRange<UInt64> where names.isEmpty {
      let explorer = try explore(
        "canary-fsync-error-ignored",
        scenario { $0.faults = [FaultTemplate(.background(.writeBack), .fails(errno: "EIO"))] },
        seed: seed)
      names.formUnion(explorer.failures.map(\.name.rawValue))
    }
    #expect(!names.isEmpty)
  }

  @Test("Where a model loses all that is pending, a cause names what had to be lost alone")
  func causeUnderLazyFS() throws {
    var found = 0
    for seed in 1...8 as ClosedRange<UInt64> {
      let explorer = try explore(
        "canary-failed-fsync-retried",
        scenario {
          $0.disk.model = .lazyfs
          $0.faults = [FaultTemplate(.call(.fsync), .fails(errno: "EIO"))]
        }, seed: seed)
      for failure in explorer.failures where failure.name == .acknowledgedAfterFailedBarrier {
        found += 1
        #expect(failure.cause.missing == [], "seed \(seed): \(failure.cause.text)")
        #expect(!failure.cause.faults.isEmpty)
      }
    }
    #expect(found > 0)
  }

  func media(_ kinds: [MediaFaultKind], detects: Bool? = nil) -> Scenario {
    scenario {
      $0.epochs = 1
      $0.operations = 24
      $0.swarm = false
      $0.crashes = [.power]
      $0.media = kinds
      if let detects { $0.contract.detects = detects ? ["bit-rot"] : [] }
    }
  }

  @Test(
    "The reference reports what is proven, and serves nothing that was never written",
    arguments: MediaFaultKind.allCases)
  func referenceUnderDamage(kind: MediaFaultKind) throws {
    for seed in 1...2 as ClosedRange<UInt64> {
      let explorer = try explore("reference", media([kind]), seed: seed)
      #expect(
        explorer.failures.isEmpty, "\(kind), seed \(seed): \(explorer.failures.map(\.explanation))")
      #expect(explorer.statistics.crashStates > 10)
    }
  }

  @Test("A store without checksums serves what nobody wrote")
  func noChecksum() throws {
    var names: Set<String> = []
    for seed in 1...3 as ClosedRange<UInt64> {
      let explorer = try explore("canary-no-checksum", media([.bitFlip]), seed: seed)
      names.formUnion(explorer.failures.map(\.name.rawValue))
      for failure in explorer.failures {
        let schedule = try ScheduleFile(
          parsing: ScheduleFile(failure, subject: .builtIn("canary-no-checksum")).text, file: "s")
        let session = try session("canary-no-checksum", media([.bitFlip]))
        let result = try Replayer(session: session, schedule: schedule).replay()
        #expect(result.reproduces(schedule), "\(failure.name), seed \(seed)")
      }
    }
    #expect(names.contains("wrong-vector") || names.contains("phantom-record"))
  }

  @Test("Damage is tried on a store that never said it would notice only where it was named")
  func unclaimed() throws {
    var lying = scenario { $0.disk.liesAboutBarriers = true }
    lying.name = "lying"
    for (scenario, isHeld) in [(media([.bitFlip]), false), (lying, false), (lying, true)] {
      var plan = RunPlan(
        scenarios: [.init(name: scenario.name, scenario: scenario, source: "")], targets: [.sim],
        subject: .builtIn(isHeld ? "minimal" : "canary-no-checksum"), seed: Seed(1),
        limit: .seeds(1), jobs: 1)
      let unnamed = report(of: plan)
      let reasons = unnamed.assumptions.filter { $0.hasPrefix("not tried: scenario") }
      #expect(unnamed.verdicts.isEmpty == !isHeld && reasons.count == (isHeld ? 0 : 1))
      #expect(isHeld || reasons.first?.contains("detects bit-rot") == true, "\(reasons)")
      plan.namesScenarios = true
      #expect(report(of: plan).verdicts.count == 1)
    }
  }

  @Test("A store that cuts proven records away is told so, where it promises to detect bit rot")
  func cutAway() throws {
    let subject = "canary-damage-cut-as-tail"
    var promised: Set<String> = []
    var silent: Set<String> = []
    for seed in 1...3 as ClosedRange<UInt64> {
      promised.formUnion(
        try explore(subject, media([.bitFlip, .zeroedSector], detects: true), seed: seed)
          .failures.map(\.name.rawValue))
      silent.formUnion(
        try explore(subject, media([.bitFlip, .zeroedSector], detects: false), seed: seed)
          .failures.map(\.name.rawValue))
    }
    #expect(promised == ["silent-corruption"])
    #expect(silent == [])
  }

  @Test("On a disk that lies a store may lose, and must not invent")
  func lyingDisk() throws {
    let lying = scenario {
      $0.epochs = 1
      $0.crashes = [.power]
      $0.disk.liesAboutBarriers = true
    }
    #expect(try explore("reference", lying, seed: 1).failures.isEmpty)
    let control = scenario {
      $0.crashes = [.power]
      $0.disk.liesAboutBarriers = true
      $0.expects = .loss
    }
    #expect(!(try explore("reference", control, seed: 1)).failures.isEmpty)
  }
}
