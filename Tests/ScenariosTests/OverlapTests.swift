import Determinism
import SubjectProtocol
import Testing

@testable import Scenarios

@Suite("Requests that overlap")
struct OverlapTests {
  static func generator(
    _ seed: Seed, concurrency: Int, features: Set<Feature> = Set(Feature.allCases)
  ) -> WorkloadGenerator {
    WorkloadGenerator(
      scenario: Scenario(name: "test", purpose: "test"), seed: seed,
      operations: Set(OperationName.allCases), features: features, transactions: true,
      concurrency: concurrency)
  }

  @Test("They are those of a run without overlapping, in the same order", arguments: 0..<20)
  func sameRequests(index: Int) {
    let seed = Seed(0x0FE).derived("overlap", index)
    let alone = Self.generator(seed, concurrency: 1).schedule().requests
    let together = Self.generator(seed, concurrency: 4).schedule().requests
    #expect(alone.map(\.number) == together.map(\.number))
    #expect(alone.allSatisfy { $0.after == nil })
    let texts = together.map { ScheduledRequest(number: $0.number, request: $0.request).text }
    #expect(alone.map(\.text) == texts)
  }

  @Test("Open and close stand alone, and members of one transaction wait for each other")
  func dependencies() {
    var overlapping = 0
    for index in 0..<60 {
      let seed = Seed(0x0FE).derived("dependencies", index)
      let isTogether = index.isMultiple(of: 2)
      let features: Set<Feature> = isTogether ? [.concurrentTransactions] : []
      let requests = Self.generator(seed, concurrency: 8, features: features).schedule().requests
      for (place, request) in requests.enumerated() {
        if request.request.name == .open || request.request.name == .close {
          #expect(request.after == nil, "seed \(seed)")
          // Who waits for less than the open would overlap it.
          let next = place + 1 < requests.count ? requests[place + 1].after : nil
          #expect(next == nil, "seed \(seed)")
        }
        guard let after = request.after else { continue }
        overlapping += 1
        #expect(after < request.number)
        for earlier in requests[..<place]
        where earlier.number > after && earlier.epoch == request.epoch {
          let shared = Self.transaction(earlier.request) == Self.transaction(request.request)
          #expect(!shared || Self.transaction(request.request) == nil, "seed \(seed)")
          if !isTogether, case .begin = request.request {
            #expect(Self.transaction(earlier.request) == nil, "seed \(seed)")
          }
        }
      }
    }
    #expect(overlapping > 500)
  }

  private static func transaction(_ request: Request) -> UInt64? {
    switch request {
    case .begin(let transaction), .commit(let transaction), .abort(let transaction): transaction
    case .mutate(_, let transaction), .get(_, let transaction): transaction
    default: nil
    }
  }

  @Test("A line says after which request it may be sent")
  func text() throws {
    let text = "3 {\"op\":\"flush\"}\n5 after=2 {\"op\":\"dump\"}\n"
    let schedule = try Schedule(reading: Array(text.utf8), file: "schedule")
    #expect(schedule.requests[1].after == 2)
    #expect(String(decoding: schedule.text, as: UTF8.self) == text)
    for wrong in ["5 after=5 {\"op\":\"dump\"}", "5 after= {\"op\":\"dump\"}"] {
      #expect(
        ScheduleTests.failure(wrong)
          == "schedule:1: \"after=\" names the request that must be answered first, before 5")
    }
    #expect(
      ScheduleTests.failure("5 after=2 {\"op\":}")?.contains("column 17") == true)
  }
}
