import Determinism
import DurabilityModel
import Oracle
import SubjectProtocol

/// Holds what recovery showed of a state against what is permitted at one crash point.
///
/// The fast path compares digests: a dump whose digest is among those of the permitted states needs
/// no look at its records.
struct PointJudge {
  let epoch: RecordedEpoch
  /// The digests permitted by each of the epoch's models, for each kind of crash; computed once.
  private var permitted: [Contract.Crash: [Int: Set<Digest>?]] = [:]
  /// Judgements of the slow path, by model, crash and dump.
  private var known: [Key: Verdict] = [:]

  private struct Key: Hashable {
    var model: Int
    var crash: Contract.Crash
    var dump: Digest
  }

  /// What a judgement comes to.
  enum Verdict {
    case permitted
    /// Deciding would have taken too long; no alarm is given.
    case undecided
    /// A failed operation showed up where the contract leaves that open.
    case warned
    case broken([Finding])
  }

  init(epoch: RecordedEpoch) { self.epoch = epoch }

  /// Judges `outcome` at the crash point of `visit`.
  mutating func judge(_ outcome: RecoveryOutcome, _ visit: Visit) -> Verdict {
    let model = epoch.models[visit.model].model
    let crash = visit.step.crash
    switch outcome.kind {
    case .recovered(let dump):
      return judge(dump, visit.model, crash)
    case .unstable(let first, let second):
      var findings: [Finding] = []
      if model.isMeasured(after: crash), let found = RecoveryComparison.difference(first, second) {
        findings = [found]
      }
      if case .broken(let more) = judge(first, visit.model, crash) { findings = more + findings }
      return findings.isEmpty ? .permitted : .broken(findings)
    case .refused(let stage, let kind, let message):
      let findings = model.judgeRefusal(
        of: stage.operation, failure: kind, message: message, after: crash,
        hadFault: outcome.wasHindered)
      return findings.isEmpty ? .permitted : .broken(findings)
    case .broken(let stage, let why):
      guard model.isMeasured(after: crash) else { return .permitted }
      let mayExit = outcome.hadFailedBarrier && model.contract.afterFailedBarrier == .exits
      if why.kind == .ended && mayExit { return .permitted }
      let name: ViolationName =
        switch why.kind {
        case .ended, .rubbish: .recoveryCrashed
        case .hung: .recoveryHung
        case .outOfMemory: .recoveryExhaustedMemory
        }
      return .broken([
        Finding(name, explanation: "at the \(stage.rawValue): \(why.message)")
      ])
    }
  }

  private mutating func judge(_ dump: Dump, _ index: Int, _ crash: Contract.Crash) -> Verdict {
    let model = epoch.models[index].model
    let digests: Set<Digest>?
    if let computed = permitted[crash]?[index] {
      digests = computed
    } else {
      digests = model.permittedDigests(after: crash).map { Set($0) }
      permitted[crash, default: [:]][index] = .some(digests)
    }
    // Digests cover records only, and do not tell a permitted state that is worth a warning.
    if dump.namespaces == nil, !model.hasFailedOperations, digests?.contains(dump.digest) == true {
      return .permitted
    }
    let key = Key(model: index, crash: crash, dump: dump.digest)
    if dump.namespaces == nil, let verdict = known[key] { return verdict }
    let judgement = model.judge(dump, after: crash)
    let verdict: Verdict =
      if !judgement.findings.isEmpty {
        .broken(judgement.findings)
      } else if judgement.isUndecided {
        .undecided
      } else if !judgement.warnings.isEmpty {
        .warned
      } else {
        .permitted
      }
    known[key] = verdict
    return verdict
  }

  /// What is broken where a crash `step` leaves a state with the key `key`, and `outcome` is what
  /// it shows; empty where nothing is.
  mutating func findings(
    _ outcome: RecoveryOutcome, _ step: CrashStep, _ key: Digest
  ) -> [Finding] {
    let visit = Visit(key: key, step: step, model: epoch.model(at: step.point), disk: nil)
    guard case .broken(let findings) = judge(outcome, visit) else { return [] }
    return findings
  }

  /// Whether the choice of `step` is one about what is pending at its origin.
  func fits(_ step: CrashStep) -> Bool {
    guard case .power(let choice) = step.kind else { return true }
    var disk = epoch.recording.start
    for recorded in epoch.recording.operations[..<step.origin] { disk.apply(recorded.operation) }
    return disk.accepts(choice)
  }

  /// The disk that `step` leaves, made again from the recording.
  func disk(for step: CrashStep) -> Disk {
    var disk = epoch.recording.start
    for recorded in epoch.recording.operations[..<step.origin] { disk.apply(recorded.operation) }
    return step.applied(to: disk)
  }
}
