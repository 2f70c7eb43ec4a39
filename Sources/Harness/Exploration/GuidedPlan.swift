import Determinism

/// The tasks of a guided run.
///
/// Method. Coverage-guided exploration as fuzzers have it, made deterministic: tasks come in
/// *generations* of a fixed size. What a generation holds follows from the corpus as it stood when
/// the generation before the last had ended, results taken in the order of their tasks; so nothing
/// depends on which worker was first, and nobody waits while the last tasks of a generation run.
/// First every scenario gets a fresh seed on every target. Then, of four tasks, two aim at cells
/// that could have been reached and never were, one varies a kept seed that reached rare cells, and
/// one is a fresh seed; where no cell is left to aim at, fresh and varied seeds take turns.
struct GuidedPlan: Sendable {
  private let plan: RunPlan
  private(set) var corpus: Corpus
  private var generations: [Generation] = []
  /// How many generations the corpus has taken in.
  private var known = 0
  /// How many tasks were made, and how many of them are fresh seeds.
  private var made = 0
  private var fresh = 0

  private struct Generation: Sendable {
    var tasks: [RunPlan.Task]
    var handedOut = 0
    var results: [Coverage?]
    var finished = 0

    var isFinished: Bool { finished == tasks.count }

    mutating func next() -> RunPlan.Task? {
      guard handedOut < tasks.count else { return nil }
      handedOut += 1
      return tasks[handedOut - 1]
    }
  }

  /// How many tasks a generation has.
  static let size = 12

  init(_ plan: RunPlan) {
    self.plan = plan
    corpus = plan.corpus ?? Corpus()
  }

  /// The next task.
  mutating func next() -> NextTask {
    if let last = generations.indices.last, let task = generations[last].next() {
      return .task(task)
    }
    let limit = plan.taskCount ?? .max
    if made >= limit { return .done }
    guard learn(before: generations.count) else { return .wait }
    generations.append(generation(generations.count, atMost: limit - made))
    guard let task = generations[generations.count - 1].next() else { return .done }
    return .task(task)
  }

  /// A task has ended.
  mutating func finished(_ task: RunPlan.Task, _ coverage: Coverage) {
    let generation = task.index / Self.size
    generations[generation].results[task.index % Self.size] = coverage
    generations[generation].finished += 1
  }

  /// Takes in the generations that `number` follows from, those up to the last but one, and no
  /// other; false where they have not ended.
  private mutating func learn(before number: Int) -> Bool {
    while known < number - 1 {
      guard generations[known].isFinished else { return false }
      for (task, coverage) in zip(generations[known].tasks, generations[known].results) {
        guard let coverage else { continue }
        corpus.add(
          Corpus.Entry(
            scenario: task.scenario.name, target: task.target, seed: task.seed,
            variation: task.variation ?? .guided), coverage)
      }
      generations[known].results = []
      known += 1
    }
    return true
  }

  // MARK: Making tasks

  private mutating func generation(_ number: Int, atMost limit: Int) -> Generation {
    var generator = PRNG(
      plan.seed.derived("generation", number).derived("shard", plan.shard.index))
    var tasks: [RunPlan.Task] = []
    for _ in 0..<min(Self.size, limit) { tasks.append(task(&generator)) }
    return Generation(tasks: tasks, results: Array(repeating: nil, count: tasks.count))
  }

  private mutating func task(_ generator: inout PRNG) -> RunPlan.Task {
    let perSeed = plan.scenarios.count * plan.targets.count
    var chosen: Corpus.Entry?
    if fresh >= perSeed {
      let draw = generator.below(4)
      if draw < 2 { chosen = corpus.aimed(&generator) }
      if draw == 2 || (chosen == nil && draw == 0) { chosen = corpus.varied(&generator) }
    }
    guard let chosen, let scenario = plan.scenarios.first(where: { $0.name == chosen.scenario })
    else {
      var task = plan.task(fresh)
      fresh += 1
      task.variation = .guided
      return numbered(task)
    }
    return numbered(
      RunPlan.Task(
        index: 0, seed: chosen.seed, seedNumber: 0, scenario: scenario, target: chosen.target,
        variation: chosen.variation))
  }

  private mutating func numbered(_ task: RunPlan.Task) -> RunPlan.Task {
    var task = task
    task.index = made
    task.place = made * plan.shard.count + plan.shard.index - 1
    made += 1
    return task
  }
}
