import Determinism
import DurabilityModel
import Scenarios
import SubjectProtocol
import Subjects
import Testing

@testable import Harness

@Suite("Drawing faults")
struct FaultPlannerTests {
  /// One life of the small log, recorded without faults and with the calls it made.
  private func quiet() throws -> RecordedEpoch {
    var scenario = Scenario(name: "test", purpose: "a test")
    scenario.operations = 40
    scenario.weights = .none
    scenario.weights[.put] = 1
    scenario.swarm = false
    let target = try TargetFactory(program: "").make(.sim, subject: .builtIn("minimal"))
    let session = try SubjectSession(
      target: target, kind: .sim, scenarioName: scenario.name, scenario: scenario,
      subjectName: "minimal"
    ).seeded(Seed(1))
    return try EpochRecorder(session).record(
      disk: session.freshDisk(Seed(1)), oracle: session.freshOracle(),
      requests: session.requests(epoch: 0, seed: Seed(1)), faults: [], notesCalls: true)
  }

  @Test("A failed barrier strikes pages that the disk never held more often than they come")
  func newSpace() throws {
    let epoch = try quiet()
    let barriers = try #require(epoch.calls).places.filter {
      $0.operation == .fsync || $0.operation == .fdatasync
    }
    let all = barriers.reduce(0) { $0 + $1.count }
    let into = Set(barriers.filter { !$0.intoNewSpace.isEmpty }.map(\.request))
    #expect(all >= 30 && !into.isEmpty && into.count * 3 < all, "\(into.count) of \(all)")
    let template = FaultTemplate(.call(.fsync), .fails(errno: "EIO"))
    var struck = 0
    for seed in 1...200 as ClosedRange<UInt64> {
      let faults = FaultPlanner(templates: [template], seed: Seed(seed)).faults(for: epoch)
      guard case .call(let request, _, _, _)? = faults.first?.place else { continue }
      if into.contains(request) { struck += 1 }
    }
    #expect((80...160).contains(struck), "\(struck) of 200")
  }
}
