import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Explores one seed of one scenario with one subject on one target: record, explode, recover
/// twice, judge, go on (design.md, section 3).
///
/// It is a value of one worker's thread. What it finds depends on the scenario, the subject and the
/// seed alone: never on time, on other seeds or on how many workers there are.
struct Explorer {
  let session: SubjectSession
  let seed: Seed
  /// Stop at the first violation with one of these names; empty for never.
  var stopsAt: Set<String> = []
  /// True once the user wants the run to end.
  var isInterrupted: () -> Bool = { false }

  var statistics = RunStatistics()
  var failures: [Failure] = []
  var coverage = Coverage()
  /// For each life with a workload so far: how many distinct states it had, and how many the
  /// crashed recoveries from them.
  var shares: [Share] = []
  /// What recovery showed of each state seen so far.
  private var outcomes: [Digest: RecoveryOutcome] = [:]

  /// What coverage takes for reachable.
  private let coverageEvents: CoverageEvents

  init(session: SubjectSession, seed: Seed) {
    self.session = session.seeded(seed)
    self.seed = seed
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

  private var isDone: Bool { failures.contains { stopsAt.contains($0.name.rawValue) } }

  // MARK: Record.

  private mutating func record(_ start: Start) throws(RunError) -> RecordedEpoch {
    let requests =
      start.level > 0
      ? session.recoveryRequests(after: start.workload, level: start.level, seed: seed)
      : session.requests(epoch: start.workload, seed: seed)
    let quiet = try record(start, requests, [], notesCalls: !session.scenario.faults.isEmpty)
    coverage.note(callsOf: quiet, session.scenario.faults)
    let faults = session.faults(for: quiet, seed: seed.derived("faults " + start.path))
    return faults.isEmpty ? quiet : try record(start, requests, faults)
  }

  /// A hang is one only when the same schedule, alone in a fresh process, exceeds ten times the
  /// limit without a disk operation (design.md, section 3).
  private func record(
    _ start: Start, _ requests: [ScheduledRequest], _ faults: [Fault], notesCalls: Bool = false
  ) throws(RunError) -> RecordedEpoch {
    let recorder = EpochRecorder(session)
    let epoch = try recorder.record(
      disk: start.disk, oracle: start.oracle, requests: requests, faults: faults,
      notesCalls: notesCalls)
    guard epoch.findings.contains(where: { $0.finding.name == .subjectHung }) else { return epoch }
    session.target.patience = 10
    defer { session.target.patience = 1 }
    return try recorder.record(
      disk: start.disk, oracle: start.oracle, requests: requests, faults: faults,
      notesCalls: notesCalls)
  }

  private mutating func note(_ epoch: RecordedEpoch) {
    statistics.epochs += 1
    statistics.requests += epoch.requests.count
    statistics.operations += epoch.recording.operations.count
    statistics.failedBarriers += epoch.failedBarriers
    statistics.faultsFired += epoch.faults.fired.count { $0 }
    statistics.faultsNotFired += epoch.faults.notFired.count
    for recorded in epoch.recording.operations {
      switch recorded.operation {
      case .synchronize, .synchronizeRange, .synchronizeDirectory, .synchronizeFileSystem:
        statistics.barriers += 1
      case .create, .link, .unlink, .removeDirectory, .rename, .write, .setSize, .setAttributes,
        .allocate, .setExtendedAttribute, .setTimes, .failedSynchronize,
        .failedSynchronizeDirectory, .stop, .reportError, .writeBack, .dropPages, .evict:
        break
      }
    }
    coverage.note(epoch, crashes: coverageEvents)
  }

  private mutating func judgeLive(
    _ epoch: RecordedEpoch, _ start: Start, _ script: EpochScript
  ) {
    guard let first = epoch.findings.min(by: { $0.finding.name < $1.finding.name }) else { return }
    let names = Set(epoch.findings.map(\.finding.name)).sorted()
    failures.append(
      Failure(
        name: first.finding.name, allNames: names,
        explanation: epoch.findings.map { "request \($0.request): \($0.finding.explanation)" },
        seed: seed, scenario: session.scenarioName, subject: session.subjectName,
        target: session.targetKind, model: session.scenario.disk.model,
        epochs: start.scripts + [script], stateDigest: nil, image: nil,
        history: HistoryPrinter.lines(epoch), pending: [],
        cause: FailureCause.live(
          first.finding, at: epoch.requests.first { $0.number == first.request }?.request.name,
          faults: start.faultsMet + epoch.faultsMet(beforeAnswerTo: first.request)),
        confirmed: 1, tries: 1, occurrences: 1))
  }

  // MARK: Explode, recover, judge.

  /// The points to go on from: half of them process crashes near the end of the life (a cache that
  /// outlives its process matters most after faults), half power losses anywhere.
  private func choosePicks(_ start: Start, _ epoch: RecordedEpoch) -> [Exploder.Pick] {
    // On a disk that lies a life begins with anything.
    guard start.goesOn, start.workload + 1 < session.scenario.epochs,
      !session.scenario.disk.liesAboutBarriers || session.scenario.expects != nil
    else { return [] }
    var generator = PRNG(seed.derived("picks " + start.path))
    let end = epoch.recording.operations.count
    let kinds = Contract.Crash.allCases.filter { session.crashes.contains($0) }
    // The first recording branches, the later ones go deeper: a tree would spend a seed's time on
    // one workload, and other seeds find other things.
    let isFirst = start.workload == 0 && start.level == 0
    let count = isFirst ? session.scenario.continuations : 1
    return (0..<count).map { index in
      let crash = kinds[(index + generator.below(2)) % kinds.count]
      var point = generator.number(in: 0...end)
      switch crash {
      case .process:
        if generator.chance(1, in: 2) { point = end }
      case .power:
        // Right after a barrier little is pending; a few draws find a place where more is.
        for _ in 0..<4 where point > 0 && epoch.recording.operations[point - 1].operation.isBarrier
        {
          point = generator.number(in: 0...end)
        }
      }
      return Exploder.Pick(point: point, crash: crash)
    }
  }

  private mutating func explode(
    _ epoch: RecordedEpoch, _ start: Start, _ script: EpochScript, _ picks: [Exploder.Pick]
  ) throws(RunError) -> [Start] {
    var exploder = Exploder(
      epoch: epoch, crashes: session.crashes,
      limits: start.level > 0 ? session.recoveryLimits : session.explosionLimits,
      seed: seed.derived("explosion " + start.path), picks: picks)
    var draw = RecoveryDraw(
      count: recoveryCount(start), seed: seed.derived("explosion " + start.path))
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
    return try continuations(of: exploder.picks, judge, start, script, epoch)
      + recoveries(draw, judge, start, script, epoch)
  }

  /// The image of the visit with a media fault: each crash point's generator draws it. Nil where
  /// nothing is there that could be damaged.
  private func damaged(_ visit: Visit, _ epoch: RecordedEpoch) -> Visit? {
    guard case .power = visit.step.kind, let disk = visit.disk else { return nil }
    var generator = PRNG(
      seed.derived("media", visit.step.point).derived(visit.key.text))
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
    coverage.note(visit, outcome, isPermitted: !verdict.isBroken)
    switch verdict {
    case .permitted:
      if case .recovered = outcome.kind { draw.offer(visit, operations: outcome.operations) }
    case .undecided: statistics.undecided += 1
    case .warned: statistics.resurfaced += 1
    case .broken(let findings):
      try confirm(findings, visit, outcome, &judge, start, script)
    }
  }

  /// Opens the state again in fresh processes. They are believed, and not the process that had seen
  /// other worlds: what they do not show is no violation.
  private mutating func confirm(
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
    let cause = try cause(of: name, visit.step, shown, judge, start)
    let model = judge.epoch.models[visit.model].model
    failures.append(
      Failure(
        name: name, allNames: Set(findings.map(\.name)).sorted(),
        explanation: findings.map(\.explanation), seed: seed, scenario: session.scenarioName,
        subject: session.subjectName, target: session.targetKind,
        model: session.scenario.disk.model,
        epochs: start.scripts + [crashed], stateDigest: visit.key, image: disk,
        history: HistoryPrinter.lines(judge.epoch, upTo: visit.step.point),
        pending: PendingPrinter.lines(judge.epoch, visit.step), cause: cause,
        comparison: Comparison.lines(shown, model, after: visit.step.crash),
        outcome: shown.line, confirmed: confirmed, tries: tries, occurrences: 1))
  }

  /// What the violation called `name` hangs on: which of the dropped operations had to be.
  private func cause(
    of name: ViolationName, _ step: CrashStep, _ outcome: RecoveryOutcome, _ judge: PointJudge,
    _ start: Start
  ) throws(RunError) -> FailureCause {
    var judge = judge
    var places = start.places
    places.append(judge.epoch.recording)
    let (step, disk) = step.atItsPoint(in: judge.epoch.recording)
    var needed: [UInt64] = []
    return try FailureCause.find(
      name, outcome: outcome, step: step, origin: disk, recording: judge.epoch.recording,
      places: places,
      faults: start.faultsMet + judge.epoch.faultsMet(before: step.point), needed: &needed
    ) { other throws(RunError) in
      let state = judge.disk(for: other)
      let shown = try session.recoverer.recover(state, freshProcess: false)
      return judge.findings(shown, other, state.stateDigest()).map(\.name).min() == name
    }
  }

  // MARK: Go on.

  private func continuations(
    of picks: [Exploder.Pick], _ judge: PointJudge, _ start: Start, _ script: EpochScript,
    _ epoch: RecordedEpoch
  ) throws(RunError) -> [Start] {
    var starts: [Start] = []
    var places = start.places
    if !picks.isEmpty { places.append(epoch.recording) }
    var judge = judge
    for (index, pick) in picks.enumerated() {
      guard let step = pick.found else { continue }
      // Where each state is damaged, the sound one has not been recovered: after damage a life
      // would begin with anything.
      let known = outcomes[pick.digest]
      let outcome =
        if let known { known } else {
          try session.recoverer.recover(judge.disk(for: step), freshProcess: false)
        }
      guard case .recovered = outcome.kind,
        // A life that begins with a loss shows the same loss again, and nothing else.
        judge.findings(outcome, step, pick.digest).isEmpty
      else { continue }
      var crashed = script
      crashed.crash = step
      let model = epoch.models[epoch.model(at: step.point)].model
      starts.append(
        Start(
          workload: start.workload + 1, goesOn: start.level == 0, disk: judge.disk(for: step),
          oracle: model.crashed(step.crash), scripts: start.scripts + [crashed],
          faultsMet: start.faultsMet + epoch.faultsMet(before: step.point), places: places,
          path: start.path + ".\(index)"))
    }
    return starts
  }
}
