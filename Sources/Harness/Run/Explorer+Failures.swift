import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

// From a state that is not permitted to a failure: seen again, and with its cause.
extension Explorer {
  /// Opens the state again in fresh processes. They are believed, and not the process that had seen
  /// other worlds: what they do not show is no violation.
  mutating func confirm(
    _ findings: [Finding], _ visit: Visit, _ outcome: RecoveryOutcome, _ judge: inout PointJudge,
    _ start: Start, _ script: EpochScript
  ) throws(RunError) {
    guard let name = findings.map(\.name).min() else { return }
    if let index = failures.firstIndex(where: { $0.name == name }) {
      failures[index].occurrences += 1
      return
    }
    let disk = judge.disk(for: visit.step)
    let isHang = name == .recoveryHung
    let tries = session.targetKind == .sim || isHang ? 1 : 2
    var confirmed = 0
    var (shown, findings) = (outcome, findings)
    // Whatever was seen first: a fresh process hangs only after ten times the limit.
    session.target.patience = 10
    defer { session.target.patience = 1 }
    for _ in 0..<tries {
      let again = try session.recoverer.recover(disk, freshProcess: true)
      if !again.isSame(as: shown) {
        guard confirmed == 0 else { continue }
        (shown, outcomes[visit.key]) = (again, again)
        guard case .broken(let others) = judge.judge(again, visit) else {
          statistics.unconfirmed += 1
          return
        }
        findings = others
      }
      confirmed += 1
    }
    guard let name = findings.map(\.name).min() else { return }
    var crashed = script
    crashed.crash = visit.step
    let cause = try session.cause(
      of: name, visit.step, shown, judge, places: start.places, faultsMet: start.faultsMet)
    let model = judge.epoch.models[visit.model].model
    failures.append(
      Failure(
        name: name, allNames: Set(findings.map(\.name)).sorted(),
        explanation: findings.map(\.explanation), seed: seed, scenario: session.scenarioName,
        subject: session.subjectName, target: session.targetKind,
        model: session.scenario.disk.model,
        epochs: start.scripts + [crashed], stateDigest: visit.key, image: disk,
        history: HistoryPrinter.lines(judge.epoch, upTo: visit.step.point),
        pending: PendingPrinter.lines(judge.epoch, visit.step, places: start.places),
        cause: cause,
        comparison: Comparison.lines(shown, model, after: visit.step.crash),
        outcome: shown.line, confirmed: confirmed, tries: tries, occurrences: 1))
  }
}

extension SubjectSession {
  /// What the violation called `name` hangs on: which of the dropped operations had to be.
  ///
  /// `places` and `faultsMet` are those of the lives before the one that `judge` judges.
  func cause(
    of name: ViolationName, _ step: CrashStep, _ outcome: RecoveryOutcome, _ judge: PointJudge,
    places: OperationPlaces, faultsMet: [Fault]
  ) throws(RunError) -> FailureCause {
    var judge = judge
    var places = places
    places.append(judge.epoch.recording)
    let (step, disk) = step.atItsPoint(in: judge.epoch.recording)
    var needed: [UInt64] = []
    return try FailureCause.find(
      name, outcome: outcome, step: step, origin: disk, recording: judge.epoch.recording,
      places: places, faults: faultsMet + judge.epoch.faultsMet(before: step.point),
      needed: &needed
    ) { other throws(RunError) in
      let state = judge.disk(for: other)
      let shown = try recoverer.recover(state, freshProcess: false)
      return judge.findings(shown, other, state.stateDigest()).map(\.name).min() == name
    }
  }
}
