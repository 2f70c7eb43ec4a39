import Determinism
import FoundationEssentials
import Scenarios
import Testing

@testable import Harness

@Suite("Reports that are merged")
struct ReportMergeTests {
  private func run(
    _ subject: String, seeds: Int, shard: RunPlan.Shard = RunPlan.Shard(index: 1, count: 1)
  ) throws -> Report {
    var scenario = Scenario(name: "test", purpose: "a test")
    scenario.operations = 10
    scenario.epochs = 2
    scenario.explosion.exhaustiveUpTo = 8
    scenario.explosion.samplesPerPoint = 2
    var plan = RunPlan(
      scenarios: [RunPlan.NamedScenario(name: "test", scenario: scenario, source: "{}")],
      targets: [.sim], subject: .builtIn(subject), seed: Seed(3), limit: .seeds(seeds), jobs: 2)
    plan.shard = shard
    return report(of: plan)
  }

  @Test(
    "Eight shards merged, in any order and some of them twice, equal the whole run",
    arguments: ["minimal", "canary-log-deleted-early"])
  func shards(subject: String) throws {
    let whole = try run(subject, seeds: 10)
    var shards = try (1...8).map { index in
      try run(subject, seeds: 10, shard: RunPlan.Shard(index: index, count: 8))
    }
    shards = [shards[4], shards[7]] + shards.reversed()
    let merged = try ReportMerger.merge(shards.enumerated().map { ("\($0.offset)", $0.element) })
    #expect(try merged.json() == whole.json())
    #expect(whole.coverage.reached > 0 && whole.behaviours.seen > 0)
  }

  @Test("Merging is associative")
  func associativity() throws {
    let shards = try (1...3).map { index in
      ("\(index)", try run("minimal", seeds: 6, shard: RunPlan.Shard(index: index, count: 3)))
    }
    let first = ("a", try ReportMerger.merge([shards[0], shards[1]]))
    let last = ("b", try ReportMerger.merge([shards[1], shards[2]]))
    let left = try ReportMerger.merge([first, shards[2]])
    let right = try ReportMerger.merge([shards[0], last])
    #expect(try left.json() == right.json())
  }

  @Test("A report against itself differs in nothing, and a lost cell is named")
  func difference() throws {
    let report = try run("minimal", seeds: 2)
    let same = ReportDifference(old: report, new: report)
    #expect(same.lost.isEmpty && same.gained.isEmpty && same.newViolations.isEmpty)
    var less = report
    let place = less.coverage.cells.firstIndex { $0.reached }
    let hit = try #require(place)
    less.coverage.cells[hit].reached = false
    less.coverage.reached -= 1
    let difference = ReportDifference(old: report, new: less)
    #expect(difference.lost.count == 1)
    #expect(difference.lossPercent == 100 / Double(report.coverage.reached))
    #expect(difference.lines.contains { $0.hasPrefix("  lost") })
  }

  @Test("Sets of numbers come back from their text", arguments: 0..<200)
  func indexText(seed: UInt64) {
    var generator = PRNG(Seed(seed))
    let count = generator.number(in: 1...300)
    let members = (0..<count).filter { _ in generator.chance(1, in: 3) }
    let bits = IndexText.bits(members, count: count)
    #expect(IndexText.members(bits: bits) == members, "seed \(seed)")
    #expect(IndexText.numbers(gaps: IndexText.gaps(members)) == members, "seed \(seed)")
  }

  @Test("The chance of something new is the share of recordings with a behaviour of their own")
  func discovery() {
    let discovery = Discovery([[1, 2], [1, 3], [1, 2], [1]])
    #expect(discovery.seen == 3)
    #expect(discovery.recordingsWithOwn == 1)
    #expect(discovery.chance == 0.25)
    #expect(discovery.chanceLow < 0.25 && discovery.chanceHigh > 0.25)
    #expect(discovery.curve == [[1, 2], [2, 3], [3, 3], [4, 3]])
    #expect(Discovery([[1], [1], [1]]).text.hasPrefix("no recording"))
  }

  @Test(
    "The shard is read from the variables of arrays and matrices",
    arguments: [
      (["CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "5"], 2, 5),
      (["CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "3"], 1, 3),
      (
        [
          "SLURM_ARRAY_TASK_ID": "12", "SLURM_ARRAY_TASK_COUNT": "4",
          "SLURM_ARRAY_TASK_MIN": "10",
        ], 3, 4
      ),
      (["JOB_COMPLETION_INDEX": "7", "TORTURE_SHARDS": "8"], 8, 8),
      (["PARALLEL_SEQ": "1", "TORTURE_SHARDS": "2"], 1, 2),
      (["TORTURE_SHARD": "6", "TORTURE_SHARDS": "6"], 6, 6),
    ] as [([String: String], Int, Int)])
  func variables(environment: [String: String], index: Int, count: Int) throws {
    let shard = try ShardVariables.shard { environment[$0] }
    #expect(shard?.index == index && shard?.count == count)
  }

  @Test("An index without a count is a whole run, and so is one of one; others are refused")
  func oddVariables() throws {
    #expect(try ShardVariables.shard { ["JOB_COMPLETION_INDEX": "3"][$0] } == nil)
    let one = ["CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "1"]
    #expect(try ShardVariables.shard { one[$0] } == nil)
    let beyond = ["CI_NODE_INDEX": "4", "CI_NODE_TOTAL": "3"]
    #expect(throws: RunError.self) { try ShardVariables.shard { beyond[$0] } }
  }
}
