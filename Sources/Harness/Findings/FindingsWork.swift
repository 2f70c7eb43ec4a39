import Determinism
import DurabilityModel
import Scenarios

/// Searches every subject of the findings as it is documented, and relaxed settings held to
/// `durable`.
///
/// Each part is a run of its own (`RunPlan`), of which it gets a few tasks at a time. Where time is
/// what ends the search, the next turn is that of the part which has had least of it, so that any
/// time reaches all parts alike; where seeds are counted, the result is the same every time.
struct FindingsWork {
  let library: ScenarioLibrary
  let factory: TargetFactory
  let progress: ProgressPrinter
  /// Where the examples go.
  let directory: String
  let seed: Seed
  /// How many seeds of each scenario; nil where time ends the search.
  let seeds: Int?
  let jobs: Int
  /// How often each example is replayed.
  static let replays = 20

  /// One subject under one promise and one model, and what came of it so far.
  struct Part {
    var subject: FindingsSubject
    var heldTo: FindingsData.Promise
    var model: PersistenceModelName
    var plan: RunPlan
    var result = RunResult()
    /// The next task of the plan.
    var next = 0

    /// Whether every task was tried, or none can be any more.
    var isDone: Bool { result.problem != nil || plan.taskCount.map { next >= $0 } ?? false }
    /// What it is, for people.
    var title: String { "\(subject.name), held to \(heldTo.rawValue), \(model.rawValue)" }
  }

  /// The parts, in the order in which they are listed.
  func parts(_ subjects: [FindingsSubject]) throws(RunError) -> [Part] {
    var parts: [Part] = []
    for subject in subjects {
      for model in subject.models { parts.append(try part(subject, .documented, model)) }
      if subject.isHeldToDurable { parts.append(try part(subject, .durable, .posixMin)) }
    }
    return parts
  }

  private func part(
    _ subject: FindingsSubject, _ heldTo: FindingsData.Promise, _ model: PersistenceModelName
  ) throws(RunError) -> Part {
    var scenarios = try scenarios(subject, heldTo)
    for index in scenarios.indices { scenarios[index].scenario.disk.model = model }
    var plan = RunPlan(
      scenarios: scenarios, targets: subject.targets, subject: .builtIn(subject.name), seed: seed,
      limit: seeds.map { .seeds($0) } ?? .seconds(.infinity), jobs: jobs)
    plan.triesUnclaimed = true
    return Part(subject: subject, heldTo: heldTo, model: model, plan: plan)
  }

  /// Databases have scenarios of their own: they write pages where a log writes a record.
  private func scenarios(
    _ subject: FindingsSubject, _ heldTo: FindingsData.Promise
  ) throws(RunError) -> [RunPlan.NamedScenario] {
    var scenarios: [RunPlan.NamedScenario] = []
    switch heldTo {
    case .durable:
      scenarios.append(
        try ScenarioLibrary.read(library.directory + "/controls/held-to-durable.json5"))
    case .documented where subject.isDatabase:
      let folder = library.directory + "/databases"
      for name in Files.names(in: folder) where name.hasSuffix(".json5") {
        scenarios.append(try ScenarioLibrary.read(folder + "/" + name))
      }
    case .documented:
      for name in library.names { scenarios.append(try library.load(name)) }
    }
    return scenarios
  }

  /// Searches all of `parts` until every task was tried, or the time is `end`: then what had no
  /// turn is said to be untried.
  func search(_ parts: inout [Part], until end: Double?) throws(RunError) {
    while let index = next(parts) {
      if let end, monotonicSeconds() >= end { return }
      try takeTurn(&parts[index])
    }
  }

  /// Whose turn it is: where time ends the search, that of the part which had least of it, and
  /// among those that had none first one under the model which permits most.
  private func next(_ parts: [Part]) -> Int? {
    let open = parts.indices.filter { !parts[$0].isDone }
    if seeds != nil { return open.first }
    func order(_ index: Int) -> (Double, Int) {
      (parts[index].result.seconds, parts[index].model == .posixMin ? 0 : 1)
    }
    return open.min { order($0) < order($1) }
  }

  /// Runs the next tasks of `part`: as many as there are workers.
  private func takeTurn(_ part: inout Part) throws(RunError) {
    progress.say(part.title)
    let end = min(part.next + jobs, part.plan.taskCount ?? .max)
    let place = "\(directory)/\(part.subject.name)-\(part.heldTo.rawValue)-\(part.model.rawValue)"
    part.result = Runner(
      plan: part.plan, targets: factory, failures: FailureStore(report: place, namesParts: true),
      progress: progress
    ).run(part.next..<end, after: part.result)
    part.next = end
    progress.end()
    if part.result.wasInterrupted { throw .interrupted }
  }
}
