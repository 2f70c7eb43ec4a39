import Oracle
import SubjectProtocol
import Testing

@Suite("Order per-key")
struct PerKeyTests {
  private func story() -> Story {
    var contract = Story.volatile
    contract.order = .perKey
    return Story(contract)
  }

  @Test("Each key has a cut of its own")
  func cuts() {
    var story = story()
    story.put("a", 1)
    story.put("b", 2)
    story.put("a", 3)
    for kept in [
      [:], ["b": 2], ["a": 1], ["a": 3], ["a": 3, "b": 2], ["a": 1, "b": 2],
    ] as [[String: Float]] {
      #expect(story.permits(.power, kept))
    }
    #expect(story.model.permittedDigests(after: .power)?.count == 6)
  }

  @Test("Keys agree on a group, which brings what lies before it on each of them")
  func groups() {
    var story = story()
    story.put("a", 1)
    story.put("b", 1)
    story.ask(.batch([.put("a", 2), .put("c", 2)]))
    #expect(story.permits(.power, ["a": 2, "c": 2]))
    #expect(story.permits(.power, ["a": 1, "b": 1]))
    #expect(story.names(.power, ["c": 2]) == [.batchNotAtomic])
    #expect(story.names(.power, ["a": 2]) == [.batchNotAtomic])
  }

  @Test("A chain of groups is followed to its end")
  func chain() {
    var story = story()
    story.ask(.batch([.put("a", 1), .put("b", 1)]))
    story.ask(.batch([.put("b", 2), .put("c", 2)]))
    story.put("c", 3)
    // The last put brings the second batch, and that the first.
    #expect(story.permits(.power, ["a": 1, "b": 2, "c": 3]))
    #expect(!story.permits(.power, ["c": 3]))
    #expect(!story.permits(.power, ["b": 2, "c": 3]))
    #expect(story.permits(.power, ["a": 1, "b": 1]))
  }

  @Test("A value that also fits may force an unwanted group; then it is not the explanation")
  func notTheGreedyOne() {
    var story = story()
    story.put("a", 7)
    story.ask(.flush)
    story.ask(.batch([.put("a", 1), .put("b", 1)]))
    story.put("a", 7)
    // The last put of 7 fits, but would bring the batch; the first one explains it.
    #expect(story.permits(.power, ["a": 7]))
    #expect(story.permits(.power, ["a": 7, "b": 1]))
  }

  @Test("A barrier makes every key's effects durable")
  func barrier() {
    var story = story()
    story.put("a", 1)
    story.put("b", 2)
    story.ask(.flush)
    story.put("a", 3)
    #expect(story.names(.power, ["a": 3]) == [.acknowledgedWriteLost])
    #expect(story.permits(.power, ["a": 1, "b": 2]))
  }

  @Test("Where the search is cut off a state is let pass, but never a value nobody wrote")
  func cutOff() {
    var story = story()
    let keys = (0..<12).map { "k\($0)" }
    story.ask(.batch([.put("y", 1), .put("z", 1)] + keys.map { .put($0, 0) }))
    for key in keys {
      story.put(key, 1)
      story.put(key, 1)
    }
    // Each later put brings the batch, and that y; but there are 3 ways for each to find out.
    var records: [String: Float] = ["z": 1]
    for key in keys { records[key] = 1 }
    let judgement = story.judge(.power, records)
    #expect(judgement.isPermitted)
    #expect(judgement.isUndecided)
    records["k3"] = 2
    #expect(story.names(.power, records).contains(.wrongVector))
  }
}

@Suite("Names")
struct NameTests {
  @Test("Names come in the order of the list, and the first names the violation")
  func precedence() {
    var story = Story()
    story.put("a", 1)
    story.put("b", 2)
    story.delete("b")
    story.put("c", 3)
    story.ask(.begin(transaction: 1))
    story.put("u", 4, transaction: 1)
    let judgement = story.judge(.power, ["a": 9, "b": 2, "u": 4, "x": 5])
    #expect(
      judgement.allNames == [
        .wrongVector, .phantomRecord, .uncommittedTransactionVisible, .deletedRecordResurrected,
        .acknowledgedWriteLost,
      ])
    #expect(judgement.name == .wrongVector)
    #expect(judgement.findings.map(\.name) == judgement.findings.map(\.name).sorted())
    #expect(judgement.findings[4].keys == [RecordKey("b"), RecordKey("c")])
    #expect(judgement.missingEffects == [4, 5])
  }

  @Test("The nearest state has the fewest differing records")
  func nearest() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("b", 2)
    story.put("c", 3)
    let judgement = story.judge(.power, ["a": 1, "c": 3, "x": 1])
    #expect(judgement.nearest?.differences.map(\.key) == [RecordKey("b"), RecordKey("x")])
    #expect(judgement.nearest?.state == Dump(["a": 1, "b": 2, "c": 3]))
    #expect(judgement.allNames == [.phantomRecord, .holeInHistory])
  }

  @Test("Among equally near states the one with the later history is taken")
  func tie() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("b", 2)
    // Nothing and both are equally far.
    let judgement = story.judge(.power, ["b": 2])
    #expect(judgement.nearest?.state == Dump(["a": 1, "b": 2]))
    #expect(judgement.missingEffects == [2])
  }

  @Test("An explanation says what was expected, what was found, and which requests")
  func explanation() {
    var story = Story()
    story.put("a", 1)
    let text = story.judge(.power, ["a": 2]).findings.first?.explanation ?? ""
    #expect(text.contains("\"a\": expected [1.0], found [2.0]"))
    let lost = story.judge(.power, [:]).findings.first?.explanation ?? ""
    #expect(lost.contains("request 2"))
    #expect(lost.contains("found nothing"))
  }

  @Test("Every name is spelt as in the list and sorts by its place in it")
  func list() {
    #expect(ViolationName.allCases.count == 22)
    #expect(ViolationName.allCases == ViolationName.allCases.sorted())
    #expect(ViolationName.recoveryExhaustedMemory.rawValue == "recovery-exhausted-memory")
    #expect(ViolationName.allCases.last == .failedOperationResurfaced)
  }

  @Test("Ids are told apart by byte")
  func bytes() {
    var story = Story()
    story.put("e\u{301}", 1)
    #expect(story.names(.power, ["\u{e9}": 1]) == [.phantomRecord, .acknowledgedWriteLost])
  }
}
