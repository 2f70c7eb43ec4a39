import Determinism
import Scenarios

/// Measures what recording coverage costs: the same seeds on `sim` with and without it, in turns,
/// by processor time (the bar: at most a tenth of the throughput).
struct CoverageCostBench {
  let targets: TargetFactory
  let scenario: RunPlan.NamedScenario
  let secondsPerSample: Double

  private static let sampleCount = 5

  /// The measurement: with coverage beside without.
  func measure() throws(RunError) -> Measurement {
    let target = try targets.make(.sim, subject: .builtIn("reference"))
    defer { target.shutDown() }
    let session = try SubjectSession(
      target: target, kind: .sim, scenarioName: scenario.name, scenario: scenario.scenario,
      subjectName: "reference")
    var with: [Double] = []
    var without: [Double] = []
    let seeds = try seedsASample(session)
    for sample in 0...Self.sampleCount {
      let first = seeds * sample
      let recorded = try speed(session, first..<first + seeds, recordsCoverage: true)
      let bare = try speed(session, first..<first + seeds, recordsCoverage: false)
      if sample > 0 {  // the first is the warm-up
        with.append(recorded)
        without.append(bare)
      }
    }
    return Measurement(
      "coverage.distinct-crash-states-per-processor-second", unit: "1/s", with,
      peer: "the same seeds without recording coverage", peerSamples: without)
  }

  /// How many seeds fill a sample.
  private func seedsASample(_ session: SubjectSession) throws(RunError) -> Int {
    let begun = threadSeconds()
    _ = try speed(session, 0..<4, recordsCoverage: true)
    return max(4, Int(4 * secondsPerSample / max(threadSeconds() - begun, 0.001)))
  }

  private func speed(
    _ session: SubjectSession, _ seeds: Range<Int>, recordsCoverage: Bool
  ) throws(RunError) -> Double {
    let begun = threadSeconds()
    var states = 0
    for seed in seeds {
      var explorer = Explorer(session: session, seed: Seed(0xC0E).derived("bench", seed))
      explorer.isInterrupted = isInterrupted
      explorer.recordsCoverage = recordsCoverage
      try explorer.run()
      states += explorer.statistics.distinctCrashStates
    }
    return Double(states) / (threadSeconds() - begun)
  }
}
