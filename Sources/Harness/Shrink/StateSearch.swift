import Determinism
import DurabilityModel
import Oracle
import SubjectProtocol

/// Looks through the crash states of one recording for those with a violation of a given name.
///
/// Each state is recovered once; what is found is examined by the caller, in the order of the
/// exploration. A few finds are enough: those behind them fail for the same reason.
struct StateSearch {
  /// The name of the first violation of another name, if there was any.
  private(set) var otherName: ViolationName?

  private var found: [CrashStep] = []
  private var given = 0
  private var isDone = false
  private let trial: Trial
  private let epoch: RecordedEpoch
  private let point: Int?

  /// How many finds are handed out.
  private static let limit = 6

  /// A search of `epoch`, at one point or at all of them.
  init(trial: Trial, epoch: RecordedEpoch, point: Int?) {
    self.trial = trial
    self.epoch = epoch
    self.point = point
  }

  /// The next state with the violation.
  mutating func next() throws(RunError) -> CrashStep? {
    if !isDone { try explore() }
    guard given < found.count else { return nil }
    given += 1
    return found[given - 1]
  }

  private mutating func explore() throws(RunError) {
    isDone = true
    var judge = trial.session.judge(epoch)
    var outcomes: [Digest: RecoveryOutcome] = [:]
    var statistics = RunStatistics()
    var exploder = Exploder(
      epoch: epoch, crashes: trial.session.crashes, limits: trial.session.explosionLimits,
      seed: trial.seed.derived("shrink"), picks: [])
    exploder.onlyPoint = point
    let recoverer = trial.session.recoverer
    let wanted = trial.name
    var found: [CrashStep] = []
    var other: ViolationName?
    try exploder.explode(&statistics) { visit throws(RunError) in
      if isInterrupted() { throw .interrupted }
      let outcome: RecoveryOutcome
      if let known = outcomes[visit.key] {
        outcome = known
      } else {
        guard let disk = visit.disk else { return true }
        outcome = try recoverer.recover(disk, freshProcess: false)
        outcomes[visit.key] = outcome
      }
      guard case .broken(let findings) = judge.judge(outcome, visit),
        let name = findings.map(\.name).min()
      else { return true }
      if name == wanted { found.append(visit.step) } else if other == nil { other = name }
      return found.count < Self.limit
    }
    self.found = found
    otherName = other
  }
}
