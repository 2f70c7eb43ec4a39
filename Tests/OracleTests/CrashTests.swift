import Oracle
import SubjectProtocol
import Testing

@Suite("After one crash")
struct CrashTests {
  @Test("A durable acknowledged put must be there")
  func durableIsThere() {
    var story = Story()
    story.put("a", 1)
    #expect(story.permits(.power, ["a": 1]))
    #expect(story.names(.power, [:]) == [.acknowledgedWriteLost])
    #expect(story.judge(.power, [:]).missingEffects == [2])
  }

  @Test("An older value back is a lost write")
  func olderValueBack() {
    var story = Story()
    story.put("a", 1)
    story.put("a", 2)
    #expect(story.permits(.power, ["a": 2]))
    #expect(story.names(.power, ["a": 1]) == [.acknowledgedWriteLost])
    #expect(story.judge(.power, ["a": 1]).missingEffects == [3])
  }

  @Test("An acknowledged delete's record may not come back")
  func deletedRecordBack() {
    var story = Story()
    story.put("a", 1)
    story.delete("a")
    #expect(story.permits(.power, [:]))
    #expect(
      story.names(.power, ["a": 1]) == [.deletedRecordResurrected, .acknowledgedWriteLost])
  }

  @Test("Volatile effects may be cut anywhere under prefix")
  func volatileCut() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("b", 2)
    story.put("c", 3)
    for kept in [[:], ["a": 1], ["a": 1, "b": 2], ["a": 1, "b": 2, "c": 3]] as [[String: Float]] {
      #expect(story.permits(.power, kept))
    }
    #expect(!story.permits(.process, ["a": 1, "b": 2]))
  }

  @Test("A later volatile effect without an earlier one is a hole")
  func hole() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("b", 2)
    #expect(story.names(.power, ["b": 2]) == [.holeInHistory])
    #expect(story.judge(.power, ["b": 2]).missingEffects == [2])
  }

  @Test("A hole is not named where a durable effect is missing")
  func holeBehindLoss() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.ask(.flush)
    story.put("b", 2)
    story.put("c", 3)
    let names = story.names(.power, ["c": 3])
    #expect(names == [.acknowledgedWriteLost])
  }

  @Test("An effect answered io is optional, whatever comes later")
  func optionalByItself() {
    var story = Story()
    story.put("a", 1)
    story.put("b", 2, io)
    story.put("c", 3)
    #expect(story.permits(.power, ["a": 1, "c": 3]))
    #expect(story.permits(.power, ["a": 1, "b": 2, "c": 3]))
    #expect(!story.permits(.power, ["b": 2, "c": 3]))
  }

  @Test("A failed operation that shows after a crash is a warning")
  func resurfaced() {
    var story = Story()
    story.put("b", 2, full)
    #expect(story.model.hasFailedOperations)
    let judgement = story.judge(.power, ["b": 2])
    #expect(judgement.isPermitted)
    #expect(judgement.warnings.map(\.name) == [.failedOperationResurfaced])
    #expect(judgement.warnings.first?.requests == [2])
    #expect(story.judge(.power, [:]).warnings.isEmpty)
  }

  @Test("Under failedOperations absent it is a violation")
  func failedOperationsAbsent() {
    var contract = Story.durable
    contract.failedOperationsAreAbsent = true
    var story = Story(contract)
    story.put("b", 2, io)
    #expect(story.names(.power, ["b": 2]) == [.failedOperationResurfaced])
    #expect(story.permits(.power, [:]))
    story.put("c", 3, unanswered)
    #expect(story.permits(.power, ["c": 3]))
  }

  @Test("An unanswered effect is optional and no warning")
  func unansweredIsOptional() {
    var story = Story()
    story.put("a", 1, unanswered)
    #expect(story.permits(.process, [:]))
    #expect(story.permits(.process, ["a": 1]))
    #expect(story.judge(.process, ["a": 1]).warnings.isEmpty)
  }

  @Test("An optional batch is there as a whole or not at all")
  func optionalBatch() {
    var story = Story()
    story.ask(.batch([.put("a", 1), .put("b", 2), .put("c", 3)]), unanswered)
    #expect(story.permits(.power, [:]))
    #expect(story.permits(.power, ["a": 1, "b": 2, "c": 3]))
    #expect(story.names(.power, ["a": 1]) == [.batchNotAtomic])
    #expect(story.names(.power, ["a": 1, "b": 2]) == [.batchNotAtomic])
  }

  @Test("A batch that is not atomic may be there in parts, and once acknowledged is there")
  func looseBatch() {
    var contract = Story.durable
    contract.batchesAreAtomic = false
    var story = Story(contract)
    story.ask(.batch([.put("a", 1), .put("b", 2)]), unanswered)
    #expect(story.permits(.power, ["b": 2]))
    story = Story(contract)
    story.ask(.batch([.put("a", 1), .put("b", 2)]))
    #expect(story.names(.power, ["b": 2]) == [.acknowledgedWriteLost])
    contract.acknowledgementAfterPowerLoss = .volatile
    story = Story(contract)
    story.ask(.batch([.put("a", 1), .put("b", 2)]))
    story.put("c", 3)
    #expect(story.permits(.power, ["b": 2]))
    #expect(!story.permits(.power, ["b": 2, "c": 3]))
  }

  @Test("An optional effect is free before the cut, and gone behind it")
  func optionalAndCut() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("o", 2, io)
    story.put("b", 3)
    for kept in [
      [:], ["a": 1], ["a": 1, "o": 2], ["a": 1, "b": 3], ["a": 1, "o": 2, "b": 3],
    ] as [[String: Float]] {
      #expect(story.permits(.power, kept))
    }
    #expect(story.names(.power, ["o": 2]) == [.holeInHistory])
    #expect(story.names(.power, ["o": 2, "b": 3]) == [.holeInHistory])
  }

  @Test("A refused put that shows is a phantom", arguments: [invalid, conflict])
  func refusedPut(answer: Answer) {
    var story = Story()
    story.put("a", 1, answer)
    #expect(story.names(.power, ["a": 1]) == [.phantomRecord])
    #expect(story.permits(.power, [:]))
  }

  @Test("A record that nobody put is a phantom, and so is a record shown twice")
  func neverPut() {
    var story = Story()
    story.put("a", 1)
    #expect(story.names(.power, ["a": 1, "x": 1]) == [.phantomRecord])
    var twice = Dump(["a": 1])
    twice.append(RecordKey("a"), RecordValue(vector: [1]))
    #expect(story.model.judge(twice, after: .power).allNames == [.phantomRecord])
  }

  @Test("An aborted or unfinished transaction leaves nothing")
  func uncommitted() {
    var story = Story()
    story.put("a", 1)
    story.ask(.begin(transaction: 1))
    story.put("a", 2, transaction: 1)
    story.put("b", 3, transaction: 1)
    #expect(story.permits(.power, ["a": 1]))
    #expect(story.names(.power, ["a": 1, "b": 3]) == [.uncommittedTransactionVisible])
    #expect(story.names(.power, ["a": 2, "b": 3]) == [.uncommittedTransactionVisible])
    story.ask(.abort(transaction: 1))
    #expect(story.names(.power, ["a": 2]) == [.uncommittedTransactionVisible])
    #expect(story.permits(.power, ["a": 1]))
  }

  @Test("A transaction's removal that was never committed is named as that")
  func uncommittedRemoval() {
    var story = Story()
    story.put("a", 1)
    story.put("b", 1)
    story.ask(.begin(transaction: 1))
    story.delete("a", transaction: 1)
    let names = story.names(.power, ["b": 1])
    #expect(names == [.uncommittedTransactionVisible, .acknowledgedWriteLost])
    // With another record gone too it is a loss like that one.
    #expect(story.names(.power, [:]) == [.acknowledgedWriteLost])
  }

  @Test("A committed transaction is there as a whole")
  func committed() {
    var story = Story()
    story.transaction([.put("a", 1), .put("b", 2), .put("c", 3)])
    #expect(story.permits(.power, ["a": 1, "b": 2, "c": 3]))
    #expect(
      story.names(.power, ["a": 1, "b": 2]) == [.transactionNotAtomic, .acknowledgedWriteLost])
    #expect(story.names(.power, [:]) == [.acknowledgedWriteLost])
  }

  @Test("What an unanswered effect only repeats is owed to the acknowledged one before it")
  func repeated() {
    var story = Story()
    story.put("a", 1)
    story.delete("a")
    story.transaction([.delete("a"), .delete("b")], commit: nil)
    #expect(story.permits(.power, [:]))
    #expect(
      story.names(.power, ["a": 1]) == [.deletedRecordResurrected, .acknowledgedWriteLost])
  }

  @Test("A value that its own transaction replaced shows the transaction in part")
  func superseded() {
    var story = Story()
    story.put("a", 1)
    story.transaction([.put("a", 2), .put("a", 3)], commit: nil)
    #expect(story.permits(.power, ["a": 1]))
    #expect(story.permits(.power, ["a": 3]))
    #expect(story.names(.power, ["a": 2]) == [.transactionNotAtomic])
    var removed = Story()
    removed.put("a", 1)
    removed.transaction([.delete("a"), .put("a", 3)], commit: nil)
    #expect(removed.names(.power, [:]) == [.transactionNotAtomic])
    var batch = Story()
    batch.put("a", 1)
    batch.ask(.batch([.delete("a"), .put("a", 2), .delete("b"), .put("c", 3)]), unanswered)
    #expect(batch.names(.power, [:]) == [.batchNotAtomic])
    // A group that is missing as a whole is not there in part.
    var whole = Story()
    whole.put("b", 1)
    whole.ask(.batch([.delete("a"), .put("a", 2), .put("b", 3)]))
    #expect(whole.names(.power, ["b": 1]) == [.acknowledgedWriteLost])
    var acknowledged = Story()
    acknowledged.transaction([.put("a", 2), .put("a", 3)])
    #expect(
      acknowledged.names(.power, ["a": 2]) == [.transactionNotAtomic, .acknowledgedWriteLost])
  }

  @Test("A commit answered io is optional, one answered conflict did not happen")
  func failedCommit() {
    var story = Story()
    story.transaction([.put("a", 1), .put("b", 2)], commit: io)
    #expect(story.permits(.power, [:]))
    #expect(story.permits(.power, ["a": 1, "b": 2]))
    #expect(story.names(.power, ["a": 1]) == [.transactionNotAtomic])
    story = Story()
    story.transaction([.put("a", 1), .put("b", 2)], commit: conflict)
    #expect(story.names(.power, ["a": 1, "b": 2]) == [.uncommittedTransactionVisible])
  }

  @Test("A committed transaction is optional until its commit is answered")
  func unansweredCommit() {
    var story = Story()
    story.transaction([.put("a", 1), .put("b", 2)], commit: nil)
    #expect(story.permits(.power, [:]))
    #expect(story.permits(.power, ["a": 1, "b": 2]))
    #expect(!story.permits(.power, ["b": 2]))
  }

  @Test("Where transactions are not promised, what is in one may show at once and in parts")
  func looseTransaction() {
    var contract = Story.durable
    contract.transactions = false
    var story = Story(contract)
    story.ask(.begin(transaction: 1))
    story.put("a", 1, transaction: 1)
    story.put("b", 2, transaction: 1)
    #expect(story.get("a", 1).isEmpty)
    for kept in [[:], ["a": 1], ["b": 2], ["a": 1, "b": 2]] as [[String: Float]] {
      #expect(story.permits(.power, kept))
    }
    story.ask(.commit(transaction: 1))
    #expect(story.permits(.power, ["a": 1, "b": 2]))
    #expect(story.names(.power, ["a": 1]) == [.acknowledgedWriteLost])
  }

  @Test("A commit after a failed step leaves open what it holds")
  func irregularTransaction() {
    var story = Story()
    story.ask(.begin(transaction: 1))
    story.put("a", 1, transaction: 1)
    story.put("b", 2, transaction: 1, io)
    story.put("c", 3, transaction: 1, invalid)
    story.ask(.commit(transaction: 1))
    for kept in [[:], ["a": 1], ["b": 2], ["a": 1, "b": 2]] as [[String: Float]] {
      #expect(story.permits(.power, kept))
    }
    #expect(story.names(.power, ["a": 1, "c": 3]) == [.phantomRecord])
  }

  @Test("A clear removes all, and an unanswered one all or nothing where it is atomic")
  func clears() {
    var story = Story()
    story.put("a", 1)
    story.put("b", 2)
    story.ask(.clear(namespace: nil), unanswered)
    #expect(story.permits(.power, [:]))
    #expect(story.permits(.power, ["a": 1, "b": 2]))
    #expect(story.names(.power, ["a": 1]).contains(.batchNotAtomic))
    var contract = Story.durable
    contract.clearIsAtomic = false
    story = Story(contract)
    story.put("a", 1)
    story.put("b", 2)
    story.ask(.clear(namespace: nil), unanswered)
    #expect(story.permits(.power, ["b": 2]))
    _ = story.model.answered(.ok, to: 4)
    #expect(
      story.names(.power, ["b": 2]) == [.deletedRecordResurrected, .acknowledgedWriteLost])
  }

  @Test("A crash whose kind promises nothing is not measured")
  func nonePromised() {
    var story = Story(Contract(acknowledgementAfterPowerLoss: .none))
    story.put("a", 1)
    #expect(story.judge(.power, ["x": 5]).isNotMeasured)
    #expect(story.permits(.power, ["x": 5]))
    #expect(story.model.permittedDigests(after: .power) == nil)
    #expect(!story.permits(.process, [:]))
  }

  @Test("Before the first open was answered creation counts as the contract says")
  func creation() {
    var contract = Story.durable
    contract.creationIsAtomic = false
    var story = Story(contract, opened: false)
    story.open(unanswered)
    #expect(story.judge(.power, ["x": 1]).isNotMeasured)
    // What recovery then shows is where the history starts.
    story.crash(.power, showing: ["x": 1])
    #expect(story.findings.isEmpty)
    #expect(!story.permits(.power, [:]))
    story = Story(opened: false)
    story.open(unanswered)
    #expect(story.permits(.power, [:]))
    #expect(story.names(.power, ["x": 1]) == [.phantomRecord])
  }
}
