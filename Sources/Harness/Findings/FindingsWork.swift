import Determinism
import DurabilityModel
import Scenarios
import SubjectProtocol
import Subjects

/// Searches every subject of the findings as it is documented, and relaxed settings held to
/// `durable`.
///
/// The search goes in rounds. In each every part gets a few of its scenarios and one seed, so that
/// whatever time there is reaches all parts alike; where rounds are counted instead of time, the
/// result is the same every time.
struct FindingsWork {
  let library: ScenarioLibrary
  let factory: TargetFactory
  let progress: ProgressPrinter
  /// Where the examples go.
  let directory: String
  let seed: Seed
  let jobs: Int
  /// How often each example is replayed.
  static let replays = 20

  /// One subject under one promise and one model, and what came of it so far.
  struct Part {
    var subject: FindingsSubject
    var isHeldToDurable: Bool
    var model: PersistenceModelName
    var scenarios: [RunPlan.NamedScenario] = []
    var statistics = RunStatistics()
    /// The names of the scenarios of which something was measured.
    var measured: Set<String> = []
    var crashes: Set<Contract.Crash> = []
    var failures: [FailureEntry] = []
    /// Why something was not measured.
    var problem: String?

    var heldTo: String { isHeldToDurable ? "durable" : "documented" }
  }

  /// The parts, in the order in which they run.
  func parts(_ subjects: [FindingsSubject]) throws(RunError) -> [Part] {
    var parts = subjects.flatMap { subject in
      subject.models.map { Part(subject: subject, isHeldToDurable: false, model: $0) }
        + (subject.isHeldToDurable
          ? [Part(subject: subject, isHeldToDurable: true, model: .posixMin)] : [])
    }
    for index in parts.indices {
      parts[index].scenarios = try scenarios(parts[index])
      for which in parts[index].scenarios.indices {
        parts[index].scenarios[which].scenario.disk.model = parts[index].model
      }
    }
    return parts
  }

  /// Databases have scenarios of their own: they write pages where a log writes a record.
  private func scenarios(_ part: Part) throws(RunError) -> [RunPlan.NamedScenario] {
    if part.isHeldToDurable {
      return [try ScenarioLibrary.read(library.directory + "/controls/held-to-durable.json5")]
    }
    var scenarios: [RunPlan.NamedScenario] = []
    if part.subject.isDatabase {
      let folder = library.directory + "/databases"
      for name in Files.names(in: folder) where name.hasSuffix(".json5") {
        scenarios.append(try ScenarioLibrary.read(folder + "/" + name))
      }
    } else {
      for name in library.names { scenarios.append(try library.load(name)) }
    }
    return scenarios
  }

  /// How many rounds give every scenario of every part `seeds` seeds.
  func rounds(_ parts: [Part], seeds: Int) -> Int {
    seeds * parts.reduce(1) { max($0, ($1.scenarios.count + jobs - 1) / jobs) }
  }

  /// Runs round `round` of `part`; false where it went on before with every scenario `seeds` times.
  func run(_ part: inout Part, round: Int, seeds: Int?) throws(RunError) {
    let count = part.scenarios.count
    let perRound = min(jobs, count)
    let cycle = (count + perRound - 1) / perRound
    if let seeds, round / cycle >= seeds { return }
    let first = round % cycle * perRound
    let plan = RunPlan(
      scenarios: Array(part.scenarios[first..<min(first + perRound, count)]),
      targets: part.subject.targets, subject: .builtIn(part.subject.name),
      seed: seed.derived("round", round / cycle), limit: .seeds(1), jobs: jobs)
    let place = "\(directory)/\(part.subject.name)-\(part.heldTo)-\(part.model.rawValue)"
    let result = Runner(
      plan: plan, targets: factory, failures: FailureStore(report: place, namesParts: true),
      progress: progress
    ).run()
    progress.end()
    if result.wasInterrupted { throw .interrupted }
    add(result, to: &part)
  }

  private func add(_ result: RunResult, to part: inout Part) {
    for task in result.tasks {
      part.statistics.add(task.part.statistics)
      if let why = task.part.notMeasured {
        if !task.part.isBeyondSubject { part.problem = why }
        continue
      }
      part.measured.insert(task.task.scenario.name)
      part.crashes.formUnion(task.part.crashes)
    }
    if let problem = result.problem { part.problem = problem.message }
    for failure in result.failures {
      let known = part.failures.firstIndex { $0.cause.group == failure.cause.group }
      if let known {
        part.failures[known].occurrences += failure.occurrences
      } else {
        part.failures.append(failure)
      }
    }
  }

  /// What was tried of `part`.
  func trial(_ part: Part) -> FindingsData.Trial {
    FindingsData.Trial(
      subject: part.subject.name, heldTo: part.heldTo, model: part.model.rawValue,
      targets: part.subject.targets.map(\.rawValue), scenarios: part.measured.count,
      seeds: part.statistics.seeds, crashStates: part.statistics.crashStates,
      distinctCrashStates: part.statistics.distinctCrashStates,
      unconfirmed: part.statistics.unconfirmed, problem: part.problem,
      crashes: Contract.Crash.allCases.filter(part.crashes.contains).map(\.rawValue))
  }
}
