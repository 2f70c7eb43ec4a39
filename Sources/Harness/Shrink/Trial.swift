import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Runs a changed schedule, and says whether it is still the same failure.
///
/// Method. Removing a request moves everything behind it: other operation counts, other queues. So
/// crashes are found again by place (request, kind, role, n-th) and their choices by operation.
/// Where that is not the same failure, the last life is explored for it: at the crash's point, or
/// everywhere. The subject is a fresh process for each life, so a trial depends on the schedule
/// alone.
struct Trial {
  let session: SubjectSession
  let seed: Seed
  /// What must be found; nil while the failure itself is being reproduced.
  var goal: FailureCause?
  /// The violation's name.
  let name: ViolationName
  /// How often a schedule is run before it counts as another failure; more than once for a subject
  /// whose threads are never in the same order twice.
  var tries = 1

  init(session: SubjectSession, seed: Seed, goal: FailureCause?, name: ViolationName) {
    self.session = session.seeded(seed)
    self.seed = seed
    self.goal = goal
    self.name = name
  }

  /// How far a trial looks for the failure when it is not where it was.
  enum Reach {
    /// Only there.
    case exact
    /// In every state of the crash's point.
    case point
    /// At every point of the last life, in every state.
    case life
  }

  /// What a trial came to.
  enum Outcome {
    case same(Reproduction)
    /// Why it is not the same failure, in a few words.
    case other(String)
  }

  /// Runs `candidate`.
  func run(_ candidate: Candidate, reach: Reach) throws(RunError) -> Outcome {
    var outcome = try runOnce(candidate, reach: reach)
    for _ in 1..<max(1, tries) {
      if case .same = outcome { return outcome }
      if isInterrupted() { throw .interrupted }
      outcome = try runOnce(candidate, reach: reach)
    }
    return outcome
  }

  private func runOnce(_ candidate: Candidate, reach: Reach) throws(RunError) -> Outcome {
    var disk = session.freshDisk(seed)
    var oracle = session.freshOracle()
    var places = OperationPlaces()
    var lives: [Reproduction.Life] = []
    var met: [Fault] = []
    for (index, life) in candidate.lives.enumerated() {
      let epoch = try EpochRecorder(session).record(
        disk: disk, oracle: oracle, requests: life.script.requests, faults: life.script.faults)
      // What never fired is no part of the failure; once it is told what is, nothing of it may go.
      if goal != nil, let lost = epoch.faults.notFired.first {
        return .other("the fault \(lost.pattern) is not met")
      }
      places.append(epoch.recording)
      var script = EpochScript(
        requests: epoch.requests, faults: epoch.faultsMet(), crash: nil)
      let operations = epoch.recording.operations.map { OperationPlace($0) }
      func resolved(_ crash: CrashStep?, _ origin: Disk?) -> Reproduction.Life {
        script.crash = crash
        return Reproduction.Life(
          script: script, origin: origin, places: places, operations: operations)
      }
      let isLast = index == candidate.lives.count - 1
      guard life.script.crash != nil else {
        guard isLast else { return .other("a life in the middle has no crash") }
        lives.append(resolved(nil, nil))
        return live(epoch, lives, met)
      }
      let found = resolve(life, epoch, places, isLast: isLast)
      if isLast {
        return try last(found, epoch, met, reach) { crash, origin in
          lives + [resolved(crash, origin)]
        }
      }
      guard let found else { return .other("the crash of an earlier life has no such state") }
      lives.append(resolved(found.step, found.disk))
      met += epoch.faultsMet(before: found.step.point)
      let model = epoch.models[epoch.model(at: found.step.point)].model
      oracle = model.crashed(found.step.crash)
      disk = session.judge(epoch).disk(for: found.step)
    }
    return .other("no life is left")
  }

  // MARK: Finding the crash again

  /// A crash that fits a recording, and the disk its choice is about.
  typealias Found = (step: CrashStep, disk: Disk)

  private func resolve(
    _ life: Reproduction.Life, _ epoch: RecordedEpoch, _ places: OperationPlaces, isLast: Bool
  ) -> Found? {
    guard var crash = life.script.crash else { return nil }
    guard let reference = life.origin else {
      // As it was written down: it must fit.
      guard crash.point <= epoch.recording.operations.count, session.judge(epoch).fits(crash)
      else { return nil }
      // In a life before, a file that was made and dropped would have taken a number, and the
      // choices of later lives name files by theirs.
      return isLast
        ? crash.atItsPoint(in: epoch.recording)
        : (crash, epoch.recording.disk(after: crash.origin))
    }
    let operations = epoch.recording.operations.map { OperationPlace($0) }
    let point = Self.position(crash.point, of: life.operations, in: operations)
    let isApart = crash.origin < crash.point
    let origin =
      isApart ? Self.position(crash.origin, of: life.operations, in: operations) : point
    guard origin <= point,
      !epoch.recording.operations[origin..<point].contains(where: { $0.operation.isBarrier })
    else { return nil }
    (crash.point, crash.origin) = (point, origin)
    let disk = epoch.recording.disk(after: origin)
    if case .power(let choice) = crash.kind {
      let moved = disk.transferred(choice, from: reference) { number in
        places.place(of: number).flatMap { life.places.number(of: $0) }
      }
      guard disk.accepts(moved) else { return nil }
      crash.kind = .power(moved)
    }
    return (crash, disk)
  }

  /// Where `point` of the recording `old` lies in `new`: behind the newest operation before it that
  /// is still there.
  private static func position(
    _ point: Int, of old: [OperationPlace], in new: [OperationPlace]
  ) -> Int {
    var indices: [OperationPlace: Int] = [:]
    for (index, place) in new.enumerated() { indices[place] = index }
    for place in old[..<min(point, old.count)].reversed() {
      if let index = indices[place] { return index + 1 }
    }
    return 0
  }

  // MARK: Judging

  private func live(
    _ epoch: RecordedEpoch, _ lives: [Reproduction.Life], _ met: [Fault]
  ) -> Outcome {
    guard let found = epoch.findings.first(where: { $0.finding.name == name }) else {
      let other = epoch.findings.map(\.finding.name).min()
      return .other(other.map { "\($0.rawValue) instead" } ?? "nothing is broken")
    }
    let operation = epoch.requests.first { $0.number == found.request }?.request.name
    let cause = FailureCause.live(
      found.finding, at: operation,
      faults: met + epoch.faultsMet(beforeAnswerTo: found.request))
    if let goal, !goal.isSame(as: cause) { return .other("it breaks \(cause.text)") }
    return .same(
      Reproduction(
        lives: lives, cause: cause, findings: epoch.findings.map(\.finding), recorded: epoch,
        outcome: nil, image: nil, stateDigest: nil))
  }

  private func last(
    _ found: Found?, _ epoch: RecordedEpoch, _ met: [Fault], _ reach: Reach,
    _ resolved: (CrashStep, Disk) -> [Reproduction.Life]
  ) throws(RunError) -> Outcome {
    var judge = session.judge(epoch)
    var why = "there is no such crash state"
    if let found {
      switch try examine(found, &judge, met, resolved) {
      case .same(let reproduction): return .same(reproduction)
      case .other(let reason): why = reason
      }
    }
    guard reach != .exact else { return .other(why) }
    let only = reach == .point ? found?.step.point : nil
    if reach == .point && only == nil { return .other(why) }
    var search = StateSearch(trial: self, epoch: epoch, point: only)
    while let next = try search.next() {
      let found = next.atItsPoint(in: epoch.recording)
      if case .same(let reproduction) = try examine(found, &judge, met, resolved) {
        return .same(reproduction)
      }
    }
    return .other(search.otherName.map { "\($0.rawValue) instead" } ?? why)
  }

  /// Recovers the state of `found` in a fresh process, and compares the failure with the goal.
  private func examine(
    _ found: Found, _ judge: inout PointJudge, _ met: [Fault],
    _ resolved: (CrashStep, Disk) -> [Reproduction.Life]
  ) throws(RunError) -> Outcome {
    let state = judge.disk(for: found.step)
    let outcome = try session.recoverer.recover(state, freshProcess: true)
    let key = state.stateDigest()
    let findings = judge.findings(outcome, found.step, key)
    guard let first = findings.map(\.name).min() else { return .other("nothing is broken") }
    guard first == name else { return .other("\(first.rawValue) instead") }
    let lives = resolved(found.step, found.disk)
    let places = lives[lives.count - 1].places
    var needed: [UInt64] = []
    var judging = judge
    let recoverer = session.recoverer
    let isBroken = { (step: CrashStep) throws(RunError) -> Bool in
      let other = judging.disk(for: step)
      let shown = try recoverer.recover(other, freshProcess: false)
      return judging.findings(shown, step, other.stateDigest())
        .map(\.name).min() == first
    }
    let cause = try FailureCause.find(
      name, outcome: outcome, step: found.step, origin: found.disk,
      recording: judge.epoch.recording, places: places,
      faults: met + judge.epoch.faultsMet(before: found.step.point), needed: &needed,
      isBroken: isBroken)
    judge = judging
    if let goal, !goal.isSame(as: cause) { return .other("it is another loss: \(cause.text)") }
    return .same(
      Reproduction(
        lives: lives, cause: cause, findings: findings, recorded: judge.epoch, outcome: outcome,
        image: state, stateDigest: key, neededDrops: needed))
  }
}
