import Determinism
import DurabilityModel
import Scenarios

/// Measures how many distinct crash states a second one pinned core explores, beside a bare loop:
/// on `sim` recoveries of one small state, with nothing recorded, exploded or judged; on `fuse` the
/// calls of recoveries made by a subject in C, on a server that judges nothing (`BareRecoveries`).
struct ThroughputBench {
  let targets: TargetFactory
  let scenario: RunPlan.NamedScenario
  let kind: TargetKind
  let sampleCount = 5
  let secondsPerSample: Double

  /// The measurement, ours and the bare loop's in turns.
  func measure() throws(RunError) -> Measurement {
    let target = try targets.make(kind, subject: .builtIn("reference"))
    defer { target.shutDown() }
    let session = try SubjectSession(
      target: target, kind: kind, scenarioName: scenario.name, scenario: scenario.scenario,
      subjectName: "reference")
    var ours: [Double] = []
    var bare: [Double] = []
    var seed = 0
    let image = try typicalState(session)
    let bareLoop = kind == .fuse ? try BareRecoveries(of: session, seeds: 6) : nil
    for sample in 0...sampleCount {
      let explored = try explore(session, &seed)
      let recovered =
        if let bareLoop {
          try bareLoop.measure(seconds: secondsPerSample / 2)
        } else {
          try recover(session, image)
        }
      if sample > 0 {  // the first is the warm-up
        ours.append(explored)
        bare.append(recovered)
      }
    }
    return Measurement(
      "\(kind.rawValue).distinct-crash-states-per-second", unit: "1/s", ours,
      peer: bareLoop == nil
        ? "bare recoveries of one state, opened twice, a second"
        : "a C subject making the same calls on a server that judges nothing",
      peerSamples: bare)
  }

  private func explore(_ session: SubjectSession, _ seed: inout Int) throws(RunError) -> Double {
    let begun = monotonicSeconds()
    var states = 0
    while monotonicSeconds() - begun < secondsPerSample {
      var explorer = Explorer(session: session, seed: Seed(0xBE7C).derived("bench", seed))
      explorer.isInterrupted = isInterrupted
      try explorer.run()
      guard explorer.failures.isEmpty else {
        throw .harness("the reference is broken under the bench's own workload: run make torture")
      }
      states += explorer.statistics.distinctCrashStates
      seed += 1
    }
    return Double(states) / (monotonicSeconds() - begun)
  }

  private func recover(_ session: SubjectSession, _ image: Disk) throws(RunError) -> Double {
    let begun = monotonicSeconds()
    var count = 0
    while monotonicSeconds() - begun < secondsPerSample / 2 {
      for _ in 0..<32 {
        _ = try session.recoverer.recover(image, freshProcess: false)
        count += 1
      }
      if isInterrupted() { throw .interrupted }
    }
    return Double(count) / (monotonicSeconds() - begun)
  }

  /// The cache's view at the middle of one recorded epoch.
  private func typicalState(_ session: SubjectSession) throws(RunError) -> Disk {
    let seed = Seed(0xBE7C)
    let epoch = try EpochRecorder(session).record(
      disk: Disk(parameters: scenario.scenario.disk), oracle: session.freshOracle(),
      requests: session.requests(epoch: 0, seed: seed), faults: [])
    let point = epoch.recording.operations.count / 2
    return PointJudge(epoch: epoch).disk(
      for: CrashStep(point: point, origin: point, kind: .process))
  }
}
