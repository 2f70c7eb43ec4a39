import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol
import Subjects
import Testing

@testable import Harness

@Suite("Restarts with another clock and other options")
struct RestartTests {
  static func scenario() -> Scenario {
    var scenario = Scenario(name: "test", purpose: "a test")
    scenario.operations = 14
    scenario.epochs = 3
    scenario.continuations = 2
    scenario.keys.count = 4
    scenario.keys.hot = 2
    scenario.explosion.exhaustiveUpTo = 16
    scenario.explosion.samplesPerPoint = 6
    scenario.explosion.recoveries = 1
    scenario.explosion.depth = 1
    return scenario
  }

  static func explore(_ subject: String, _ scenario: Scenario, seed: UInt64) throws -> Explorer {
    let target = try TargetFactory(program: "").make(.sim, subject: .builtIn(subject))
    let session = try SubjectSession(
      target: target, kind: .sim, scenarioName: scenario.name, scenario: scenario,
      subjectName: subject)
    var explorer = Explorer(session: session, seed: Seed(seed))
    try explorer.run()
    return explorer
  }

  @Test("A store that orders by the time of day is found where the clock steps back only")
  func clockOrder() throws {
    var found = 0
    for seed in 1...5 as ClosedRange<UInt64> {
      var scenario = Self.scenario()
      let steady = try Self.explore("canary-clock-ordered", scenario, seed: seed)
      #expect(steady.failures.isEmpty, "\(steady.failures.map(\.name)), seed \(seed)")
      scenario.clock = [.stepsBack]
      let stepping = try Self.explore("canary-clock-ordered", scenario, seed: seed)
      found += stepping.failures.count
      for failure in stepping.failures {
        let printed = ScheduleFile(failure, subject: .builtIn("canary-clock-ordered")).text
        let schedule = try ScheduleFile(parsing: printed, file: "schedule")
        let target = try TargetFactory(program: "").make(
          .sim, subject: .builtIn("canary-clock-ordered"))
        let session = try SubjectSession(
          target: target, kind: .sim, scenarioName: "test", scenario: scenario,
          subjectName: "canary-clock-ordered")
        let result = try Replayer(session: session, schedule: schedule).replay()
        #expect(result.reproduces(schedule), "\(failure.name), seed \(seed): \(result.names)")
      }
    }
    #expect(found > 0)
  }

  @Test("A life is held to what is promised under its own options")
  func otherOptions() throws {
    var scenario = Self.scenario()
    scenario.clock = ClockPlan.Change.allCases
    scenario.options = .object([.init(key: Array("segmentBytes".utf8), value: .number(2048))])
    scenario.restartOptions = [
      .object([.init(key: Array("sync".utf8), value: .string(Array("on-flush".utf8)))]),
      .object([.init(key: Array("syncEvery".utf8), value: .number(3))]),
      .object([.init(key: Array("segmentBytes".utf8), value: .number(8192))]),
    ]
    var drawn: Set<Int> = []
    for seed in 1...5 as ClosedRange<UInt64> {
      let explorer = try Self.explore("reference", scenario, seed: seed)
      #expect(explorer.failures.isEmpty, "\(explorer.failures.map(\.name)), seed \(seed)")
      let session = explorer.session
      #expect(session.promises.count == 4)
      for life in 1...2 {
        for scheduled in session.requests(epoch: life, seed: Seed(seed)) {
          guard case .open(_, _, let options) = scheduled.request else { continue }
          let promise = try #require(session.promise(under: options))
          let isVolatile = promise.acknowledgement(after: .power) == .volatile
          if options["sync"] != nil { drawn.insert(0) }
          if options["syncEvery"] != nil { drawn.insert(1) }
          #expect(isVolatile == (options["sync"] != nil || options["syncEvery"] != nil))
        }
      }
    }
    // Were nothing drawn, nothing would have been tried.
    #expect(drawn == [0, 1])
  }
}
