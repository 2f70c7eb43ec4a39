import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Explores one seed of one scenario with one subject on one target: record, explode, recover
/// twice, judge, go on (design.md, section 3).
///
/// It is a value of one worker's thread. What it finds depends on the scenario, the subject, the
/// seed and the variation alone: never on time, on other seeds or on how many workers there are.
struct Explorer {
  let session: SubjectSession
  let seed: Seed
  /// What is done otherwise than the seed would; nil for nothing.
  let variation: Variation?
  /// Stop at the first violation with one of these names; empty for never.
  var stopsAt: Set<String> = []
  /// Whether what is covered is registered; off only to measure what that costs.
  var recordsCoverage = true
  /// True once the user wants the run to end.
  var isInterrupted: () -> Bool = { false }

  var statistics = RunStatistics()
  var failures: [Failure] = []
  var coverage = Coverage()
  /// For each life with a workload so far: how many distinct states it had, and how many the
  /// crashed recoveries from them.
  var shares: [Share] = []
  /// Every fault that the lives could have had, where an exhaustive run asks for them.
  var singleFaults: [Variation.SingleFault] = []
  /// What recovery showed of each state seen so far.
  var outcomes: [Digest: RecoveryOutcome] = [:]

  /// What coverage takes for reachable.
  let coverageEvents: CoverageEvents

  init(session: SubjectSession, seed: Seed, variation: Variation? = nil) {
    self.session = session.seeded(seed)
    self.seed = seed
    self.variation = variation
    coverageEvents = CoverageEvents(session)
  }

  /// Where a life begins.
  struct Start {
    /// Which life with a workload it is, or for a recovery, which came before it.
    var workload: Int
    /// How many recoveries that crashed follow each other, this life included; 0 for a life with a
    /// workload.
    var level = 0
    /// Whether the workload goes on from one of its states.
    var goesOn = true
    /// Of a recovery: the index in `shares` of the life with a workload before it.
    var share = 0
    var disk: Disk
    var oracle: OracleModel
    var scripts: [EpochScript]
    /// The faults that fired before the crashes of these.
    var faultsMet: [Fault] = []
    /// Where every operation of the epochs before stands.
    var places = OperationPlaces()
    /// Which of its siblings it is, for the names of generators.
    var path: String
  }

  /// Explores the seed to its end, to the first violation where that is wanted, or until
  /// interrupted.
  mutating func run() throws(RunError) {
    var starts = [
      Start(
        workload: 0, disk: session.freshDisk(seed), oracle: session.freshOracle(),
        scripts: [], path: "0")
    ]
    _ = session.target.takeRecoveryRows()
    defer { coverage.recoveryRows |= session.target.takeRecoveryRows() }
    while let start = starts.popLast() {
      if start.level == 0 { shares.append(Share()) } else if isEnough(start) { continue }
      let before = statistics.distinctCrashStates
      let epoch = try record(start)
      note(epoch)
      if start.level > 0 { statistics.recoveryEpochs += 1 }
      let script = EpochScript(
        requests: epoch.requests, faults: epoch.faultsMet(), crash: nil)
      judgeLive(epoch, start, script)
      let picks = choosePicks(start, epoch)
      let next = try explode(epoch, start, script, picks)
      let states = statistics.distinctCrashStates - before
      if start.level > 0 {
        shares[start.share].recoveries += states
      } else {
        shares[shares.count - 1].workload += states
      }
      if isDone { break }
      starts += next.reversed()
    }
    statistics.seeds = 1
  }

  /// What crash states, continuations and damage are drawn from.
  var crashSeed: Seed { variation?.crashes ?? seed }

  private var isDone: Bool { failures.contains { stopsAt.contains($0.name.rawValue) } }

  // MARK: Explode, recover, judge.

  private mutating func explode(
    _ epoch: RecordedEpoch, _ start: Start, _ script: EpochScript, _ picks: [Exploder.Pick]
  ) throws(RunError) -> [Start] {
    var exploder = Exploder(
      epoch: epoch, crashes: session.crashes,
      limits: start.level > 0 ? session.recoveryLimits : session.explosionLimits,
      seed: crashSeed.derived("explosion " + start.path), picks: picks)
    // Where each state gets damage of its own, every state may show another.
    if let variation, variation.sparesStates, session.scenario.media.isEmpty {
      exploder.efforts = coverage.efforts(epoch, aims: variation.aims)
    } else {
      exploder.efforts = exploder.efforts(within: session.scenario.explosion.statesPerLife)
    }
    var draw = RecoveryDraw(
      count: recoveryCount(start), seed: crashSeed.derived("explosion " + start.path))
    var judge = session.judge(epoch)
    var local = RunStatistics()
    let damages = !session.scenario.media.isEmpty
    try exploder.explode(&local) { visit throws(RunError) in
      if !damages {
        try examine(visit, &judge, &draw, start, script)
      } else if let visit = damaged(visit, epoch) {
        try examine(visit, &judge, &draw, start, script)
      }
      // The getter would copy the explorer for each state.
      if !stopsAt.isEmpty && isDone { return false }
      if isInterrupted() { throw .interrupted }
      return true
    }
    statistics.add(local)
    if !damages, recordsCoverage { coverage.note(alike: exploder.alike) }
    return try continuations(of: exploder.picks, judge, start, script, epoch)
      + recoveries(draw, judge, start, script, epoch)
  }

  /// The image of the visit with a media fault: each crash point's generator draws it. Nil where
  /// nothing is there that could be damaged.
  private func damaged(_ visit: Visit, _ epoch: RecordedEpoch) -> Visit? {
    guard case .power = visit.step.kind, let disk = visit.disk else { return nil }
    var generator = PRNG(
      crashSeed.derived("media", visit.step.point).derived(visit.key.text))
    guard
      let (fault, image) = disk.drawDamage(
        session.scenario.media, in: epoch.recording, origin: visit.step.origin, &generator)
    else { return nil }
    var visit = visit
    visit.step.damage = fault
    visit.disk = image.disk
    visit.key = image.disk.stateDigest()
    visit.rule = image.isProven ? .provenDamage : .unprovenDamage
    return visit
  }

  private mutating func examine(
    _ visit: Visit, _ judge: inout PointJudge, _ draw: inout RecoveryDraw, _ start: Start,
    _ script: EpochScript
  ) throws(RunError) {
    statistics.crashStates += 1
    let outcome: RecoveryOutcome
    if let known = outcomes[visit.key] {
      outcome = known
    } else {
      guard let disk = visit.disk else {
        preconditionFailure("a carried state has been recovered before")
      }
      outcome = try session.recoverer.recover(disk, freshProcess: false)
      outcomes[visit.key] = outcome
      statistics.recoveries += 1
      statistics.distinctCrashStates += 1
      statistics.stateDigest = statistics.stateDigest + visit.key
      if let dump = outcome.dump {
        statistics.outcomeDigest = statistics.outcomeDigest + dump.digest
      }
    }
    let verdict = judge.judge(outcome, visit)
    if recordsCoverage { coverage.note(visit, outcome, isPermitted: !verdict.isBroken) }
    switch verdict {
    case .permitted:
      if case .recovered = outcome.kind { draw.offer(visit, operations: outcome.operations) }
    case .undecided: statistics.undecided += 1
    case .warned: statistics.resurfaced += 1
    case .broken(let findings):
      try confirm(findings, visit, outcome, &judge, start, script)
    }
  }
}
