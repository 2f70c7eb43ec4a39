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
  /// The key of the crash state; nil for a live violation.
  var state: Digest?

  /// The text.
  var text: String {
    var lines = [
      "# wal-torture schedule, version 1. One thing a line; requests carry their stable numbers.",
      "scenario \(scenario)",
    ]
    switch subject {
    case .builtIn(let name): lines.append("subject \(name)")
    case .command(let words): lines.append("subject-command " + words.joined(separator: "\t"))
    }
    lines.append("target \(target.rawValue)")
    lines.append("seed \(seed)")
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
      case "scenario", "subject", "subject-command", "target", "seed", "violation", "state":
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
      subject = .command(command.split(separator: "\t").map(String.init))
    } else {
      subject = .builtIn(try field("subject"))
    }
    guard let target = TargetKind(rawValue: try field("target")),
      let seed = Seed(parsing: try field("seed")),
      let violation = ViolationName(rawValue: try field("violation"))
    else { throw .usage("\(file): the target, seed or violation is none") }
    self.target = target
    self.seed = seed
    self.violation = violation
    state = fields["state"].flatMap { Digest(parsing: $0) }
  }

  init(_ failure: Failure, subject: RunPlan.SubjectChoice) {
    scenario = failure.scenario
    self.subject = subject
    target = failure.target
    seed = failure.seed
    epochs = failure.epochs
    violation = failure.name
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
