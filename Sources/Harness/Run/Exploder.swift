import Determinism
import DurabilityModel
import Oracle
import SubjectProtocol

/// Turns one recording into every crash point × the crash states that the model permits there, and
/// judges what recovery shows of each (design.md, section 3).
///
/// Equal states are recovered once, and judged at every crash point that yields them, each against
/// its own permitted set. A state of one point is also one of the next as long as no barrier lies
/// between: it is carried on instead of being made again.
struct Exploder {
  let epoch: RecordedEpoch
  let crashes: Set<Contract.Crash>
  let limits: ExplosionLimits
  let seed: Seed
  /// Points from which states are kept for the next epoch, with the kind of crash.
  var picks: [Pick]
  /// Where set, the states of this point alone are visited.
  var onlyPoint: Int?
  /// How much to try at each point; empty for the same everywhere.
  var efforts: [Effort] = []
  /// By point: the events (`CoverageEvent`) of power losses that left a state which the point had
  /// already.
  private(set) var alike: [UInt64] = []

  private var stopped = false
  private var generatorForPicks: PRNG

  /// A wish for one state to go on from, and what was found for it.
  struct Pick {
    var point: Int
    var crash: Contract.Crash
    var seen = 0
    var found: CrashStep?
    var digest = Digest.zero
  }

  /// A state that later points share.
  private struct Carried {
    var key: Digest
    var choice: PowerLossChoice
    var origin: Int
  }

  /// Visits each (crash point, state); `visit` gets the state's key, how to make it, and the index
  /// of the oracle's knowledge there. It returns false to stop.
  ///
  /// The states of one point come without those of the point before unless the oracle's knowledge
  /// changed between the two.
  mutating func explode(
    _ statistics: inout RunStatistics,
    visit: (Visit) throws(RunError) -> Bool
  ) throws(RunError) {
    var disk = epoch.recording.start
    var carried: [Carried] = []
    var carriedModel = -1
    let operations = epoch.recording.operations
    alike = Array(repeating: 0, count: operations.count + 1)
    for point in 0...operations.count {
      var isFresh = point == 0
      if point > 0 {
        let operation = operations[point - 1].operation
        disk.apply(operation)
        if disk.endsStates(operation) {
          carried.removeAll(keepingCapacity: true)
          isFresh = true
        }
      }
      if let onlyPoint {
        guard point == onlyPoint else { continue }
        isFresh = true
      }
      statistics.crashPoints += 1
      let model = epoch.model(at: point)
      if crashes.contains(.process) && epoch.knowsCache(at: point) {
        let state = disk.afterProcessCrash()
        let step = CrashStep(point: point, origin: point, kind: .process)
        let visited = Visit(key: state.stateDigest(), step: step, model: model, disk: state)
        offer(visited)
        if try !visit(visited) { return }
      }
      guard crashes.contains(.power) else { continue }
      if model != carriedModel {
        for earlier in carried {
          let step = CrashStep(
            point: point, origin: earlier.origin, kind: .power(earlier.choice))
          if try !visit(Visit(key: earlier.key, step: step, model: model, disk: nil)) { return }
        }
        carriedModel = model
      }
      try powerLosses(
        at: point, disk, model: model, onlyNew: !isFresh, &carried, &statistics, visit)
      if stopped { return }
    }
  }

  init(
    epoch: RecordedEpoch, crashes: Set<Contract.Crash>, limits: ExplosionLimits, seed: Seed,
    picks: [Pick]
  ) {
    self.epoch = epoch
    self.crashes = crashes
    self.limits = limits
    self.seed = seed
    self.picks = picks
    generatorForPicks = PRNG(seed.derived("picks"))
  }

  private mutating func powerLosses(
    at point: Int, _ disk: Disk, model: Int, onlyNew: Bool, _ carried: inout [Carried],
    _ statistics: inout RunStatistics, _ visit: (Visit) throws(RunError) -> Bool
  ) throws(RunError) {
    var choices: [PowerLossChoice] = []
    let effort = point < efforts.count ? efforts[point] : .full
    CrashStateEnumerator(disk: disk, limits: effort.limits(limits), seed: seed)
      .forEachChoice(onlyNew: onlyNew) { choices.append($0) }
    choices = effort.selected(choices, seed.derived("effort", point))
    var seenHere: Set<Digest> = Set(carried.map(\.key))
    for choice in choices {
      let state = disk.afterPowerLoss(choice)
      let key = state.stateDigest()
      guard seenHere.insert(key).inserted else {
        alike[point] |= CoverageEvent.of(choice).bit
        continue
      }
      carried.append(Carried(key: key, choice: choice, origin: point))
      if choice.dropsAnything { statistics.statesWithDrops += 1 }
      if choice.tearsAnything { statistics.tornStates += 1 }
      let step = CrashStep(point: point, origin: point, kind: .power(choice))
      let visited = Visit(key: key, step: step, model: model, disk: state)
      offer(visited)
      if try !visit(visited) {
        stopped = true
        return
      }
    }
  }

  /// Keeps one state for each pick, drawn from its point's states. One that was torn is four times
  /// as likely as one that lost nothing, one that lost something twice: what recovery must clean up
  /// shows in the life after it.
  private mutating func offer(_ visit: Visit) {
    let weight =
      switch visit.step.kind {
      case .process: 1
      case .power(let choice): choice.tearsAnything ? 4 : choice.dropsAnything ? 2 : 1
      }
    for index in picks.indices
    where picks[index].point == visit.step.point && picks[index].crash == visit.step.crash {
      picks[index].seen += weight
      if generatorForPicks.below(picks[index].seen) < weight {
        picks[index].found = visit.step
        picks[index].digest = visit.key
      }
    }
  }
}

/// One crash state at one crash point.
struct Visit {
  /// The state's key.
  var key: Digest
  /// The crash.
  var step: CrashStep
  /// Which of the epoch's models holds here.
  let model: Int
  /// The state, or nil for one that was seen at an earlier point.
  var disk: Disk?
  /// What the recovery is held to; nil where that follows from the crash.
  var rule: JudgementRule?
}

/// What recovery from a state is held to.
enum JudgementRule {
  /// The promise.
  case promise
  /// Damage that something later on the disk proves: to be reported.
  case provenDamage
  /// Damage that nothing proves, lost writes, a disk that lies: nothing that was never written.
  case unprovenDamage
}
