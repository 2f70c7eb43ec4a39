import Oracle
import SubjectProtocol
import Testing

@Suite("What makes an effect durable")
struct DurabilityTests {
  @Test("A barrier answered ok makes what was answered before it durable")
  func barrier() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.ask(.flush)
    story.put("b", 2)
    #expect(story.names(.power, [:]) == [.acknowledgedWriteLost])
    #expect(story.permits(.power, ["a": 1]))
  }

  @Test("A barrier that failed or was not answered covers nothing", arguments: [io, nil])
  func failedBarrier(answer: Answer?) {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.ask(.checkpoint, answer)
    #expect(story.permits(.power, [:]))
  }

  @Test("What is no barrier of the contract covers nothing")
  func noBarrierOfTheContract() {
    var contract = Story.volatile
    contract.barriers = [.flush]
    var story = Story(contract)
    story.put("a", 1)
    story.ask(.checkpoint)
    #expect(story.permits(.power, [:]))
    story.ask(.flush)
    #expect(!story.permits(.power, [:]))
  }

  @Test("A barrier issued before an answer does not cover it")
  func barrierIssuedBefore() {
    var story = Story(Story.volatile)
    story.model.issued(.mutate(.put("a", 1), transaction: nil), number: 50)
    story.model.issued(.flush, number: 51)
    _ = story.model.answered(.ok, to: 50)
    _ = story.model.answered(.ok, to: 51)
    #expect(story.permits(.power, [:]))
    story.ask(.flush)
    #expect(!story.permits(.power, [:]))
  }

  @Test("The two crashes have promises of their own")
  func twoPromises() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    #expect(story.permits(.power, [:]))
    #expect(!story.permits(.process, [:]))
    story = Story(
      Contract(
        acknowledgementAfterProcessCrash: .volatile, acknowledgementAfterPowerLoss: .durable))
    story.put("a", 1)
    #expect(!story.permits(.power, [:]))
    #expect(story.permits(.process, [:]))
  }

  @Test("syncEvery leaves at most N − 1 acknowledged effects volatile")
  func syncEvery() {
    var contract = Story.volatile
    contract.syncEvery = 3
    var story = Story(contract)
    story.put("a", 1)
    story.put("b", 2)
    #expect(story.permits(.power, [:]))
    story.put("c", 3)
    #expect(story.names(.power, [:]) == [.acknowledgedWriteLost])
    #expect(story.permits(.power, ["a": 1]))
    story.put("d", 4)
    #expect(!story.permits(.power, ["a": 1]))
    #expect(story.permits(.power, ["a": 1, "b": 2]))
  }

  @Test("syncEvery restarts at a barrier")
  func syncEveryRestarts() {
    var contract = Story.volatile
    contract.syncEvery = 3
    var story = Story(contract)
    story.put("a", 1)
    story.put("b", 2)
    story.ask(.flush)
    story.put("c", 3)
    story.put("d", 4)
    #expect(story.permits(.power, ["a": 1, "b": 2]))
    #expect(!story.permits(.power, ["a": 1]))
    story.put("e", 5)
    #expect(!story.permits(.power, ["a": 1, "b": 2]))
  }

  @Test("syncEvery does not count failed effects, nor what a store may skip as doing nothing")
  func syncEveryCounts() {
    var contract = Story.volatile
    contract.syncEvery = 2
    var story = Story(contract)
    story.put("a", 1)
    story.put("b", 2, io)
    story.delete("never-there")
    #expect(story.permits(.power, [:]))
    story.put("c", 3)
    #expect(!story.permits(.power, [:]))
    #expect(story.permits(.power, ["a": 1]))
    story.delete("a")
    #expect(!story.permits(.power, ["a": 1]))
    #expect(story.permits(.power, ["a": 1, "c": 3]))
  }

  @Test("A loss after a failed barrier has a name of its own, and a quiet answer has none")
  func failedBarrierName() {
    var story = Story()
    story.put("a", 1)
    story.model.barrierFailed()
    story.put("b", 2)
    #expect(story.permits(.power, ["a": 1, "b": 2]))
    #expect(
      story.names(.power, ["a": 1]) == [.acknowledgedAfterFailedBarrier, .acknowledgedWriteLost])
    #expect(story.names(.power, ["b": 2]) == [.acknowledgedWriteLost])
  }

  @Test("Visibility adds no durability, and a read without a failed operation does not forbid it")
  func visibility() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.get("a", 1)
    #expect(story.permits(.power, [:]))
    story.put("b", 2, io)
    story.get("b", nil)
    #expect(story.findings.isEmpty)
    #expect(story.permits(.power, ["a": 1, "b": 2]))
  }

  @Test("Overlapping effects may take either order")
  func overlap() {
    var story = Story()
    story.model.issued(.mutate(.put("a", 1), transaction: nil), number: 50)
    story.model.issued(.mutate(.put("a", 2), transaction: nil), number: 51)
    _ = story.model.answered(.ok, to: 51)
    _ = story.model.answered(.ok, to: 50)
    #expect(story.permits(.power, ["a": 1]))
    #expect(story.permits(.power, ["a": 2]))
  }
}
