import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Shrinks the failure of a directory: in this process where the subject can run there, since the
/// same schedule gives the same operations and verdict on both targets; what comes of it is
/// confirmed on the failure's own target.
struct ShrinkWork {
  let failure: FailureDirectory
  let factory: TargetFactory
  let progress: ProgressPrinter
  /// How many schedules are tried at most.
  var trialLimit = Shrinker.trialLimit

  /// What shrinking came to.
  struct Result {
    var smallest: Reproduction
    /// Why each line is needed; nil where the user interrupted, and more may go.
    var reasons: LineReasons?
    var linesBefore: Int
    var trials: Int
  }

  /// Shrinks.
  func shrink() throws(RunError) -> Result {
    let own = failure.schedule.target
    // Threads are there on `fuse` only.
    guard failure.schedule.subject.livesInProcess, own != .sim, try !hasThreads() else {
      return try shrink(on: own)
    }
    let result = try shrink(on: .sim)
    if result.reasons == nil { return result }
    let session = try failure.session(on: own, factory)
    defer { session.target.shutDown() }
    let trial = Trial(
      session: session, seed: failure.schedule.seed, goal: result.smallest.cause,
      name: failure.schedule.violation)
    let scripts = result.smallest.lives.map(\.script)
    if case .same = try trial.run(Candidate(scripts), reach: .exact) { return result }
    progress.say("in this process it shrinks to something else: once more on \(own.rawValue)")
    return try shrink(on: own)
  }

  private func hasThreads() throws(RunError) -> Bool {
    let session = try failure.session(on: .sim, factory)
    defer { session.target.shutDown() }
    return session.concurrency > 1
  }

  private func shrink(on kind: TargetKind) throws(RunError) -> Result {
    let session = try failure.session(on: kind, factory)
    defer { session.target.shutDown() }
    let schedule = failure.schedule
    let progress = progress
    defer { progress.end() }
    do throws(Refusal) {
      return try Self.shrink(
        schedule.epochs, schedule.violation, seed: schedule.seed, session, trialLimit: trialLimit,
        progress: { progress.say($0) })
    } catch {
      switch error {
      case .run(let error): throw error
      case .notReproduced(let why):
        throw .notMeasured(
          "\(failure.path): \(schedule.violation.rawValue) was not reproduced, so there is nothing "
            + "to shrink: \(why); torture replay says how often it recurs")
      case .endless:
        throw .notMeasured(
          "\(failure.path): it does not come to an end in \(trialLimit) trials: each takes "
            + "long, or the subject does not do the same twice")
      }
    }
  }

  /// How often a schedule is run of a subject whose threads vary.
  private static let triesWithThreads = 4

  /// Why there is nothing to write.
  enum Refusal: Error {
    case run(RunError)
    case notReproduced(String)
    case endless
  }

  /// Shrinks the schedule `epochs`, which ends in `name`.
  static func shrink(
    _ epochs: [EpochScript], _ name: ViolationName, seed: Seed, _ session: SubjectSession,
    trialLimit: Int = Shrinker.trialLimit, progress: @escaping (String) -> Void
  ) throws(Refusal) -> Result {
    do throws(RunError) {
      var trial = Trial(session: session, seed: seed, goal: nil, name: name)
      var outcome = try trial.run(Candidate(epochs), reach: .exact)
      if case .other = outcome, session.mayVary {
        progress("its threads are not in the same order twice: each schedule is run several times")
        trial.tries = triesWithThreads
        outcome = try trial.run(Candidate(epochs), reach: .life)
      }
      let first: Reproduction
      switch outcome {
      case .same(let reproduction): first = reproduction
      case .other(let why): throw RunError.usage(why)
      }
      var shrinker = Shrinker(trial: trial, reproduction: first)
      shrinker.progress = progress
      shrinker.limit = trialLimit
      // A process is started for each trial: searching every point is left to the end, but where
      // points are not the same twice.
      if session.targetKind == .fuse && !session.mayVary { shrinker.reach = .point }
      func result(_ reasons: LineReasons?) -> Result {
        Result(
          smallest: shrinker.best, reasons: reasons, linesBefore: first.lineCount,
          trials: shrinker.trials)
      }
      do throws(RunError) {
        repeat {
          try shrinker.shrink()
          if let reasons = try LineReasons.find(&shrinker) { return result(reasons) }
        } while shrinker.trials < trialLimit
      } catch {
        // What has gone so far need not come back.
        guard case .interrupted = error, shrinker.best.lineCount < first.lineCount else {
          throw error
        }
        return result(nil)
      }
    } catch {
      if case .usage(let why) = error { throw .notReproduced(why) }
      throw .run(error)
    }
    throw .endless
  }

  /// Writes the shrunk failure to `directory`.
  func write(_ result: Result, to directory: String) throws(RunError) {
    let small = result.smallest
    let crash = small.lives[small.lives.count - 1].script.crash
    let names = Set(small.findings.map(\.name)).sorted()
    var comparison: [String] = []
    if let outcome = small.outcome, let crash {
      let model = small.recorded.models[small.recorded.model(at: crash.point)].model
      comparison = Comparison.lines(outcome, model, after: crash.crash)
    }
    let shrunk = Failure(
      name: failure.schedule.violation, allNames: names,
      explanation: small.findings.map(\.explanation), seed: failure.schedule.seed,
      scenario: failure.schedule.scenario, subject: failure.schedule.subject.name,
      target: failure.schedule.target, model: failure.scenario.scenario.disk.model,
      epochs: small.lives.map(\.script),
      stateDigest: small.stateDigest, image: small.image,
      history: HistoryPrinter.lines(small.recorded, upTo: crash?.point),
      pending: crash.map { PendingPrinter.lines(small.recorded, $0) } ?? [], cause: small.cause,
      comparison: comparison, outcome: small.outcome?.line, confirmed: 1, tries: 1, occurrences: 1)
    try FailureWriter(
      failure: shrunk, scenarioSource: failure.scenario.source, subject: failure.schedule.subject,
      reasons: result.reasons
    ).write(to: directory)
  }

  /// The schedule with the reasons, as it is printed.
  static func explanation(_ result: Result) -> String {
    var lines: [String] = []
    func add(_ line: String, _ why: String?) {
      lines.append("  " + line)
      if let why { lines.append("      without it: " + why) }
    }
    for (life, part) in result.smallest.lives.enumerated() {
      lines.append("epoch \(life)")
      for (index, fault) in part.script.faults.enumerated() {
        add("fault " + fault.text, result.reasons?.faults[life][index])
      }
      for (index, request) in part.script.requests.enumerated() {
        add("request " + request.text, result.reasons?.requests[life][index])
      }
      guard let crash = part.script.crash else { continue }
      let kind = crash.crash == .process ? "process crash" : "power loss"
      lines.append("  \(kind) after operation \(crash.point)")
      if let why = result.reasons?.crashes[life] { lines.append("      " + why) }
    }
    lines.append("violation: " + (result.smallest.findings.first?.explanation ?? "none"))
    lines.append("cause: " + result.smallest.cause.text)
    return lines.joined(separator: "\n")
  }
}
