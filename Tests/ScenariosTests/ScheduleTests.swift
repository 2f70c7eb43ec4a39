import Determinism
import Scenarios
import SubjectProtocol
import Testing

@Suite("Schedules and their text")
struct ScheduleTests {
  static func failure(_ text: String) -> String? {
    do {
      _ = try Schedule(reading: Array(text.utf8), file: "schedule")
      return nil
    } catch {
      return error.description
    }
  }

  @Test("Reading what was written gives the same schedule", arguments: 0..<60)
  func roundTrip(index: Int) throws {
    let seed = Seed(0x5C8).derived("schedules", index)
    let schedule = WorkloadGenerator(
      scenario: Scenario(name: "test", purpose: "test"), seed: seed,
      operations: Set(OperationName.allCases), features: Set(Feature.allCases),
      transactions: true
    ).schedule()
    let text = schedule.text
    let back = try Schedule(reading: text, file: "schedule")
    // NaN is unequal to itself: the texts are compared, which hold every bit.
    #expect(back.text == text, "seed \(seed)")
    #expect(back.requests.map(\.number) == schedule.requests.map(\.number))
    #expect(text.split(separator: 0x0A).count == schedule.requests.count)
    #expect(back.requests(inEpoch: 1).allSatisfy { $0.number > 1_000_000 })
  }

  @Test("Comments, blank lines and indentation mean nothing")
  func comments() throws {
    let text =
      "# a comment\n\n  3 {\"op\":\"flush\"}\r\n\t# another\n7\t{\"request\":7,\"op\":\"dump\"}"
    let schedule = try Schedule(reading: Array(text.utf8), file: "schedule")
    #expect(
      schedule.requests == [
        ScheduledRequest(number: 3, request: .flush), ScheduledRequest(number: 7, request: .dump),
      ])
  }

  @Test(
    "Every mistake has its line",
    arguments: [
      ("flush", "1: a line is a number, a space and a request"),
      ("#\n0 {\"op\":\"flush\"}", "2: a line is a number, a space and a request"),
      ("1{\"op\":\"flush\"}", "1: a line is a number, a space and a request"),
      ("1 {\"op\":\"flush\"}\n1 {\"op\":\"dump\"}", "2: request 1 stands after 1; numbers ascend"),
      ("5 {\"op\":\"flush\",\"request\":6}", "1: request 5 calls itself 6"),
      ("5 {\"op\":\"jump\"}", "1: unknown op \"jump\""),
      ("55 {\"op\":}", "1: column 10: \"op\" must be a string"),
      ("  5 {\"op\":\"flush\",}", "1: column 19: '}' where a key must stand"),
    ])
  func mistakes(text: String, message: String) {
    #expect(Self.failure(text) == "schedule:" + message)
  }
}
