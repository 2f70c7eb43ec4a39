import Determinism
import DurabilityModel
import FoundationEssentials
import Oracle
import Scenarios
import Subjects
import Testing

@testable import Harness

@Suite("Failures of one cause")
struct GroupingTests {
  private func run(
    _ subject: String, seeds: Int, jobs: Int = 2, targets: [TargetKind] = [.sim],
    _ change: (inout Scenario) -> Void = { _ in }
  ) throws -> Report {
    var scenario = Scenario(name: "test", purpose: "a test")
    scenario.operations = 12
    scenario.epochs = 1
    scenario.explosion.exhaustiveUpTo = 8
    scenario.explosion.samplesPerPoint = 2
    change(&scenario)
    let plan = RunPlan(
      scenarios: [RunPlan.NamedScenario(name: "test", scenario: scenario, source: "{}")],
      targets: targets, subject: .builtIn(subject), seed: Seed(1), limit: .seeds(seeds), jobs: jobs)
    return report(of: plan)
  }

  @Test(
    "Twenty seeds with one bug make one entry, with an example and a count",
    arguments: ["canary-acknowledge-before-sync", "canary-batch-split"])
  func oneBug(subject: String) throws {
    let report = try run(subject, seeds: 20)
    #expect(report.violations.count == 1, "\(report.violations.map(\.cause))")
    let violation = try #require(report.violations.first)
    #expect(violation.occurrences >= 5)
    #expect(violation.places.map(\.occurrences) == [violation.occurrences])
    #expect(violation.allNames.contains(violation.name))
  }

  @Test("The entries do not depend on how many workers there are")
  func workers() throws {
    let one = try run("canary-log-deleted-early", seeds: 4, jobs: 1)
    let two = try run("canary-log-deleted-early", seeds: 4, jobs: 2)
    func text(_ report: Report) -> [String] {
      report.violations.map { "\($0.name) \($0.cause) \($0.seed) \($0.occurrences)" }
    }
    #expect(text(one) == text(two))
    #expect(!one.violations.isEmpty)
  }

  @Test("The missing barrier tells two bugs apart that lose the same records")
  func twoBugs() throws {
    let log = try run("canary-acknowledge-before-sync", seeds: 4)
    let names = try run("canary-no-directory-fsync", seeds: 4)
    #expect(log.violations.first?.cause == "no barrier covered: write log-#")
    let causes = names.violations.map(\.cause)
    #expect(causes.allSatisfy { $0.contains("-#") && !$0.contains("write log-#") }, "\(causes)")
  }
}
