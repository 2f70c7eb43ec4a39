import Oracle
import SubjectProtocol
import Testing

@Suite("A contract that changes at a restart")
struct ContractChangeTests {
  private static let everyEighth = Contract(acknowledgementAfterPowerLoss: .volatile, syncEvery: 8)
  private static let everySecond = Contract(acknowledgementAfterPowerLoss: .volatile, syncEvery: 2)

  @Test("What was durable stays durable under a weaker contract")
  func weaker() {
    var story = Story(Contract())
    story.put("a", 1)
    story.model = story.model.crashed(.process)
    story.open(.opened(Contract(acknowledgementAfterPowerLoss: .volatile)))
    #expect(!story.permits(.power, [:]))
    #expect(story.permits(.power, ["a": 1]))
  }

  @Test("What was not durable does not become so by a stronger contract")
  func stronger() {
    var story = Story(Self.everyEighth)
    for index in 0..<5 { story.put("\(index)", 1) }
    story.model = story.model.crashed(.process)
    story.open(.opened(Self.everySecond))
    // Under the contract of their life none of the five was durable yet.
    #expect(story.permits(.power, [:]))
  }
}
