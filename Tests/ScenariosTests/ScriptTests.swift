import Determinism
import SubjectProtocol
import Testing

@testable import Scenarios

@Suite("Requests that a scenario gives by hand")
struct ScriptTests {
  static let text = """
    {
      purpose: "by hand",
      dimension: 2,
      requests: [
        [
          { op: "put", id: "a", vector: [1, -0.0], metadata: { n: 1e308 } },
          { op: "put", id: "b", overlaps: true },
          { op: "get", id: "a", overlaps: true },
          { op: "begin", transaction: 7 },
          { op: "put", id: "c", vector: ["nan", "-inf"], transaction: 7 },
          { op: "batch", operations: [{ op: "put", id: "d" }, { op: "delete", id: "d" }] },
          { op: "batch", operations: [] },
          { op: "search", vector: [0, 1], count: 3, metric: "dot" },
          { op: "close" }, { op: "open" }, { op: "clear" },
        ],
        [{ op: "create-namespace", namespace: "n" }, { op: "put", namespace: "n", id: "e" }],
      ],
    }
    """

  static func scenario(_ text: String = text) throws(ScenarioError) -> Scenario {
    try Scenario(reading: Array(text.utf8), file: "hand.json5")
  }

  static func generator(
    _ scenario: Scenario, features: Set<Feature> = Set(Feature.allCases), transactions: Bool = true,
    concurrency: Int = 4
  ) -> WorkloadGenerator {
    WorkloadGenerator(
      scenario: scenario, seed: Seed(1), operations: Set(OperationName.allCases),
      features: features, transactions: transactions, concurrency: concurrency)
  }

  @Test("They are asked as they stand there, behind an open")
  func asWritten() throws {
    let scenario = try Self.scenario()
    #expect(scenario.epochs == 2)
    let epochs = Self.generator(scenario).epochs()
    #expect(epochs[0].map(\.number) == Array(1...12))
    #expect(epochs[1].map(\.number) == [1_000_001, 1_000_002, 1_000_003])
    #expect(
      epochs[0].map(\.request.name) == [
        .open, .put, .put, .get, .begin, .put, .batch, .batch, .search, .close, .open, .clear,
      ])
    #expect(epochs[0].map(\.after) == [nil, nil, 1, 1] + Array(repeating: nil, count: 8))
    guard case .mutate(.put(_, let first), nil) = epochs[0][1].request,
      case .mutate(.put(_, let drawn), nil) = epochs[0][2].request,
      case .mutate(.put(_, let special), 7) = epochs[0][5].request
    else {
      Issue.record("the puts are not where they were written")
      return
    }
    #expect(RecordValue.sameBits(first.vector, [1, -0.0]))
    #expect(drawn.vector.count == 2)
    #expect(special.vector[0].isNaN && special.vector[1] == -.infinity)
    let firsts = WorkloadTests.mutations(epochs.flatMap { $0 }).compactMap { mutation -> Float? in
      if case .put(_, let value) = mutation { return value.vector[0] }
      return nil
    }
    #expect(Set(firsts.filter(\.isFinite)).count == 4)
  }

  @Test("What a subject does not have is left out, and the others keep their numbers")
  func leftOut() throws {
    let generator = Self.generator(
      try Self.scenario(), features: [], transactions: false, concurrency: 1)
    let requests = generator.epoch(0)
    #expect(requests.map(\.number) == [1, 2, 3, 4, 7, 8, 9, 10, 11, 12])
    #expect(requests.allSatisfy { $0.after == nil })
    #expect(generator.epoch(1).map(\.number) == [1_000_001])
  }

  @Test(
    "Every mistake has its line and says what is meant",
    arguments: [
      (#"{ op: "putt", id: "a" }"#, "\"op\" cannot be \"putt\", only"),
      (#"{ op: "putt", id: "a" }"#, "did you mean \"put\"?"),
      (#"{ id: "a" }"#, "a request has no \"op\""),
      (#"{ op: "put" }"#, "the request needs an \"id\""),
      (
        #"{ op: "put", id: "a", vektor: [1, 2] }"#,
        "unknown key \"vektor\"; did you mean \"vector\"?"
      ),
      (#"{ op: "put", id: "a", vector: [1] }"#, "\"vector\" must be an array of 2 numbers"),
      (#"{ op: "put", id: "a", vector: [0.1, 1] }"#, "must be exact in 32 bits"),
      (#"{ op: "put", id: "a", vector: [1, "x"] }"#, "must be a number, \"nan\""),
      (#"{ op: "begin" }"#, "the request needs a \"transaction\""),
      (#"{ op: "batch", operations: [{ op: "get", id: "a" }] }"#, "\"put\" or \"delete\""),
      (#"{ op: "hello" }"#, "\"hello\" is asked by itself"),
      (#"{ op: "flush", overlaps: true }"#, "\"overlaps\" is for a request behind another"),
      (#"7"#, "each request must be an object"),
    ])
  func mistakes(request: String, message: String) {
    let text = "{\n  purpose: \"x\", dimension: 2,\n  requests: [[\n    \(request),\n  ]],\n}"
    do throws(ScenarioError) {
      _ = try Self.scenario(text)
      Issue.record("\(request) was read")
    } catch {
      #expect(error.description.hasPrefix("hand.json5:4: "), "\(error)")
      #expect(error.description.contains(message), "\(error)")
    }
  }

  @Test("They cannot stand beside what draws requests")
  func both() {
    for key in ["weights: { put: 1 }", "operations: 3", "swarm: true"] {
      let text = "{\n  purpose: \"x\",\n  requests: [[{ op: \"flush\" }]],\n  \(key),\n}"
      do throws(ScenarioError) {
        _ = try Self.scenario(text)
        Issue.record("\(key) was read")
      } catch {
        #expect(error.description.hasPrefix("hand.json5:4: "), "\(error)")
        #expect(error.description.contains("only one can be"))
      }
    }
  }
}
