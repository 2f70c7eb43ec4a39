import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol
import Subjects
import Testing

@testable import Harness

@Suite("Shrinking")
struct ShrinkTests {
  /// A scenario that every planted bug shows in within a few seeds.
  static func scenario(for bug: PlantedBug) -> Scenario {
    var scenario = Scenario(name: "test", purpose: "a test")
    scenario.operations = 10
    scenario.epochs = 3
    scenario.swarm = false
    scenario.continuations = bug == .tornTailLeft ? 4 : 1
    scenario.explosion.exhaustiveUpTo = 16
    scenario.explosion.samplesPerPoint = 4
    scenario.explosion.recoveries = 2
    scenario.explosion.depth = 1
    if bug == .fsyncErrorIgnored {
      scenario.faults = [FaultTemplate(.call(.fsync), .fails(errno: "EIO"))]
    }
    return scenario
  }

  static func session(_ subject: String, _ scenario: Scenario) throws -> SubjectSession {
    let target = try TargetFactory(program: "").make(.sim, subject: .builtIn(subject))
    return try SubjectSession(
      target: target, kind: .sim, scenarioName: scenario.name, scenario: scenario,
      subjectName: subject)
  }

  /// The first failure of a planted bug with one of its own names.
  static func failure(of bug: PlantedBug) throws -> Failure {
    let session = try session("canary-" + bug.rawValue, scenario(for: bug))
    let expected = Set(bug.expectedViolations)
    for seed in 1...10 as ClosedRange<UInt64> {
      var explorer = Explorer(session: session, seed: Seed(seed))
      explorer.stopsAt = expected
      try explorer.run()
      if let found = explorer.failures.first(where: { expected.contains($0.name.rawValue) }) {
        return found
      }
    }
    throw RunError.harness("\(bug.rawValue) is not found in ten seeds")
  }

  /// The failure shrunk, with the reasons for what is left.
  static func shrunk(
    _ failure: Failure, _ session: SubjectSession
  ) throws -> (smallest: Reproduction, reasons: LineReasons) {
    let trial = Trial(session: session, seed: failure.seed, goal: nil, name: failure.name)
    guard case .same(let first) = try trial.run(Candidate(failure.epochs), reach: .exact) else {
      throw RunError.harness("\(failure.name) of seed \(failure.seed) is not reproduced")
    }
    #expect(first.cause.isSame(as: failure.cause), "\(first.cause) is not \(failure.cause)")
    var shrinker = Shrinker(trial: trial, reproduction: first)
    while true {
      try shrinker.shrink()
      if let reasons = try LineReasons.find(&shrinker) { return (shrinker.best, reasons) }
    }
  }

  @Test(
    "Planted bugs shrink to at most twelve lines that replay every time",
    arguments: [.noDirectoryFsync, .tornTailLeft, .fsyncErrorIgnored, .batchSplit] as [PlantedBug])
  func canaries(bug: PlantedBug) throws {
    let failure = try Self.failure(of: bug)
    let session = try Self.session("canary-" + bug.rawValue, Self.scenario(for: bug))
    let (smallest, reasons) = try Self.shrunk(failure, session)
    let hint = "\(bug.rawValue), seed \(failure.seed)"
    #expect(smallest.lineCount <= 12, "\(hint)")
    #expect(smallest.cause.isSame(as: failure.cause), "\(hint): \(smallest.cause)")
    // Every fault that is left fires, and every line has its reason.
    #expect(smallest.recorded.faults.notFired.isEmpty, "\(hint)")
    #expect(reasons.requests.map(\.count) == smallest.lives.map { $0.script.requests.count })
    #expect(reasons.faults.map(\.count) == smallest.lives.map { $0.script.faults.count })
    #expect(reasons.requests.allSatisfy { $0.allSatisfy { !$0.isEmpty } })
    var small = failure
    small.epochs = smallest.lives.map(\.script)
    small.stateDigest = smallest.stateDigest
    for original in [failure, small] {
      let text = ScheduleFile(original, subject: .builtIn(session.subjectName)).text
      let schedule = try ScheduleFile(parsing: text, file: "schedule")
      for _ in 0..<20 {
        let result = try Replayer(session: session, schedule: schedule).replay()
        #expect(result.reproduces(schedule), "\(hint): \(result.names)")
      }
    }
  }

  /// The first life makes a file and loses it: in the next its number is free again, and choices
  /// name files by their numbers.
  @Test("What a replay reproduces over several lives is where shrinking begins")
  func lostFile() throws {
    let session = try Self.session("canary-torn-tail-left", Self.scenario(for: .tornTailLeft))
    let failure = try Self.failure(of: .tornTailLeft)
    var lines: [String] = []
    let number = try #require(failure.epochs.first?.requests.first?.number)
    for line in ScheduleFile(failure, subject: .builtIn(session.subjectName)).text
      .split(separator: "\n")
    {
      guard line.hasPrefix("epoch "), let epoch = Int(line.dropFirst(6)) else {
        lines.append(String(line))
        if line.hasPrefix("request \(number) ") {
          // The lost life opens the store as the first of the failure does.
          let open = "request 900001 " + line.dropFirst("request \(number) ".count)
          lines.insert(
            contentsOf: ["epoch 0", open, "crash point=1 power-loss pending-at=0 names="],
            at: try #require(lines.firstIndex(of: "epoch 1")))
        }
        continue
      }
      lines.append("epoch \(epoch + 1)")
    }
    let text = lines.joined(separator: "\n") + "\n"
    let schedule = try ScheduleFile(parsing: text, file: "schedule")
    #expect(schedule.epochs.count == failure.epochs.count + 1)
    #expect(try Replayer(session: session, schedule: schedule).replay().reproduces(schedule))
    let trial = Trial(session: session, seed: failure.seed, goal: nil, name: failure.name)
    let outcome = try trial.run(Candidate(schedule.epochs), reach: .exact)
    guard case .same = outcome else {
      Issue.record("\(outcome)")
      return
    }
  }

  @Test("Requests keep their numbers, and what is left is a part of what was")
  func numbers() throws {
    let failure = try Self.failure(of: .tornTailLeft)
    let session = try Self.session("canary-torn-tail-left", Self.scenario(for: .tornTailLeft))
    let smallest = try Self.shrunk(failure, session).smallest
    let before = failure.epochs.flatMap(\.requests).map(\.number)
    let after = smallest.lives.flatMap(\.script.requests).map(\.number)
    #expect(after.allSatisfy(before.contains))
    #expect(after.count < before.count)
    #expect(zip(after, after.dropFirst()).allSatisfy(<))
  }

  @Test("Shrinking twice gives the same schedule, and nothing more can go the second time")
  func deterministic() throws {
    let failure = try Self.failure(of: .noDirectoryFsync)
    let session = try Self.session(
      "canary-no-directory-fsync", Self.scenario(for: .noDirectoryFsync))
    let first = try Self.shrunk(failure, session)
    let second = try Self.shrunk(failure, session)
    #expect(first.smallest.lives.map(\.script) == second.smallest.lives.map(\.script))
    #expect(first.reasons == second.reasons)
    var small = failure
    small.epochs = first.smallest.lives.map(\.script)
    let again = try Self.shrunk(small, session)
    #expect(again.smallest.lives.map(\.script) == first.smallest.lives.map(\.script))
  }

  @Test("A value that has to stay apart from another is made plain once, not in every pass")
  func valuesApart() throws {
    let root = String(#filePath.dropLast("Tests/HarnessTests/ShrinkTests.swift".count))
    let failure = try FailureDirectory(root + "Scenarios/regressions/clock-ordered")
    let session = try failure.session(on: .sim, TargetFactory(program: ""))
    let trial = Trial(
      session: session, seed: failure.schedule.seed, goal: nil, name: failure.schedule.violation)
    guard case .same(let first) = try trial.run(Candidate(failure.schedule.epochs), reach: .exact)
    else {
      throw RunError.harness("the kept failure is not reproduced")
    }
    var shrinker = Shrinker(trial: trial, reproduction: first)
    shrinker.limit = 400
    try shrinker.shrink()
    #expect(shrinker.trials < 400)
  }

  @Test("A live violation shrinks to what provokes it")
  func live() throws {
    let failure = try #require(try Self.liveFailure())
    let (smallest, reasons) = try Self.shrunk(failure.failure, failure.session)
    #expect(smallest.lives.count == 1)
    #expect(smallest.lineCount <= 5, "\(smallest.lives.map(\.script))")
    #expect(reasons.crashes == [nil])
  }

  /// A subject whose every get after a delete shows the deleted record.
  private static func liveFailure() throws -> (failure: Failure, session: SubjectSession)? {
    var scenario = Scenario(name: "test", purpose: "a test")
    scenario.operations = 40
    scenario.epochs = 1
    let target = SimulatedTarget { ForgetfulSubject(MinimalSubject(openStorage: $0, bug: nil)) }
    let session = try SubjectSession(
      target: target, kind: .sim, scenarioName: "test", scenario: scenario, subjectName: "forgetful"
    )
    for seed in 1...20 as ClosedRange<UInt64> {
      var explorer = Explorer(session: session, seed: Seed(seed))
      explorer.stopsAt = Set(ViolationName.allCases.map(\.rawValue))
      try explorer.run()
      if let found = explorer.failures.first(where: { $0.stateDigest == nil }) {
        return (found, session)
      }
    }
    return nil
  }

  /// Answers every `get` that finds nothing after a delete with a record that nobody put.
  private final class ForgetfulSubject: Subject {
    private let inner: MinimalSubject
    private var hasDeleted = false

    init(_ inner: MinimalSubject) { self.inner = inner }

    func answer(_ request: Request) -> Answer {
      let answer = inner.answer(request)
      if case .mutate(.delete, _) = request, answer.isOK { hasDeleted = true }
      if case .record(nil) = answer, hasDeleted {
        return .record(RecordValue(vector: [Float](repeating: 7, count: 8)))
      }
      return answer
    }
  }
}
