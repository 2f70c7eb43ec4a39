import Determinism
import SubjectProtocol
import Testing

@testable import Scenarios

@Suite("Workloads that are edited")
struct WorkloadEditsTests {
  private static let seeds = (0..<300).map { Seed(0xED17).derived("edits", $0) }

  private func edited(_ seed: Seed, epoch: Int = 1) -> (
    before: [ScheduledRequest], [ScheduledRequest]
  ) {
    let before = WorkloadTests.generator(seed).epoch(epoch)
    var after = before
    WorkloadEdits(seed: seed.derived("a"), operations: Set(OperationName.allCases))
      .edit(&after, epoch: epoch)
    return (before, after)
  }

  /// The transaction that a request belongs to.
  private func transaction(_ scheduled: ScheduledRequest) -> UInt64? {
    switch scheduled.request {
    case .begin(let number), .commit(let number), .abort(let number), .mutate(_, let number?),
      .get(_, let number?):
      number
    default: nil
    }
  }

  @Test("They are edited the same each time, and mostly are another workload")
  func deterministic() {
    var changed = 0
    for seed in Self.seeds {
      let (before, after) = edited(seed)
      #expect(edited(seed).1 == after, "seed \(seed)")
      if before != after { changed += 1 }
    }
    #expect(changed > 250)
  }

  @Test("An edited workload begins with its open, numbers are used once, and a close has its open")
  func form() {
    for seed in Self.seeds {
      let (_, after) = edited(seed)
      #expect(after[0].request.name == .open, "seed \(seed)")
      #expect(Set(after.map(\.number)).count == after.count, "seed \(seed)")
      #expect(after.allSatisfy { $0.epoch == 1 }, "seed \(seed)")
      for (index, scheduled) in after.enumerated() where scheduled.request.name == .close {
        #expect(index + 1 < after.count, "seed \(seed)")
        #expect(after[min(index + 1, after.count - 1)].request.name == .open, "seed \(seed)")
      }
    }
  }

  @Test("What a transaction does stays in its order")
  func transactions() {
    for seed in Self.seeds {
      let (before, after) = edited(seed)
      let old = before.filter { transaction($0) != nil }.map(\.number)
      let new = after.filter { transaction($0) != nil }.map(\.number)
      // An epoch may end earlier; nothing else of a transaction changes.
      #expect(Array(old.prefix(new.count)) == new, "seed \(seed)")
    }
  }

  @Test("Requests that overlap are left alone")
  func overlapping() {
    var requests = WorkloadTests.generator(Seed(1)).epoch(0)
    requests[3].after = requests[1].number
    let before = requests
    WorkloadEdits(seed: Seed(2), operations: Set(OperationName.allCases))
      .edit(&requests, epoch: 0)
    #expect(requests == before)
  }
}
