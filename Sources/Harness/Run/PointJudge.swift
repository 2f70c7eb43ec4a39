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
  /// Whether no store can promise anything here, because the disk lies.
  let isUnpromising: Bool
  /// By model of the epoch, after a crash of the process and after one of the power: the digests of
  /// dumps that need no more look; nil where that was not computed yet.
  private var permitted: [(process: Set<Digest>?, power: Set<Digest>?)]
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

    /// Whether a promise is broken.
    var isBroken: Bool {
      if case .broken = self { true } else { false }
    }
  }

  init(epoch: RecordedEpoch, isUnpromising: Bool = false) {
    self.epoch = epoch
    self.isUnpromising = isUnpromising
    permitted = Array(repeating: (nil, nil), count: epoch.models.count)
  }

  /// The digests of dumps that are permitted, and worth no warning, by model `index` after `crash`;
  /// empty where digests do not tell.
  private mutating func permittedDigests(_ index: Int, _ crash: Contract.Crash) -> Set<Digest> {
    switch crash {
    case .process: if let known = permitted[index].process { return known }
    case .power: if let known = permitted[index].power { return known }
    }
    let model = epoch.models[index].model
    let digests =
      model.hasFailedOperations ? [] : Set(model.permittedDigests(after: crash) ?? [])
    switch crash {
    case .process: permitted[index].process = digests
    case .power: permitted[index].power = digests
    }
    return digests
  }

  /// Judges `outcome` at the crash point of `visit`.
  mutating func judge(_ outcome: RecoveryOutcome, _ visit: Visit) -> Verdict {
    let crash = visit.step.crash
    let rule = visit.rule ?? rule(for: visit.step)
    if case .promise = rule, case .recovered(let dump) = outcome.kind {
      return judge(dump, visit.model, crash)
    }
    let model = epoch.models[visit.model].model
    switch rule {
    case .promise: break
    case .provenDamage:
      return judgeDamage(outcome, model, crash) { model.judgeProvenDamage($0, after: crash) }
    case .unprovenDamage:
      return judgeDamage(outcome, model, crash) { model.judgeUnprovenDamage($0, after: crash) }
    }
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
      return why.kind == .ended && mayExit ? .permitted : Self.breakdown(stage, why)
    }
  }

  /// A recovery that gave no answer.
  private static func breakdown(
    _ stage: RecoveryOutcome.Stage, _ why: SubjectBreakdown
  ) -> Verdict {
    let name: ViolationName =
      switch why.kind {
      case .ended, .rubbish: .recoveryCrashed
      case .hung: .recoveryHung
      case .outOfMemory: .recoveryExhaustedMemory
      }
    return .broken([Finding(name, explanation: "at the \(stage.rawValue): \(why.message)")])
  }

  /// Judges a recovery from a damaged image: a refusal reports the damage, a trap or a hang never
  /// does, and what is served is for `serve` to judge.
  private func judgeDamage(
    _ outcome: RecoveryOutcome, _ model: OracleModel, _ crash: Contract.Crash,
    _ serve: (Dump) -> Judgement
  ) -> Verdict {
    guard model.isMeasured(after: crash) else { return .permitted }
    let dumps: [Dump]
    switch outcome.kind {
    case .recovered(let dump): dumps = [dump]
    case .unstable(let first, let second): dumps = [first, second]
    case .refused: return .permitted
    case .broken(let stage, let why): return Self.breakdown(stage, why)
    }
    var findings: [Finding] = []
    for dump in dumps {
      let judgement = serve(dump)
      if judgement.isUndecided { return .undecided }
      findings += judgement.findings
    }
    return findings.isEmpty ? .permitted : .broken(findings)
  }

  /// What the recovery from `step` is held to.
  func rule(for step: CrashStep) -> JudgementRule {
    guard case .power = step.kind else { return .promise }
    if step.damage != nil {
      return damagedImage(for: step)?.isProven == true ? .provenDamage : .unprovenDamage
    }
    return isUnpromising ? .unprovenDamage : .promise
  }

  /// The damaged image of a step with damage; nil where the damage changes nothing.
  private func damagedImage(for step: CrashStep) -> DamagedImage? {
    guard let damage = step.damage else { return nil }
    return sound(step).damaged(by: damage, in: epoch.recording, origin: step.origin)
  }

  private mutating func judge(_ dump: Dump, _ index: Int, _ crash: Contract.Crash) -> Verdict {
    // Digests cover records only.
    if dump.namespaces == nil, permittedDigests(index, crash).contains(dump.digest) {
      return .permitted
    }
    let model = epoch.models[index].model
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
    return epoch.recording.disk(after: step.origin).accepts(choice)
  }

  /// The disk that `step` leaves, made again from the recording.
  func disk(for step: CrashStep) -> Disk { damagedImage(for: step)?.disk ?? sound(step) }

  /// The disk that `step` leaves where the medium does no damage.
  private func sound(_ step: CrashStep) -> Disk {
    step.applied(to: epoch.recording.disk(after: step.origin))
  }
}
