import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Runs a schedule again, step by step, and says whether the same promise breaks in the same state.
struct Replayer {
  let session: SubjectSession
  let schedule: ScheduleFile

  /// A replayer of `schedule`.
  init(session: SubjectSession, schedule: ScheduleFile) {
    self.session = session.seeded(schedule.seed)
    self.schedule = schedule
  }

  /// What a replay came to.
  struct Result {
    /// Every violation name that the replay showed.
    var names: [ViolationName]
    var explanation: [String]
    /// Whether the crash state was the very one of the schedule.
    var isSameState: Bool
    var history: [String]
    var pending: [String]
    /// What recovery returned beside what was permitted.
    var comparison: [String] = []
    var image: Disk?
    var stateDigest: Digest?

    /// Whether the schedule's violation was there again.
    func reproduces(_ schedule: ScheduleFile) -> Bool {
      names.contains(schedule.violation) && isSameState
    }
  }

  /// Replays every epoch, and judges the last.
  func replay() throws(RunError) -> Result {
    var disk = session.freshDisk(schedule.seed)
    var oracle = session.freshOracle()
    for (index, script) in schedule.epochs.enumerated() {
      let recorder = EpochRecorder(session)
      let epoch = try recorder.record(
        disk: disk, oracle: oracle, requests: script.requests, faults: script.faults)
      guard let crash = script.crash else { return live(epoch) }
      guard crash.point <= epoch.recording.operations.count else {
        throw .usage(
          "epoch \(index) now has \(epoch.recording.operations.count) disk operations, and the "
            + "schedule crashes after \(crash.point): the subject is not the one that failed, or "
            + "it does not do the same twice")
      }
      var judge = session.judge(epoch)
      guard judge.fits(crash) else {
        throw .usage(
          "epoch \(index): what is pending at operation \(crash.origin) is not what the schedule "
            + "chose from: the subject is not the one that failed, or it does not do the same twice"
        )
      }
      let state = judge.disk(for: crash)
      if index == schedule.epochs.count - 1 {
        return try last(&judge, crash, state)
      }
      oracle = epoch.models[epoch.model(at: crash.point)].model.crashed(crash.crash)
      disk = state
    }
    throw .usage("the schedule has no epoch")
  }

  private func live(_ epoch: RecordedEpoch) -> Result {
    Result(
      names: Set(epoch.findings.map(\.finding.name)).sorted(),
      explanation: epoch.findings.map { "request \($0.request): \($0.finding.explanation)" },
      isSameState: schedule.state == nil, history: HistoryPrinter.lines(epoch), pending: [],
      image: nil, stateDigest: nil)
  }

  private func last(
    _ judge: inout PointJudge, _ crash: CrashStep, _ state: Disk
  ) throws(RunError) -> Result {
    let outcome = try session.recoverer.recover(state, freshProcess: true)
    let key = state.stateDigest()
    let findings = judge.findings(outcome, crash, key)
    let model = judge.epoch.models[judge.epoch.model(at: crash.point)].model
    return Result(
      names: Set(findings.map(\.name)).sorted(), explanation: findings.map(\.explanation),
      isSameState: schedule.state.map { $0 == key } ?? true,
      history: HistoryPrinter.lines(judge.epoch, upTo: crash.point),
      pending: PendingPrinter.lines(judge.epoch, crash),
      comparison: Comparison.lines(outcome, model, after: crash.crash), image: state,
      stateDigest: key)
  }
}
