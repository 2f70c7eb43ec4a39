import Determinism
import Oracle
import Scenarios
import Subjects

/// Shrinks one failure of each planted bug, found from its kept seed, and replays it twenty times
/// before and after (the bars: at most 12 lines, within 60 s, 20 of 20).
struct ShrinkBench {
  let library: ScenarioLibrary
  let targets: TargetFactory

  /// How often each failure is replayed.
  static let replays = 20

  /// What one planted bug came to.
  struct Sample {
    var name: String
    var seconds: Double
    var linesBefore: Int
    var lines: Int
    /// How many of the replays before and after showed the same in the same state.
    var replaysBefore: Int
    var replaysAfter: Int

    /// Whether it is within the bars.
    var passes: Bool {
      lines <= 12 && seconds <= 60 && replaysBefore == ShrinkBench.replays
        && replaysAfter == ShrinkBench.replays
    }
  }

  /// Measures every planted bug on `kind`; those of which no failure was found are nil.
  func measure(
    on kind: TargetKind, _ each: (_ bug: String, Sample?) -> Void
  ) throws(RunError) {
    let proof = CanaryProof(
      library: library, targets: targets, progress: ProgressPrinter(isQuiet: true))
    for canary in try proof.kept()
    where canary.subject.hasPrefix("canary-") && (kind == .fuse || canary.livesInProcess) {
      each(canary.subject, try measure(canary, on: kind))
    }
  }

  private func measure(
    _ canary: CanaryProof.Kept, on kind: TargetKind
  ) throws(RunError) -> Sample? {
    let scenario = try library.load(canary.scenario)
    let target = try targets.make(kind, subject: .builtIn(canary.subject))
    defer { target.shutDown() }
    target.limits = scenario.scenario.limits
    let session = try SubjectSession(
      target: target, kind: kind, scenarioName: scenario.name, scenario: scenario.scenario,
      subjectName: canary.subject)
    var explorer = Explorer(session: session, seed: canary.seed)
    explorer.isInterrupted = isInterrupted
    explorer.stopsAt = Set(canary.expected)
    try explorer.run()
    guard
      let failure = explorer.failures.first(where: { canary.expected.contains($0.name.rawValue) })
    else { return nil }
    let begun = monotonicSeconds()
    let result: ShrinkWork.Result
    do throws(ShrinkWork.Refusal) {
      result = try ShrinkWork.shrink(
        failure.epochs, failure.name, seed: failure.seed, session, progress: { _ in })
    } catch {
      if case .run(let error) = error { throw error }
      return nil
    }
    let seconds = monotonicSeconds() - begun
    var small = failure
    small.epochs = result.smallest.lives.map(\.script)
    small.stateDigest = result.smallest.stateDigest
    return Sample(
      name: canary.subject, seconds: seconds, linesBefore: result.linesBefore,
      lines: result.smallest.lineCount, replaysBefore: try replay(failure, session),
      replaysAfter: try replay(small, session))
  }

  private func replay(_ failure: Failure, _ session: SubjectSession) throws(RunError) -> Int {
    let schedule = ScheduleFile(failure, subject: .builtIn(session.subjectName))
    var same = 0
    for _ in 0..<Self.replays {
      if try Replayer(session: session, schedule: schedule).replay().reproduces(schedule) {
        same += 1
      }
    }
    return same
  }
}
