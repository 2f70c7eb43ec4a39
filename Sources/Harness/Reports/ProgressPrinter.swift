import DurabilityModel
import Glibc

/// Says what a run is doing: one live line on a terminal, a line every few seconds elsewhere.
final class ProgressPrinter: Sendable {
  private struct State {
    var begun = monotonicSeconds()
    var last = 0.0
    var states = 0
    var distinct = 0
    var seeds = 0
    var violations = 0
    var tasks = 0
    var announced: Set<String> = []
  }

  private let state = Lock(State())
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let isQuiet: Bool

  private let isSilent: Bool
  private let baseline: Baseline?
  /// How long the run is to last; nil where its tasks are counted, or nobody said.
  private let limit: RunPlan.Limit?
  /// How many tasks there are, where that is known.
  private let taskCount: Int?

  /// A printer; a quiet one says nothing but violations, and of those in `baseline` one line.
  /// A silent one says nothing at all.
  /// With a `plan` it tells the time left.
  init(
    isQuiet: Bool, baseline: Baseline? = nil, isSilent: Bool = false, plan: RunPlan? = nil
  ) {
    limit = plan?.limit
    taskCount = plan?.exploration == .exhaustive ? nil : plan?.taskCount
    self.isQuiet = isQuiet || isSilent
    self.isSilent = isSilent
    self.baseline = baseline
  }

  /// A task has ended.
  func finished(
    _ statistics: RunStatistics, _ failures: [FailureEntry], _ task: RunPlan.Task,
    cells: Int
  ) {
    let lines = state.withLock { state -> [String] in
      state.states += statistics.crashStates
      state.distinct += statistics.distinctCrashStates
      state.seeds += statistics.seeds
      state.tasks += 1
      var lines: [String] = []
      for failure in failures
      where state.announced.insert(failure.cause.group).inserted {
        state.violations += 1
        lines += banner(failure)
      }
      let now = monotonicSeconds()
      let isDue = now - state.last >= (isTerminal ? 0.2 : 5)
      if isDue && !isQuiet {
        state.last = now
        let seconds = max(now - state.begun, 0.001)
        lines.append(
          "\(Report.seconds(seconds)) s  \(task.scenario.name) on \(task.target.rawValue)  "
            + "\(state.states) crash states, \(state.distinct) distinct "
            + "(\(Int(Double(state.distinct) / seconds))/s), \(state.seeds) seeds, \(cells) cells, "
            + "\(state.violations) violations" + left(state, after: seconds))
      }
      return lines
    }
    show(lines)
  }

  /// The run itself begins: what came before, such as proofs, is none of its time.
  func begin() { state.withLock { $0.begun = monotonicSeconds() } }

  /// The time left, as far as it can be told.
  private func left(_ state: State, after seconds: Double) -> String {
    switch limit {
    case .seconds(let all)?: ", \(Report.seconds(max(0, all - seconds))) s left"
    case .seeds?:
      if let taskCount, state.tasks > 0, taskCount > state.tasks {
        ", about "
          + Report.seconds(seconds / Double(state.tasks) * Double(taskCount - state.tasks))
          + " s left"
      } else {
        ""
      }
    case nil: ""
    }
  }

  /// Says one thing, unless quiet.
  func say(_ line: String) { if !isQuiet { show([line]) } }

  /// Ends a live line.
  func end() { if isTerminal && !isQuiet { write("\r\u{1B}[K") } }

  private func banner(_ failure: FailureEntry) -> [String] {
    if let baseline, baseline.knows(failure.cause) {
      return isQuiet ? [] : ["known violation \(failure.name): \(failure.cause.text)"]
    }
    let model = failure.model.rawValue
    var lines = [
      "===== VIOLATION \(failure.name) =====",
      "subject \(failure.subject), scenario \(failure.scenario), target \(failure.target.rawValue)",
      "SEED \(failure.seed)" + (failure.variation.map { "  VARIATION \($0.text)" } ?? "")
        + "  MODEL \(model)  CRASH \(failure.crash)",
      "CAUSE \(failure.cause.text)",
    ]
    lines += failure.explanation.prefix(4).map { "  " + $0 }
    lines.append("replay:  torture replay \(failure.directory)")
    lines.append("shrink:  torture shrink \(failure.directory)")
    return lines
  }

  private func show(_ lines: [String]) {
    guard !lines.isEmpty, !isSilent else { return }
    if isTerminal {
      let isLive = lines.count == 1
      write("\r\u{1B}[K" + lines.joined(separator: "\n") + (isLive ? "" : "\n"))
    } else {
      write(lines.joined(separator: "\n") + "\n")
    }
  }

  private func write(_ text: String) {
    var text = text
    text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
