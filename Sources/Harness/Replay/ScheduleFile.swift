import Determinism
import DurabilityModel
import Oracle
import Scenarios

/// The text of one failing run: what ran, every request, fault and crash, and what was found.
///
/// One thing a line, `#` begins a comment; printing and parsing are each other's inverse. Together
/// with the scenario beside it, it reproduces the failure.
struct ScheduleFile: Equatable {
  var scenario: String
  var subject: RunPlan.SubjectChoice
  var target: TargetKind
  var seed: Seed
  var epochs: [EpochScript]
  var violation: ViolationName
  /// The persistence model it ran under; nil for the scenario's.
  var model: PersistenceModelName?
  /// The key of the crash state; nil for a live violation.
  var state: Digest?

  /// The text.
  var text: String {
    var lines = [
      "# wal-torture schedule, version 1. One thing a line; requests carry their stable numbers.",
      "scenario \(scenario)",
    ]
    lines += Self.lines(of: subject)
    lines.append("target \(target.rawValue)")
    lines.append("seed \(seed)")
    if let model { lines.append("model \(model.rawValue)") }
    for (index, epoch) in epochs.enumerated() {
      lines.append("epoch \(index)")
      lines += epoch.faults.map { "fault \($0.text)" }
      lines += epoch.requests.map { "request \($0.text)" }
      guard let crash = epoch.crash else { continue }
      switch crash.kind {
      case .process: lines.append("crash point=\(crash.point) process-crash")
      case .power(let choice):
        let damage = crash.damage.map { "damage=\($0.text) " } ?? ""
        lines.append(
          "crash point=\(crash.point) power-loss pending-at=\(crash.origin) \(damage)\(choice.text)"
        )
      }
    }
    lines.append("violation \(violation.rawValue)")
    if let state { lines.append("state \(state.text)") }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func lines(of subject: RunPlan.SubjectChoice) -> [String] {
    switch subject {
    case .builtIn(let name): ["subject \(name)"]
    case .command(let words): ["subject-command " + joined(words)]
    case .upgraded(let old, let words): lines(of: old) + ["recover-command " + joined(words)]
    }
  }

  /// Words of a command on one line: tabulators between them, backslashes before what is special.
  private static func joined(_ words: [String]) -> String {
    words.map {
      $0.replacing("\\", with: "\\\\").replacing("\t", with: "\\t").replacing("\n", with: "\\n")
    }.joined(separator: "\t")
  }

  private static func words(_ line: String) -> [String] {
    line.split(separator: "\t", omittingEmptySubsequences: false).map { word in
      var result = ""
      var isEscaped = false
      for character in word {
        if isEscaped {
          result.append(character == "t" ? "\t" : character == "n" ? "\n" : character)
          isEscaped = false
        } else if character == "\\" {
          isEscaped = true
        } else {
          result.append(character)
        }
      }
      return result
    }
  }

  /// Reads the text; errors name `file` and the line.
  init(parsing text: String, file: String) throws(RunError) {
    var fields: [String: String] = [:]
    var epochs: [EpochScript] = []
    for (index, rawLine) in text.split(separator: "\n", omittingEmptySubsequences: false)
      .enumerated()
    {
      if rawLine.isEmpty || rawLine.hasPrefix("#") { continue }
      func fail(_ what: String) -> RunError { .usage("\(file):\(index + 1): \(what)") }
      let space = rawLine.firstIndex(of: " ") ?? rawLine.endIndex
      let keyword = String(rawLine[..<space])
      let rest = String(rawLine[space...].dropFirst())
      switch keyword {
      case "epoch":
        guard Int(rest) == epochs.count else { throw fail("epochs are numbered from 0") }
        epochs.append(EpochScript(requests: [], faults: [], crash: nil))
      case "fault", "request", "crash":
        guard let last = epochs.indices.last else { throw fail("\(keyword) before any epoch") }
        do throws(RunError) {
          try Self.add(keyword, rest, to: &epochs[last])
        } catch {
          throw fail(error.message)
        }
      case "scenario", "subject", "subject-command", "recover-command", "target", "seed", "model",
        "violation", "state":
        fields[keyword] = rest
      default:
        throw fail("unknown keyword \"\(keyword)\"")
      }
    }
    func field(_ name: String) throws(RunError) -> String {
      guard let value = fields[name] else { throw .usage("\(file): no line \"\(name)\"") }
      return value
    }
    self.epochs = epochs
    scenario = try field("scenario")
    if let command = fields["subject-command"] {
      subject = .command(Self.words(command))
    } else {
      subject = .builtIn(try field("subject"))
    }
    if let command = fields["recover-command"] {
      subject = .upgraded(subject, by: Self.words(command))
    }
    guard let target = TargetKind(rawValue: try field("target")),
      let seed = Seed(parsing: try field("seed")),
      let violation = ViolationName(rawValue: try field("violation"))
    else { throw .usage("\(file): the target, seed or violation is none") }
    self.target = target
    self.seed = seed
    self.violation = violation
    if let name = fields["model"] {
      guard let model = PersistenceModelName(rawValue: name) else {
        throw .usage("\(file): there is no model \"\(name)\"; torture list models shows them")
      }
      self.model = model
    }
    state = fields["state"].flatMap { Digest(parsing: $0) }
  }

  init(_ failure: Failure, subject: RunPlan.SubjectChoice) {
    scenario = failure.scenario
    self.subject = subject
    target = failure.target
    seed = failure.seed
    epochs = failure.epochs
    violation = failure.name
    model = failure.model
    state = failure.stateDigest
  }

  private static func add(
    _ keyword: String, _ rest: String, to epoch: inout EpochScript
  ) throws(RunError) {
    switch keyword {
    case "fault":
      do throws(Fault.SyntaxError) {
        epoch.faults.append(try Fault(reading: rest))
      } catch {
        throw .usage("not a fault: \(rest): \(error)")
      }
    case "request":
      do throws(ScheduledRequest.LineError) {
        epoch.requests.append(try ScheduledRequest(reading: Array(rest.utf8)[...], indentation: 8))
      } catch {
        throw .usage(error.message)
      }
    default:
      guard let crash = CrashStep(parsing: rest) else { throw .usage("not a crash: \(rest)") }
      epoch.crash = crash
    }
  }
}

extension CrashStep {
  /// Reads what follows `crash` in a schedule; nil when `text` is none.
  init?(parsing text: String) {
    let words = text.split(separator: " ", maxSplits: 3)
    guard words.count >= 2, words[0].hasPrefix("point="), let point = Int(words[0].dropFirst(6)),
      point >= 0
    else { return nil }
    if words[1] == "process-crash", words.count == 2 {
      self.init(point: point, origin: point, kind: .process)
      return
    }
    guard words[1] == "power-loss", words.count == 4, words[2].hasPrefix("pending-at="),
      let origin = Int(words[2].dropFirst(11)), origin >= 0, origin <= point
    else { return nil }
    var rest = words[3]
    var damage: MediaFault?
    if rest.hasPrefix("damage=") {
      let parts = rest.dropFirst(7).split(separator: " ", maxSplits: 1)
      guard parts.count == 2, let fault = MediaFault(parsing: String(parts[0])) else { return nil }
      (damage, rest) = (fault, parts[1])
    }
    guard let choice = PowerLossChoice(parsing: String(rest)) else { return nil }
    self.init(point: point, origin: origin, kind: .power(choice), damage: damage)
  }
}
