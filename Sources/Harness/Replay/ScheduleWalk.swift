import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Runs the requests and faults of a schedule with every crash, instead of the one it names.
///
/// Each life is exploded whole. The next one begins with the crash that the schedule has, where it
/// is one for this recording, and with up to `continuations` other states near it. A subject that
/// was changed makes other disk operations: then near is the last request, in which the old crash
/// lay, since shrinking took away what came behind it.
struct ScheduleWalk {
  let session: SubjectSession
  let seed: Seed
  /// The kinds of crash that are tried.
  var crashes: Set<Contract.Crash>
  /// The name of the violation that is looked for; nil for any.
  var wanted: ViolationName?
  /// What the violation hangs on; another one of the same name is another violation. Nil for any.
  var cause: FailureCause?
  /// Whether the subject is the one of the schedule, and operations have their places.
  var isSameSubject = false
  /// The first life, where it was recorded before: it is exploded again, and not recorded anew.
  var firstLife: RecordedEpoch?
  /// When there is no more time for it; nil for never.
  var end: Double?

  /// A walk with every crash that the session tries.
  init(session: SubjectSession, seed: Seed) {
    let session = session.seeded(seed)
    self.session = session
    self.seed = seed
    crashes = session.crashes
  }

  /// From how many states of one life the next one begins.
  static let continuations = 24

  private struct Start {
    var disk: Disk
    var oracle: OracleModel
    var life: Int
    /// Where the operations of the lives before it stand.
    var places = OperationPlaces()
  }

  /// The first broken promise; nil where all hold.
  mutating func firstViolation(_ epochs: [EpochScript]) throws(RunError) -> Finding? {
    var starts = [
      Start(
        disk: session.freshDisk(seed), oracle: session.freshOracle(), life: 0)
    ]
    while let start = starts.popLast() {
      let script = epochs[start.life]
      let epoch: RecordedEpoch
      if start.life == 0, let firstLife {
        epoch = firstLife
      } else {
        epoch = try EpochRecorder(session).record(
          disk: start.disk, oracle: start.oracle, requests: script.requests, faults: script.faults)
      }
      if let found = epoch.findings.map(\.finding).filter(isWanted).min(by: { $0.name < $1.name }) {
        return found
      }
      var next: [Start] = []
      if let finding = try explode(epoch, script.crash, start, &next) { return finding }
      if start.life + 1 < epochs.count { starts += next.reversed() }
    }
    return nil
  }

  private func isWanted(_ finding: Finding) -> Bool { wanted.map { $0 == finding.name } ?? true }

  private func explode(
    _ epoch: RecordedEpoch, _ crash: CrashStep?, _ start: Start, _ next: inout [Start]
  ) throws(RunError) -> Finding? {
    let life = start.life
    var places = start.places
    places.append(epoch.recording)
    var judge = session.judge(epoch)
    var outcomes: [Digest: RecoveryOutcome] = [:]
    var statistics = RunStatistics()
    var finding: Finding?
    var states: [(step: CrashStep, key: Digest)] = []
    let near = nearby(epoch, crash)
    let session = session
    var exploder = Exploder(
      epoch: epoch, crashes: crashes, limits: session.explosionLimits,
      seed: seed.derived("walk", life), picks: [])
    try exploder.explode(&statistics) { visit throws(RunError) in
      if isInterrupted() { throw .interrupted }
      if let end, monotonicSeconds() >= end { throw .notMeasured("the time was up") }
      let outcome: RecoveryOutcome
      if let known = outcomes[visit.key] {
        outcome = known
      } else {
        guard let disk = visit.disk else { return true }
        outcome = try session.recoverer.recover(disk, freshProcess: false)
        outcomes[visit.key] = outcome
      }
      if near.contains(visit.step.point), case .recovered = outcome.kind {
        states.append((visit.step, visit.key))
      }
      guard case .broken(let findings) = judge.judge(outcome, visit),
        let first = findings.filter(isWanted).min(by: { $0.name < $1.name })
      else { return true }
      // A process that has seen other worlds is not believed.
      let state = judge.disk(for: visit.step)
      let again = try session.recoverer.recover(state, freshProcess: true)
      guard judge.findings(again, visit.step, visit.key).contains(where: { $0.name == first.name })
      else { return true }
      guard try isSameCause(first.name, visit.step, again, judge, start.places) else { return true }
      finding = first
      return false
    }
    var steps: [CrashStep] = []
    if let crash, isSameSubject, crashes.contains(crash.crash),
      crash.point <= epoch.recording.operations.count, judge.fits(crash)
    {
      steps.append(crash)
    }
    let stride = max(1, states.count / Self.continuations)
    for index in Swift.stride(from: 0, to: states.count, by: stride) {
      steps.append(states[index].step)
    }
    for step in steps {
      let model = epoch.models[epoch.model(at: step.point)].model
      next.append(
        Start(
          disk: judge.disk(for: step), oracle: model.crashed(step.crash), life: life + 1,
          places: places))
    }
    return finding
  }

  /// Whether what was found hangs on one of the operations that `cause` hangs on. Under another
  /// model others may have to be lost beside it, and its name alone tells little: nearly everything
  /// that is missing loses an acknowledged write.
  private func isSameCause(
    _ name: ViolationName, _ step: CrashStep, _ outcome: RecoveryOutcome, _ judge: PointJudge,
    _ places: OperationPlaces
  ) throws(RunError) -> Bool {
    guard let cause, !cause.missing.isEmpty else { return true }
    let found = try session.cause(of: name, step, outcome, judge, places: places, faultsMet: [])
    return !Set(found.missing).isDisjoint(with: cause.missing)
  }

  /// The points whose states the next life may begin with.
  private func nearby(_ epoch: RecordedEpoch, _ crash: CrashStep?) -> ClosedRange<Int> {
    let end = epoch.recording.operations.count
    if isSameSubject, let crash { return min(crash.point, end)...min(crash.point, end) }
    return min(epoch.exchanges.last?.firstOperation ?? 0, end)...end
  }
}
