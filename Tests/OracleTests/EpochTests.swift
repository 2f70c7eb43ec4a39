import Oracle
import SubjectProtocol
import Testing

@Suite("Over several crashes")
struct EpochTests {
  @Test("What recovery did not show is gone for good")
  func absentIsFinal() {
    var story = Story()
    story.put("a", 1, io)
    story.crash(.process, showing: [:])
    #expect(story.findings.isEmpty)
    #expect(story.names(.process, ["a": 1]) == [.phantomRecord])
    #expect(story.names(.power, ["a": 1]) == [.phantomRecord])
  }

  @Test("What recovery showed stays through process crashes")
  func presentIsFinalAgainstProcessCrashes() {
    var story = Story()
    story.put("a", 1, io)
    story.crash(.process, showing: ["a": 1])
    #expect(story.names(.process, [:]) == [.acknowledgedWriteLost])
  }

  @Test("A power loss reaches back under volatile when only process crashes lie between")
  func reachingBack() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("b", 2)
    story.crash(.process, showing: ["a": 1, "b": 2])
    story.put("c", 3)
    for kept in [[:], ["a": 1], ["a": 1, "b": 2], ["a": 1, "b": 2, "c": 3]] as [[String: Float]] {
      #expect(story.permits(.power, kept))
    }
    #expect(story.names(.power, ["b": 2]) == [.holeInHistory])
    #expect(!story.permits(.process, ["a": 1]))
  }

  @Test("A barrier after a recovery makes what it showed final")
  func barrierMakesFinal() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("o", 2, io)
    story.crash(.process, showing: ["a": 1, "o": 2])
    #expect(story.permits(.power, ["a": 1]))
    #expect(story.permits(.power, [:]))
    story.ask(.flush)
    #expect(!story.permits(.power, ["a": 1]))
    #expect(story.permits(.power, ["a": 1, "o": 2]))
  }

  @Test("Under prefix a durable acknowledgement after a recovery makes what it showed final")
  func acknowledgementMakesFinal() {
    var story = Story()
    story.put("o", 2, io)
    story.crash(.process, showing: ["o": 2])
    #expect(story.permits(.power, [:]))
    story.put("b", 3)
    #expect(story.names(.power, ["b": 3]) == [.acknowledgedWriteLost])
    #expect(story.permits(.power, ["o": 2, "b": 3]))
  }

  @Test("Under per-key a durable acknowledgement of another key does not")
  func acknowledgementOfAnotherKey() {
    var contract = Story.durable
    contract.order = .perKey
    var story = Story(contract)
    story.put("o", 2, io)
    story.crash(.process, showing: ["o": 2])
    story.put("b", 3)
    #expect(story.permits(.power, ["b": 3]))
    story.ask(.flush)
    #expect(!story.permits(.power, ["b": 3]))
  }

  @Test("Where recovery is promised to be durable, what it showed is final at once")
  func recoveredIsDurable() {
    var contract = Story.volatile
    contract.recoveredIsDurable = true
    var story = Story(contract)
    story.put("a", 1)
    story.crash(.process, showing: ["a": 1])
    #expect(story.names(.power, [:]) == [.acknowledgedWriteLost])
  }

  @Test("After a power loss the shown state is where the history starts")
  func collapse() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("b", 2)
    story.crash(.power, showing: ["a": 1])
    #expect(story.findings.isEmpty)
    #expect(story.permits(.power, ["a": 1]))
    #expect(story.names(.power, [:]) == [.acknowledgedWriteLost])
    #expect(story.names(.power, ["a": 1, "b": 2]) == [.phantomRecord])
    story.put("b", 5)
    #expect(story.permits(.power, ["a": 1]))
    #expect(story.permits(.power, ["a": 1, "b": 5]))
  }

  @Test("A crash before open was answered inherits the permitted set")
  func inherits() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("b", 2)
    story.model = story.model.crashed(.power)
    story.open(unanswered)
    for kind in Contract.Crash.allCases {
      #expect(story.permits(kind, [:]))
      #expect(story.permits(kind, ["a": 1]))
      #expect(!story.permits(kind, ["b": 2]))
    }
  }

  @Test("A power loss during the recovery from a process crash permits what either does")
  func mixedKinds() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.model = story.model.crashed(.process)
    story.open(unanswered)
    #expect(story.permits(.power, [:]))
    #expect(story.permits(.power, ["a": 1]))
    #expect(!story.permits(.process, [:]))
    #expect(story.model.permittedDigests(after: .power)?.count == 2)
  }

  @Test("An open without an answer that shows anything chooses nothing")
  func openAlone() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("b", 2)
    story.model = story.model.crashed(.power)
    story.open()
    story.put("c", 3)
    story.ask(.flush)
    #expect(story.permits(.power, ["c": 3]))
    #expect(story.permits(.power, ["a": 1, "c": 3]))
    #expect(story.permits(.power, ["a": 1, "b": 2, "c": 3]))
    #expect(!story.permits(.power, ["a": 1]))
  }

  @Test("A dump that recovery may not show is named, and the history goes on from it")
  func goesOnAfterViolation() {
    var story = Story()
    story.put("a", 1)
    story.crash(.power, showing: ["a": 9, "x": 3])
    #expect(story.findings.map(\.name) == [.wrongVector, .phantomRecord])
    #expect(story.permits(.power, ["a": 9, "x": 3]))
    #expect(!story.permits(.power, ["a": 1]))
  }

  @Test("An older value that a crash took is a phantom, one that was there is a lost write")
  func laterNames() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.ask(.flush)
    story.put("a", 2)
    story.crash(.power, showing: ["a": 1])
    #expect(story.names(.power, ["a": 2]) == [.phantomRecord])
    story.put("a", 3)
    story.ask(.flush)
    #expect(story.names(.power, ["a": 1]) == [.acknowledgedWriteLost])
  }

  @Test("An effect whose survival a dump does not tell stays open")
  func overwrittenStaysOpen() {
    var story = Story(Story.volatile)
    story.put("k", 1, io)
    story.put("k", 2)
    story.crash(.process, showing: ["k": 2])
    #expect(story.findings.isEmpty)
    #expect(story.permits(.power, ["k": 1]))
    #expect(story.permits(.power, [:]))
    #expect(story.permits(.process, ["k": 2]))
    #expect(!story.permits(.process, ["k": 1]))
  }

  @Test("A log number may not fall below one that was durable")
  func logNumbers() {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.ask(.stats, .stats(Stats(lsn: 5)))
    let low = Stats(lsn: 4)
    #expect(
      story.model.judge(recoveredStats: low, after: .process).map(\.name) == [.logNumberReused])
    #expect(story.model.judge(recoveredStats: low, after: .power).isEmpty)
    story.ask(.flush)
    story.ask(.stats, .stats(Stats(lsn: 5)))
    #expect(story.model.judge(recoveredStats: low, after: .power).map(\.name) == [.logNumberReused])
    #expect(story.model.judge(recoveredStats: Stats(lsn: 5), after: .power).isEmpty)
    story.crash(.power, showing: ["a": 1])
    #expect(story.ask(.stats, .stats(low)).map(\.name) == [.logNumberReused])
  }

  @Test("After a failed, refused, aborted or unfinished mutation there is no new floor")
  func noFloor() {
    let low = Stats(lsn: 1)
    func isHeld(_ change: (inout Story) -> Void) -> Bool {
      var story = Story()
      story.put("a", 1)
      change(&story)
      story.put("b", 1)
      story.ask(.stats, .stats(Stats(lsn: 9)))
      return !story.model.judge(recoveredStats: low, after: .power).isEmpty
    }
    #expect(isHeld { _ in })
    #expect(!isHeld { $0.put("x", 1, io) })
    #expect(!isHeld { $0.put("x", 1, invalid) })
    #expect(!isHeld { $0.ask(.begin(transaction: 1)) })
    #expect(
      !isHeld {
        $0.ask(.begin(transaction: 1))
        $0.ask(.abort(transaction: 1))
      })
  }

  @Test("A refused open is a violation unless a fault met it or nothing was promised")
  func refusals() {
    var story = Story()
    story.put("a", 1)
    func names(_ kind: FailureKind, hadFault: Bool) -> [ViolationName] {
      story.model.judgeRefusal(
        of: .open, failure: kind, message: "", after: .power, hadFault: hadFault
      ).map(\.name)
    }
    #expect(names(.corrupt, hadFault: false) == [.recoveryRefused])
    #expect(names(.io, hadFault: true).isEmpty)
    #expect(names(.unsupported, hadFault: false).isEmpty)
    story.model = story.model.crashed(.power)
    let request = Request.open(directory: "d", dimension: 1, options: .emptyObject)
    story.model.issued(request, number: 90)
    story.model.faultFired()
    #expect(story.model.answered(io, to: 90).isEmpty)
    #expect(story.ask(request, io).map(\.name) == [.recoveryRefused])
    // A failed open leaves the permitted set as it was.
    #expect(story.permits(.power, ["a": 1]))
    story.open()
    #expect(story.ask(.dump, io).map(\.name) == [.recoveryRefused])
  }

  @Test("How an open effect came out is kept, where what was shown leaves no doubt")
  func outcomesSeen() {
    func seen(_ shown: [String: Float], _ crash: Contract.Crash, _ answer: Answer?) -> OutcomeSet {
      var story = Story()
      story.put("a", 1)
      story.put("b", 2, answer)
      story.crash(crash, showing: shown)
      return story.model.outcomesSeen
    }
    func kind(_ name: String) -> OutcomeKind? { OutcomeKind.all.first { $0.name == name } }
    let unanswered = kind("put or delete, never answered, after a power-loss")
    #expect(seen(["a": 1], .power, nil) == unanswered?.absent)
    #expect(seen(["a": 1, "b": 2], .power, nil) == unanswered?.present)
    let failed = kind("put or delete, answered as failed, after a process-crash")
    #expect(seen(["a": 1], .process, io) == failed?.absent)
    #expect(seen(["a": 1, "b": 2], .process, io) == failed?.present)
    #expect(seen(["a": 1, "b": 2], .power, .ok).isEmpty, "a durable effect is not open")
    #expect(Set(OutcomeKind.all.map(\.name)).count == OutcomeKind.all.count)
  }

  @Test("Volatile effects, batches and commits count by their own kinds")
  func outcomesByKind() throws {
    var story = Story(Story.volatile)
    story.put("a", 1)
    story.put("b", 2)
    story.transaction([.put("c", 3)], commit: nil)
    story.crash(.power, showing: ["a": 1])
    let names = OutcomeKind.all.filter {
      !story.model.outcomesSeen.isDisjoint(with: [$0.present, $0.absent])
    }
    #expect(
      names.map(\.name) == [
        "put or delete, acknowledged and not yet durable, after a power-loss",
        "commit, never answered, after a power-loss",
      ])
    try #require(names.count == 2)
    #expect(story.model.outcomesSeen.contains([names[0].present, names[0].absent]))
    #expect(story.model.outcomesSeen.contains(names[1].absent))
    #expect(!story.model.outcomesSeen.contains(names[1].present))
  }
}
