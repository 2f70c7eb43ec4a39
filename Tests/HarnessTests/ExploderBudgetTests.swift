import Determinism
import DurabilityModel
import Scenarios
import SubjectProtocol
import Testing

@testable import Harness

@Suite("A recording of very many states")
struct ExploderBudgetTests {
  @Test("The limit that all points share is the greatest that keeps the budget")
  func commonLimit() {
    for seed in 0..<500 as Range<UInt64> {
      var generator = PRNG(Seed(seed))
      let counts = (0...generator.number(in: 0...30)).map { _ in generator.below(200) }
      let budget = generator.number(in: 1...3000)
      let limit = Exploder.commonLimit(counts, budget)
      func total(_ limit: Int) -> Int { counts.reduce(0) { $0 + min($1, limit) } }
      if total(.max) <= budget {
        #expect(total(limit) == total(.max), "seed \(seed)")
      } else {
        #expect(limit == 2 || total(limit) <= budget, "seed \(seed)")
        #expect(total(limit + 1) > budget, "seed \(seed)")
      }
    }
  }

  @Test("Of many choices as many are kept as there is room for, all events first")
  func effort() {
    let choices = (0..<40).map { index in
      PowerLossChoice(names: [index % 3 == 0, index % 2 == 0], files: [])
    }
    let events = Set(choices.map { CoverageEvent.of($0) })
    for most in 1...40 {
      let few = Effort.atMost(most).selected(choices, Seed(4))
      #expect(few.count == most)
      #expect(Set(few.map { CoverageEvent.of($0) }).count == min(most, events.count))
    }
  }

  /// How many power losses each point of one recording has, with at most `states` in all.
  private func visits(_ states: Int) throws -> [Int: Int] {
    var scenario = Scenario(name: "test", purpose: "a test")
    scenario.operations = 60
    scenario.crashes = [.power]
    scenario.explosion.statesPerLife = states
    let target = try TargetFactory(program: "").make(.sim, subject: .builtIn("minimal"))
    let session = try SubjectSession(
      target: target, kind: .sim, scenarioName: scenario.name, scenario: scenario,
      subjectName: "minimal"
    ).seeded(Seed(1))
    let epoch = try EpochRecorder(session).record(
      disk: session.freshDisk(Seed(1)), oracle: session.freshOracle(),
      requests: session.requests(epoch: 0, seed: Seed(1)), faults: [])
    var exploder = Exploder(
      epoch: epoch, crashes: [.power], limits: session.explosionLimits, seed: Seed(2), picks: [])
    exploder.efforts = exploder.efforts(within: states)
    var statistics = RunStatistics()
    var visits: [Int: Int] = [:]
    try exploder.explode(&statistics) { visit in
      if visit.disk != nil { visits[visit.step.point, default: 0] += 1 }
      return true
    }
    return visits
  }

  @Test("The points with most states give way, and hardly one is left out")
  func thins() throws {
    let all = try visits(.max / 32)
    let few = try visits(300)
    #expect(all.values.reduce(0, +) > 600)
    #expect((150...300).contains(few.values.reduce(0, +)))
    #expect(few.allSatisfy { $0.value <= all[$0.key, default: 0] })
    // A point of which the two that were kept are states that an earlier one had already.
    #expect(all.keys.count { few[$0] == nil } * 10 <= all.count)
    #expect(try visits(300) == few)
  }
}
