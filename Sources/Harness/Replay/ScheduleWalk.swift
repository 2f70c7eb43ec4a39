import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Runs the requests and faults of a schedule with every crash, instead of the one it names.
///
/// A subject that was changed makes other disk operations, and the old crash may fit none of them.
/// So each life is exploded whole, and from the states of its last request, in which the old crash
/// lay, the next life begins: from up to `continuations` of them.
struct ScheduleWalk {
  let session: SubjectSession
  let seed: Seed

  /// From how many states of one life the next one begins.
  static let continuations = 24

  private struct Start {
    var disk: Disk
    var oracle: OracleModel
    var life: Int
  }

  /// The first broken promise; nil where all hold.
  mutating func firstViolation(_ epochs: [EpochScript]) throws(RunError) -> Finding? {
    var starts = [
      Start(
        disk: Disk(parameters: session.scenario.disk), oracle: session.freshOracle(), life: 0)
    ]
    while let start = starts.popLast() {
      let script = epochs[start.life]
      let epoch = try EpochRecorder(session).record(
        disk: start.disk, oracle: start.oracle, requests: script.requests, faults: script.faults)
      if let found = epoch.findings.min(by: { $0.finding.name < $1.finding.name }) {
        return found.finding
      }
      var next: [Start] = []
      if let finding = try explode(epoch, start.life, &next) { return finding }
      if start.life + 1 < epochs.count { starts += next.reversed() }
    }
    return nil
  }

  private func explode(
    _ epoch: RecordedEpoch, _ life: Int, _ next: inout [Start]
  ) throws(RunError) -> Finding? {
    var judge = PointJudge(epoch: epoch)
    var outcomes: [Digest: RecoveryOutcome] = [:]
    var statistics = RunStatistics()
    var finding: Finding?
    var states: [(step: CrashStep, key: Digest)] = []
    let lastRequest = epoch.exchanges.last?.firstOperation ?? 0
    let session = session
    var exploder = Exploder(
      epoch: epoch, crashes: session.crashes, limits: session.explosionLimits,
      seed: seed.derived("walk", life), picks: [])
    try exploder.explode(&statistics) { visit throws(RunError) in
      if isInterrupted() { throw .interrupted }
      let outcome: RecoveryOutcome
      if let known = outcomes[visit.key] {
        outcome = known
      } else {
        guard let disk = visit.disk else { return true }
        outcome = try session.recoverer.recover(disk, freshProcess: false)
        outcomes[visit.key] = outcome
      }
      if visit.step.point >= lastRequest, case .recovered = outcome.kind {
        states.append((visit.step, visit.key))
      }
      guard case .broken(let findings) = judge.judge(outcome, visit),
        let first = findings.min(by: { $0.name < $1.name })
      else { return true }
      // A process that has seen other worlds is not believed.
      let state = judge.disk(for: visit.step)
      let again = try session.recoverer.recover(state, freshProcess: true)
      guard judge.findings(again, visit.step, visit.key).contains(where: { $0.name == first.name })
      else { return true }
      finding = first
      return false
    }
    let stride = max(1, states.count / Self.continuations)
    for index in Swift.stride(from: 0, to: states.count, by: stride) {
      let step = states[index].step
      let model = epoch.models[epoch.model(at: step.point)].model
      next.append(
        Start(
          disk: judge.disk(for: step), oracle: model.crashed(step.crash), life: life + 1))
    }
    return finding
  }
}
