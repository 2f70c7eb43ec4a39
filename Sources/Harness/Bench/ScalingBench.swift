import CLinuxShims
import Determinism
import DurabilityModel
import Glibc
import Scenarios

/// Measures whole runs, with all that a user's has: workers, coverage, results gathered. What two
/// processors bring over one; how long it takes from nothing to the first crash state judged; what
/// memory a run takes, the kernel's included.
struct ScalingBench {
  let targets: TargetFactory
  let scenario: RunPlan.NamedScenario
  let kind: TargetKind
  /// The processors that may be used; the first is the one that all is pinned to.
  let processors: [Int32]
  /// This program, and the scenario's file, for a run that is a process of its own.
  let program: String
  let file: String
  /// Where that run's report goes for the time of the measurement.
  let directory: String
  let sampleCount = 5

  /// The same workload on the same target as `throughput`.
  init(
    of throughput: ThroughputBench, processors: [Int32], program: String, file: String,
    directory: String
  ) {
    targets = throughput.targets
    scenario = throughput.scenario
    kind = throughput.kind
    self.processors = processors
    self.program = program
    self.file = file
    self.directory = directory
  }

  /// All measurements.
  func measure(_ add: (Measurement) -> Void) throws(RunError) {
    if processors.count > 1 { add(try twoProcessors()) }
    add(try firstState())
    add(try memory())
  }

  /// Seeds of one sample: some seconds on one processor, so that the end, where one worker waits
  /// for the other, weighs little.
  private var seeds: Int { kind == .sim ? 256 : 12 }

  private func twoProcessors() throws(RunError) -> Measurement {
    _ = processors.withUnsafeBufferPointer {
      clinux_allow_cpus($0.baseAddress, Int32($0.count))
    }
    defer { _ = clinux_pin_to_cpu(processors[0]) }
    var one: [Double] = []
    var two: [Double] = []
    for sample in 0...sampleCount {
      let alone = try rate(jobs: 1, sample: sample)
      let both = try rate(jobs: 2, sample: sample)
      guard sample > 0 else { continue }  // the first is the warm-up
      one.append(alone)
      two.append(both)
    }
    return Measurement(
      "\(kind.rawValue).two-processors", unit: "1/s", two, peer: "one processor",
      peerSamples: one)
  }

  /// From an empty hand to the verdict on the first state: the mount, the subject's process and the
  /// recording of its first life included, the start of this program not.
  private func firstState() throws(RunError) -> Measurement {
    var samples: [Double] = []
    for sample in 0..<sampleCount {
      let begun = monotonicSeconds()
      let target = try targets.make(kind, subject: .builtIn("reference"))
      defer { target.shutDown() }
      let session = try SubjectSession(
        target: target, kind: kind, scenarioName: scenario.name, scenario: scenario.scenario,
        subjectName: "reference")
      var explorer = Explorer(session: session, seed: Seed(0xBE7C).derived("first", sample))
      // Asked after each state; true ends the exploration.
      explorer.isInterrupted = { true }
      do throws(RunError) {
        try explorer.run()
      } catch {
        guard case .interrupted = error else { throw error }
      }
      samples.append(monotonicSeconds() - begun)
    }
    return Measurement("\(kind.rawValue).first-crash-state", unit: "s", samples)
  }

  /// The most memory that a run of a million crash states has, in MiB, the kernel's included:
  /// measured on `sim`; on `fuse`, where that many take minutes, what a short run takes and each
  /// further state of a longer one adds.
  private func memory() throws(RunError) -> Measurement {
    let (few, many) = kind == .sim ? (20, 900) : (4, 24)
    let short = try used(seeds: few)
    let long = try used(seeds: many)
    let slope = Double(long.bytes - short.bytes) / Double(max(1, long.states - short.states))
    let whole = Double(long.bytes) + max(0, slope) * Double(1_000_000 - long.states)
    return Measurement(
      "\(kind.rawValue).memory-of-a-million-states", unit: "MiB", [max(0, whole) / 0x1p20])
  }

  /// By how much the machine's available memory sinks during a run that is a process of its own.
  /// What other programs do meanwhile is in it.
  private func used(seeds: Int) throws(RunError) -> (states: Int, bytes: Int) {
    let report = directory + "/scaling-bench"
    defer { Files.remove(report) }
    let before = try MeasuredProgram.availableMemory()
    var least = before
    let status = try MeasuredProgram.run([
      program, "run", file, "--subject", "reference", "--target", kind.rawValue, "--seeds",
      "\(seeds)", "--seed", "1", "--jobs", "1", "--quiet", "--report", report,
    ]) { () throws(RunError) in
      least = min(least, try MeasuredProgram.availableMemory())
      if isInterrupted() { throw .interrupted }
    }
    guard status == 0 else { throw .harness("torture run ended with status \(status)") }
    let states = try ReportFile.read(report).crashStates
    return (states, before - least)
  }

  /// `seeds` seeds with `jobs` workers, and how many distinct states a second they came to.
  private func rate(jobs: Int, sample: Int) throws(RunError) -> Double {
    let plan = RunPlan(
      scenarios: [scenario], targets: [kind], subject: .builtIn("reference"),
      seed: Seed(0xBE7C).derived("scaling", sample), limit: .seeds(seeds), jobs: jobs)
    let result = Runner(
      plan: plan, targets: targets, failures: FailureStore(report: "", namesParts: false),
      progress: ProgressPrinter(isQuiet: true, isSilent: true)
    ).run()
    if let problem = result.problem { throw problem }
    if result.wasInterrupted { throw .interrupted }
    let states = result.tasks.reduce(0) { $0 + $1.part.statistics.distinctCrashStates }
    return Double(states) / result.seconds
  }
}
