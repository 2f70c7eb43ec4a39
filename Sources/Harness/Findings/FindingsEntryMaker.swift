import Designs
import Determinism
import DurabilityModel
import Scenarios
import SubjectProtocol
import Subjects

/// Makes the entry of one failure: shrinks it, replays it, and says what is behind it.
struct FindingsEntryMaker {
  let subject: FindingsSubject
  let heldTo: FindingsData.Promise
  let factory: TargetFactory
  let progress: ProgressPrinter

  /// How many schedules are tried of a program: each starts processes on a mount, where one of the
  /// tool's own subjects is tried a thousand times a second.
  private static let foreignTrials = 600

  /// The entry of `violation`; as it was found unless it is to be worked at.
  func entry(
    _ violation: Report.Violation, works: Bool
  ) throws(RunError) -> FindingsData.Entry {
    if works { progress.say("\(violation.subject): shrinking \(violation.name)") }
    let original = try FailureDirectory(violation.directory)
    let shrunk =
      works
      ? try unlessInterrupted { () throws(RunError) -> String? in
        try shrink(original)
      } : nil
    let example = try shrunk.map { path throws(RunError) in try FailureDirectory(path) } ?? original
    let recurred =
      works
      ? try unlessInterrupted { () throws(RunError) -> String? in
        try replays(example)
      } : nil
    let text = try Texts(example.path)
    var violation = violation
    violation.directory = example.path
    violation.cause = text.cause
    violation.crashPoint = text.crash
    violation.explanation = text.explanation
    // A note is about what the setting promises, not about what it never did.
    let note =
      heldTo == .durable
      ? nil
      : DatabaseNote.about(violation.subject, violation: violation.name, cause: text.cause)
    let words = ([text.cause] + text.explanation).joined(separator: "\n")
    let defect = PublishedDesign.named(violation.subject)?.defect(violation.name, cause: words)
    return FindingsData.Entry(
      heldTo: heldTo, kind: kind(violation.weakestModel, text, example.schedule),
      violation: violation, schedule: text.schedule, isShrunk: shrunk != nil,
      operations: text.operations, pending: text.pending,
      replays: recurred ?? "not replayed: the time was up",
      promise: defect?.promise ?? subject.promise,
      place: note?.place ?? defect.map { "\($0.function): \($0.explanation)" } ?? "",
      change: note?.change ?? defect?.change ?? change(text.cause),
      isChecked: note != nil || defect != nil)
  }

  /// What `work` comes to; nil where the user does not want to wait for it.
  private func unlessInterrupted(
    _ work: () throws(RunError) -> String?
  ) throws(RunError) -> String? {
    do throws(RunError) {
      return try work()
    } catch {
      guard error == .interrupted else { throw error }
      return nil
    }
  }

  /// Shrinks the failure; nil where its subject does not do the same often enough for that.
  private func shrink(_ failure: FailureDirectory) throws(RunError) -> String? {
    var work = ShrinkWork(failure: failure, factory: factory, progress: progress)
    if failure.schedule.subject.isForeign { work.trialLimit = Self.foreignTrials }
    do throws(RunError) {
      let result = try work.shrink()
      try work.write(result, to: failure.path + "-shrunk")
      return failure.path + "-shrunk"
    } catch {
      guard case .notMeasured(let why) = error else { throw error }
      progress.say(why)
      return nil
    }
  }

  /// How often the example recurs, of so many times.
  private func replays(_ failure: FailureDirectory) throws(RunError) -> String? {
    let session = try failure.session(on: failure.schedule.target, factory)
    defer { session.target.shutDown() }
    let measured = try Recurrence(
      failure: failure, session: session, tries: FindingsWork.replays
    ).measure()
    return measured.text
  }

  private func kind(
    _ weakest: String, _ text: Texts, _ schedule: ScheduleFile
  ) -> FindingsData.Kind {
    if heldTo == .durable { return .cost }
    let isBeforeFirstAnswer =
      schedule.epochs.allSatisfy { life in
        life.crash != nil && life.requests.allSatisfy { $0.request.name == .open }
      } && !text.operations.contains { $0.hasPrefix("answer ") }
    if isBeforeFirstAnswer { return .creation }
    return weakest == PersistenceModelName.posixMin.rawValue ? .portability : .broken
  }

  /// What to change where nobody has looked yet, from what was dropped and had to be.
  private func change(_ cause: String) -> String {
    if heldTo == .durable { return "use a durable setting where a loss cannot be borne" }
    guard let list = cause.split(separator: ": ", maxSplits: 1).last, cause.contains(": ") else {
      return ""
    }
    if cause.hasPrefix("after the fault") { return "report the failed call, and stop there" }
    let changes = list.split(separator: ", ").map { operation -> String in
      let words = operation.split(separator: " ", maxSplits: 1).map(String.init)
      let file = words.count > 1 ? words[1] : "the file"
      return switch words[0] {
      case "create", "link", "unlink", "rename", "remove-directory":
        "sync the directory after the \(words[0]) of \(file)"
      default: "sync \(file) after its \(words[0])"
      }
    }
    return changes.joined(separator: "; ") + ", before the answer"
  }

  /// What a failure's directory says, in parts.
  private struct Texts {
    var schedule: [String]
    var operations: [String]
    var pending: [String] = []
    var explanation: [String] = []
    var cause = ""
    var crash = ""

    init(_ path: String) throws(RunError) {
      func lines(_ name: String) throws(RunError) -> [String] {
        try Files.read(path + "/" + name).split(separator: "\n", omittingEmptySubsequences: false)
          .map(String.init)
      }
      schedule = try lines("schedule").filter { !$0.isEmpty }
      operations = try lines("history").filter { !$0.isEmpty }
      var heading = ""
      for line in try lines("verdict") {
        if line.hasPrefix("cause: ") { cause = String(line.dropFirst(7)) }
        if line.hasPrefix("process crash") || line.hasPrefix("power loss")
          || line.hasPrefix("no crash")
        {
          crash = line
        }
        if !line.hasPrefix("  ") {
          heading = line
        } else if heading.hasPrefix("pending at the crash") {
          pending.append(String(line.dropFirst(2)))
        } else if heading.hasPrefix("expected and found") {
          explanation.append(String(line.dropFirst(2)))
        }
      }
    }
  }
}
