import Determinism
import Oracle
import Scenarios

/// Measures guided exploration beside random, on `sim`: how many crash states each needs to reach
/// the same cells, and to catch each planted bug (the bars: a third, and no later).
///
/// What is counted are crash states, so the figures are the same on every machine, and for the same
/// base seeds the same each time.
struct ExplorationBench {
  let library: ScenarioLibrary
  let targets: TargetFactory
  let base: Seed
  let baseSeeds: Int

  /// How many seeds of each scenario random exploration gets.
  private static let seedsEach = 2
  /// A planted bug that was not caught by so many crash states counts as caught then.
  private static let canaryLimit = 400_000

  /// Measures cells, then planted bugs.
  func measure(_ add: (Measurement) -> Void) throws(RunError) {
    try measureCells(add)
    try measureCanaries(add)
  }

  /// The base seed of a round.
  private func seed(_ round: Int) -> Seed { base.derived("explore", round) }

  /// Where guided exploration is not what it would have to be to be the default: a third of the
  /// crash states for the same cells, and every planted bug no later. A sentence each.
  static func shortfalls(_ measurements: [Measurement]) -> [String] {
    measurements.compactMap { measurement in
      guard let peer = measurement.peerMedian, let ratio = measurement.ratio else { return nil }
      let text = BenchPage.text
      if measurement.name.hasPrefix(cellsPrefix), ratio < 3 {
        let what = measurement.name.dropFirst(cellsPrefix.count).replacing("-", with: " ")
        return "guided exploration takes \(text(measurement.median)) crash states \(what), "
          + "random \(text(peer)): not a third, so random stays the default"
      }
      if measurement.name.hasPrefix(canaryPrefix), ratio < 1 {
        return "guided exploration catches \(measurement.name.dropFirst(canaryPrefix.count)) after "
          + "\(text(measurement.median)) crash states, random after \(text(peer))"
      }
      return nil
    }
  }

  private static let cellsPrefix = "coverage.guided.states-"
  private static let canaryPrefix = "coverage.guided.canary."

  // MARK: Cells

  private func measureCells(_ add: (Measurement) -> Void) throws(RunError) {
    var scenarios: [RunPlan.NamedScenario] = []
    for name in library.names { scenarios.append(try library.load(name)) }
    var random: [Double] = []
    var sameNumber: [Double] = []
    var sameCells: [Double] = []
    var shares: [Double] = []
    let target = try targets.make(.sim, subject: .builtIn("reference"))
    defer { target.shutDown() }
    for round in 0..<baseSeeds {
      var plan = RunPlan(
        scenarios: scenarios, targets: [.sim], subject: .builtIn("reference"), seed: seed(round),
        limit: .seeds(Self.seedsEach), jobs: 1)
      var reference = Progress()
      try explore(plan, target) {
        reference.add($0, $1); return true
      }
      plan.exploration = .guided
      plan.limit = .seconds(.infinity)
      var guided = Progress(goal: reference.cells)
      let needed = reference.statesAtLastCell
      try explore(plan, target) { cells, states in
        guided.add(cells, states)
        if guided.states * 3 >= needed, shares.count == round {
          shares.append(100 * Double(guided.common) / Double(max(1, reference.cells.count)))
        }
        return guided.states < needed && guided.statesAtGoal == nil
      }
      if shares.count == round { shares.append(100) }
      random.append(Double(needed))
      sameNumber.append(Double(guided.statesAtNumber ?? needed))
      sameCells.append(Double(guided.statesAtGoal ?? needed))
    }
    let peer = "random: crash states to the last of its cells"
    add(
      Measurement(
        Self.cellsPrefix + "to-as-many-cells", unit: "states", sameNumber, peer: peer,
        peerSamples: random, lessIsMore: true))
    add(
      Measurement(
        Self.cellsPrefix + "to-the-same-cells", unit: "states", sameCells, peer: peer,
        peerSamples: random, lessIsMore: true))
    add(Measurement("coverage.guided.cells-in-a-third-of-the-states", unit: "%", shares))
  }

  /// The cells that an exploration has reached, and after how many crash states.
  private struct Progress {
    typealias Cell = Variation.Aim
    var goal: Set<Cell> = []
    var cells: Set<Cell> = []
    var states = 0
    /// How many of the goal's cells were reached.
    var common = 0
    var statesAtLastCell = 0
    /// When as many cells as the goal has were reached, and when just those were.
    var statesAtNumber: Int?
    var statesAtGoal: Int?

    init(goal: Set<Cell> = []) { self.goal = goal }

    mutating func add(_ coverage: Coverage, _ more: Int) {
      states += more
      for (place, reach) in zip(coverage.places, coverage.reach) {
        for event in CoverageEvent.all where reach.reached & event.bit != 0 {
          let cell = Cell(place: place, event: event)
          guard cells.insert(cell).inserted else { continue }
          statesAtLastCell = states
          if goal.contains(cell) { common += 1 }
        }
      }
      if statesAtNumber == nil, cells.count >= goal.count { statesAtNumber = states }
      if statesAtGoal == nil, common == goal.count { statesAtGoal = states }
    }
  }

  /// Explores the tasks of `plan`, one after the other, until `goesOn` says no; it gets what each
  /// covered and how many crash states it judged.
  private func explore(
    _ plan: RunPlan, _ target: any Target, goesOn: (Coverage, Int) -> Bool
  ) throws(RunError) {
    var queue = TaskQueue(plan)
    while case .task(let task) = queue.next() {
      let explorer = try explore(task, target, plan.subject.name, stopsAt: [])
      queue.finished(task, explorer.coverage, places: explorer.singleFaults)
      if !goesOn(explorer.coverage, explorer.statistics.crashStates) { return }
    }
  }

  private func explore(
    _ task: RunPlan.Task, _ target: any Target, _ subject: String, stopsAt: Set<String>
  ) throws(RunError) -> Explorer {
    target.limits = task.scenario.scenario.limits
    let session = try SubjectSession(
      target: target, kind: .sim, scenarioName: task.scenario.name,
      scenario: task.scenario.scenario, subjectName: subject)
    var explorer = Explorer(session: session, seed: task.seed, variation: task.variation)
    explorer.isInterrupted = isInterrupted
    explorer.stopsAt = stopsAt
    try explorer.run()
    return explorer
  }

  // MARK: Planted bugs

  private func measureCanaries(_ add: (Measurement) -> Void) throws(RunError) {
    let proof = CanaryProof(
      library: library, targets: targets, progress: ProgressPrinter(isQuiet: true))
    for canary in try proof.kept(on: .sim) where canary.subject.hasPrefix("canary-") {
      var random: [Double] = []
      var guided: [Double] = []
      for round in 0..<baseSeeds {
        random.append(Double(try statesToCatch(canary, seed(round), .random)))
        guided.append(Double(try statesToCatch(canary, seed(round), .guided)))
      }
      add(
        Measurement(
          Self.canaryPrefix + canary.subject.dropFirst("canary-".count), unit: "states", guided,
          peer: "random", peerSamples: random, lessIsMore: true))
    }
  }

  /// How many crash states it takes to catch a planted bug in its scenario from fresh seeds.
  private func statesToCatch(
    _ canary: CanaryProof.Kept, _ seed: Seed, _ mode: ExplorationMode
  ) throws(RunError) -> Int {
    let target = try targets.make(.sim, subject: .builtIn(canary.subject))
    defer { target.shutDown() }
    var plan = RunPlan(
      scenarios: [try library.load(canary.scenario)], targets: [.sim],
      subject: .builtIn(canary.subject), seed: seed, limit: .seconds(.infinity), jobs: 1)
    plan.exploration = mode
    var queue = TaskQueue(plan)
    var states = 0
    while states < Self.canaryLimit, case .task(let task) = queue.next() {
      let explorer = try explore(
        task, target, canary.subject, stopsAt: Set(canary.expected))
      states += explorer.statistics.crashStates
      if explorer.failures.contains(where: { canary.expected.contains($0.name.rawValue) }) {
        return states
      }
      queue.finished(task, explorer.coverage, places: [])
    }
    return Self.canaryLimit
  }
}
