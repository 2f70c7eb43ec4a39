import Oracle
import SubjectProtocol
import Testing

@Suite("Live answers")
struct LiveTests {
  @Test("A read shows the last acknowledged value, and anything else has its name")
  func reads() {
    var story = Story()
    story.put("a", 1)
    story.put("a", 2)
    #expect(story.get("a", 2).isEmpty)
    #expect(story.get("a", 1) == [.acknowledgedWriteLost])
    #expect(story.get("a", nil) == [.acknowledgedWriteLost])
    #expect(story.get("a", 3) == [.wrongVector])
    #expect(story.get("x", 3) == [.phantomRecord])
    #expect(story.get("x", nil).isEmpty)
    story.delete("a")
    #expect(story.get("a", 2) == [.deletedRecordResurrected, .acknowledgedWriteLost])
    story.put("r", 1, invalid)
    #expect(story.get("r", 1) == [.phantomRecord])
  }

  @Test("A close that failed lets go of what was volatile, as the end of a process does")
  func failedClose() {
    let buffering = Contract(
      acknowledgementAfterProcessCrash: .volatile, acknowledgementAfterPowerLoss: .volatile)
    for (closed, isLost) in [(full, true), (.ok, false)] as [(Answer, Bool)] {
      var story = Story(buffering)
      story.put("a", 1)
      story.ask(.close, closed)
      story.open()
      #expect(story.dump([:]).isEmpty == isLost)
    }
    var story = Story(buffering)
    story.put("a", 1)
    story.put("b", 2)
    story.ask(.close, full)
    story.open()
    // Still in the order of the effects, and chosen once.
    #expect(story.dump(["a": 1]).isEmpty)
    story.put("c", 3)
    #expect(story.permits(.process, ["a": 1, "c": 3]))
    #expect(!story.permits(.process, ["a": 1, "b": 2, "c": 3]))
    // What is durable after a process crash is so after a close that failed.
    var strict = Story(Story.volatile)
    strict.put("a", 1)
    strict.ask(.close, full)
    strict.open()
    #expect(strict.dump([:]) == [.acknowledgedWriteLost])
  }

  @Test("A barrier does not make durable what an end that nobody has looked behind may have taken")
  func barrierAfterUnseenEnd() {
    let buffering = Contract(
      acknowledgementAfterProcessCrash: .volatile, acknowledgementAfterPowerLoss: .volatile)
    for isCrash in [false, true] {
      var story = Story(buffering)
      story.put("a", 1)
      story.ask(.flush)
      story.put("b", 2)
      if isCrash {
        story.model = story.model.crashed(.process)
      } else {
        story.ask(.close, full)
      }
      story.open()
      story.ask(.flush)
      story.put("c", 3)
      story.ask(.flush)
      for crash in Contract.Crash.allCases {
        #expect(story.permits(crash, ["a": 1, "c": 3]))
        #expect(story.permits(crash, ["a": 1, "b": 2, "c": 3]))
        #expect(!story.permits(crash, ["b": 2, "c": 3]))
        #expect(!story.permits(crash, ["a": 1, "b": 2]))
      }
    }
  }

  @Test("A value with metadata nobody gave it is named so")
  func metadata() {
    var story = Story()
    let odd = RecordValue(vector: [1], metadata: Metadata(alreadyCanonical: Array("{}x".utf8)))
    story.put("a", 1)
    #expect(
      story.ask(.get(RecordKey("a"), transaction: nil), .record(odd)).map(\.name)
        == [.wrongMetadata])
  }

  @Test("Vectors compare bit for bit")
  func bits() {
    var story = Story()
    story.put("a", 0)
    #expect(story.get("a", -0.0) == [.wrongVector])
    story.put("n", Float(bitPattern: 0x7fc0_0000))
    #expect(story.get("n", Float(bitPattern: 0x7fc0_0000)).isEmpty)
    #expect(story.get("n", Float(bitPattern: 0x7fc0_0001)) == [.wrongVector])
  }

  @Test("A failed operation may show or not, but one process does not change its mind")
  func changeOfMind() {
    for first in [Float(1), 2] {
      var story = Story()
      story.put("a", 1)
      story.put("a", 2, io)
      #expect(story.get("a", first).isEmpty)
      #expect(story.get("a", first).isEmpty)
      #expect(story.get("a", 3 - first) == [.unstableRead])
      // A mutation of the key, or another process, may decide anew.
      story.put("a", 2, io)
      #expect(story.get("a", 3 - first).isEmpty)
      story.model = story.model.crashed(.process)
      story.open()
      #expect(story.get("a", first).isEmpty)
    }
  }

  @Test("A dump holds to what reads have shown, and reads to what a dump has")
  func dumpsAndReads() {
    var story = Story()
    story.put("a", 2, io)
    story.put("b", 3)
    story.get("a", 2)
    #expect(story.dump(["b": 3]) == [.unstableRead])
    #expect(story.dump(["a": 2, "b": 3]).isEmpty)
    story.put("c", 4, io)
    #expect(story.dump(["a": 2, "b": 3]).isEmpty)
    #expect(story.get("c", 4) == [.unstableRead])
    #expect(story.dump(["a": 2]) == [.acknowledgedWriteLost])
    #expect(story.dump(["a": 2, "b": 3, "x": 1]) == [.phantomRecord])
  }

  @Test("A failed batch shows as a whole or not at all")
  func failedBatch() {
    var story = Story()
    story.ask(.batch([.put("a", 1), .put("b", 2)]), io)
    #expect(story.get("a", 1).isEmpty)
    #expect(story.get("b", nil) == [.batchNotAtomic])
    #expect(story.get("b", 2).isEmpty)
  }

  @Test("A transaction reads its own writes, and nobody else does")
  func isolation() {
    var story = Story()
    story.put("a", 1)
    story.ask(.begin(transaction: 1))
    story.put("a", 2, transaction: 1)
    story.delete("b", transaction: 1)
    #expect(story.get("a", 2, transaction: 1).isEmpty)
    #expect(story.get("a", 1, transaction: 1) == [.acknowledgedWriteLost])
    #expect(story.get("a", 1).isEmpty)
    #expect(story.get("a", 2) == [.uncommittedTransactionVisible])
    #expect(story.dump(["a": 2]) == [.uncommittedTransactionVisible])
    story.ask(.begin(transaction: 2))
    #expect(story.get("a", 2, transaction: 2) == [.uncommittedTransactionVisible])
    story.ask(.commit(transaction: 1))
    #expect(story.get("a", 2).isEmpty)
    // A snapshot from before the commit, or the state of now: nothing says which.
    #expect(story.get("a", 1, transaction: 2).isEmpty)
    #expect(story.get("a", 2, transaction: 2).isEmpty)
  }

  @Test("A read that overlaps a mutation may show either side of it, but none goes back")
  func overlappingRead() {
    var story = Story()
    story.put("a", 1)
    story.model.issued(.mutate(.put("a", 2), transaction: nil), number: 50)
    #expect(story.get("a", 1).isEmpty)
    #expect(story.get("a", 2).isEmpty)
    #expect(story.get("a", 1) == [.unstableRead])
    _ = story.model.answered(.ok, to: 50)
    #expect(story.get("a", 1) == [.acknowledgedWriteLost])
  }

  @Test("Reads before the first dump after a crash agree with one permitted state")
  func readsAfterRecovery() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("b", 2)
    story.model = story.model.crashed(.power)
    story.open()
    #expect(story.get("a", nil).isEmpty)
    #expect(story.get("a", 1) == [.unstableRead])
    #expect(story.get("b", 2) == [.holeInHistory])
    #expect(story.get("b", nil).isEmpty)
  }

  @Test("Namespaces are told apart, and their existence is judged only where it is listed")
  func namespaces() {
    var story = Story()
    story.ask(.createNamespace(Array("n".utf8)))
    story.put("a", 1, in: "n")
    story.put("a", 2)
    #expect(story.permits(.power, ["n/a": 1, "a": 2]))
    #expect(story.names(.power, ["a": 2]) == [.acknowledgedWriteLost])
    func names(_ records: [String: Float], _ namespaces: [String]) -> [ViolationName] {
      story.model.judge(Dump(records, namespaces: namespaces), after: .power).allNames
    }
    #expect(names(["n/a": 1, "a": 2], ["", "n"]).isEmpty)
    #expect(names(["n/a": 1, "a": 2], ["n", "x"]) == [.phantomRecord])
    story.ask(.dropNamespace(Array("n".utf8)))
    #expect(names(["a": 2], []).isEmpty)
    #expect(
      names(["a": 2], ["n"]) == [.deletedRecordResurrected, .batchNotAtomic]
        || names(["a": 2], ["n"]).contains(.deletedRecordResurrected))
    story.ask(.createNamespace(Array("m".utf8)))
    #expect(names(["a": 2], []) == [.acknowledgedWriteLost])
    story.put("z", 1, in: "never-created")
    #expect(names(["a": 2, "never-created/z": 1], ["m"]).isEmpty)
    story.ask(.clear(namespace: Array("never-created".utf8)))
    #expect(names(["a": 2], ["m"]).isEmpty)
    #expect(names(["a": 2], ["m", "never-created"]).isEmpty)
  }

  @Test("Two recoveries of one image are compared whatever their order")
  func comparison() {
    var first = Dump()
    first.append(RecordKey("a"), RecordValue(vector: [1]))
    first.append(RecordKey("b"), RecordValue(vector: [2]))
    var second = Dump()
    second.append(RecordKey("b"), RecordValue(vector: [2]))
    second.append(RecordKey("a"), RecordValue(vector: [1]))
    #expect(RecoveryComparison.difference(first, second) == nil)
    let finding = RecoveryComparison.difference(first, Dump(["b": 3, "c": 4]))
    #expect(finding?.name == .unstableRecovery)
    #expect(finding?.keys == [RecordKey("a"), RecordKey("b"), RecordKey("c")])
    second.namespaces = [[65]]
    #expect(RecoveryComparison.difference(first, second)?.name == .unstableRecovery)
  }
}
