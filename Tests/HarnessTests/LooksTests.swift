import Determinism
import Scenarios
import SubjectProtocol
import Testing

@testable import Harness

@Suite("Looks: what a life is asked on top of its workload")
struct LooksTests {
  private static func requests(
    _ scenario: Scenario, epoch: Int, seed: UInt64, concurrency: Int = 1
  ) -> [ScheduledRequest] {
    WorkloadGenerator(
      scenario: scenario, seed: Seed(seed), operations: Set(OperationName.allCases),
      features: [.metadata, .namespaces], transactions: true, concurrency: concurrency
    ).epoch(epoch)
  }

  private static let scenario = Scenario(name: "test", purpose: "a test")

  @Test("The workload keeps its requests, their numbers and their order", arguments: 0..<2)
  func adds(epoch: Int) {
    for seed in 1...50 as ClosedRange<UInt64> {
      let plain = Self.requests(Self.scenario, epoch: epoch, seed: seed)
      let looks = Looks(hasStats: true, isSparing: false).added(to: plain, epoch: epoch)
      let numbers = Set(plain.map(\.number))
      #expect(looks.filter { numbers.contains($0.number) } == plain, "seed \(seed)")
      #expect(Set(looks.map(\.number)).count == looks.count, "seed \(seed): numbers are unique")
      #expect(
        looks.allSatisfy {
          numbers.contains($0.number) || [.dump, .stats].contains($0.request.name)
        })
    }
  }

  @Test("No nine requests pass without stats, and the last thing before a crash is one")
  func stride() {
    for seed in 1...50 as ClosedRange<UInt64> {
      let plain = Self.requests(Self.scenario, epoch: 0, seed: seed)
      let looks = Looks(hasStats: true, isSparing: false).added(to: plain, epoch: 0)
      let gaps = looks.dropFirst().split { $0.request.name == .stats }.map(\.count)
      // A close is followed by its open, and a look comes behind the pair.
      #expect(gaps.allSatisfy { $0 <= 9 }, "seed \(seed): \(gaps)")
      #expect(looks.last?.request.name == .stats || plain.last?.request.name == .close)
    }
  }

  @Test("After a crash the first thing is a dump, and stats where the subject has them")
  func first() {
    let plain = Self.requests(Self.scenario, epoch: 1, seed: 7)
    for (hasStats, expected) in [(true, [.dump, .stats]), (false, [.dump])]
      as [(Bool, [OperationName])]
    {
      let looks = Looks(hasStats: hasStats, isSparing: true).added(to: plain, epoch: 1)
      #expect(looks.first == plain.first)
      #expect(Array(looks.map(\.request.name)[1...expected.count]) == expected)
      #expect(looks.count == plain.count + expected.count)
    }
  }

  @Test("Requests that may overlap stay side by side")
  func windows() {
    for seed in 1...50 as ClosedRange<UInt64> {
      let plain = Self.requests(Self.scenario, epoch: 0, seed: seed, concurrency: 4)
      let looks = Looks(hasStats: true, isSparing: false).added(to: plain, epoch: 0)
      for (index, request) in looks.enumerated() where request.after != nil {
        #expect(looks[index - 1].number < 800_000, "seed \(seed), request \(request.number)")
      }
    }
  }
}
