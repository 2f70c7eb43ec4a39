import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// One subject under one scenario on one target, ready to explore seeds.
struct SubjectSession {
  let target: any Target
  let targetKind: TargetKind
  let scenarioName: String
  private(set) var scenario: Scenario
  let subjectName: String
  let description: SubjectDescription
  /// What the subject is held to: what it claims, with the scenario's overrides.
  let contract: Contract
  /// The kinds of crash that the scenario asks for and the contract promises something about.
  let crashes: Set<Contract.Crash>
  /// What it promises under each of the options that lives may have; empty where all have the same.
  let promises: [(options: JSONValue, contract: Contract)]
  /// When the clocks of processes begin.
  private(set) var clock: ClockPlan
  /// When the clocks of recoveries begin.
  private var recoveryClock = 0

  /// Asks the subject what it is.
  init(
    target: any Target, kind: TargetKind, scenarioName: String, scenario: Scenario,
    subjectName: String
  ) throws(RunError) {
    self.target = target
    targetKind = kind
    self.scenarioName = scenarioName
    self.scenario = scenario
    self.subjectName = subjectName
    clock = ClockPlan(seed: Seed(0), changes: scenario.clock)
    // The scenario's own options last: they are what the target greets other processes with.
    var promises: [(options: JSONValue, contract: Contract)] = []
    for more in scenario.restartOptions {
      let options = scenario.options.overlaid(by: more)
      let claimed = try target.describe(.hello(options: options)).contract
      promises.append((options, scenario.contract.apply(to: claimed)))
    }
    description = try target.describe(.hello(options: scenario.options))
    contract = scenario.contract.apply(to: description.contract)
    let contract = contract
    crashes = Set(scenario.crashes.filter { contract.acknowledgement(after: $0) != .none })
    if !promises.isEmpty { promises.append((scenario.options, contract)) }
    self.promises = promises
    for promise in promises where !Self.isComparable(promise.contract, contract) {
      throw .notMeasured(
        "\(subjectName): under other options its contract has another order, atomicity or "
          + "creation; what was written under one is not judged under the other")
    }
    decideClocks(Seed(0))
  }

  /// Whether one history can be held to both: each life to how durable its own promise is.
  private static func isComparable(_ one: Contract, _ other: Contract) -> Bool {
    one.order == other.order && one.transactions == other.transactions
      && one.batchesAreAtomic == other.batchesAreAtomic && one.clearIsAtomic == other.clearIsAtomic
      && one.creationIsAtomic == other.creationIsAtomic
      && Contract.Crash.allCases.allSatisfy {
        (one.acknowledgement(after: $0) == .none) == (other.acknowledgement(after: $0) == .none)
      }
  }

  /// The same session for one seed, which decides about the clocks of processes.
  func seeded(_ seed: Seed) -> SubjectSession {
    var session = self
    session.decideClocks(seed)
    return session
  }

  private mutating func decideClocks(_ seed: Seed) {
    clock = ClockPlan(seed: seed, changes: scenario.clock)
    recoveryClock = clock.recovery
    open = open(scenario.options, at: recoveryClock)
  }

  /// The `open` of every recovery; the target puts the world's directory in.
  ///
  /// Kept, not made anew: it is asked for with every crash state.
  private(set) var open = Request.stats

  private func open(_ options: JSONValue, at seconds: Int) -> Request {
    .open(
      directory: ScheduledRequest.directoryPlaceholder, dimension: scenario.dimension,
      options: timed(options, seconds))
  }

  /// Options with the time at which the clock begins, in nanoseconds, where the subject takes it:
  /// it comes with the tool, or the scenario's options name a clock.
  private func timed(_ options: JSONValue, _ seconds: Int) -> JSONValue {
    guard target.takesClock || scenario.options["clock"] != nil else { return options }
    let start = JSONValue.number(Double(seconds) * 1e9)
    return options.overlaid(by: .object([.init(key: Array("clock".utf8), value: start)]))
  }

  /// The requests of a life with the options and the clock that its seed drew for it.
  private func equipped(_ requests: [ScheduledRequest], seed: Seed) -> [ScheduledRequest] {
    guard let first = requests.first else { return requests }
    var options = scenario.options
    if first.epoch > 0, !scenario.restartOptions.isEmpty {
      var generator = PRNG(seed.derived("restart options", Int(first.number)))
      let drawn = generator.below(scenario.restartOptions.count + 1)
      if drawn > 0 { options = options.overlaid(by: scenario.restartOptions[drawn - 1]) }
    }
    var seconds = clock.start(ofLife: first.number)
    return requests.map { scheduled in
      guard case .open = scheduled.request else { return scheduled }
      // Closed and opened again, a process goes on with its clock.
      defer { seconds += 60 }
      var equipped = scheduled
      equipped.request = open(options, at: seconds)
      return equipped
    }
  }

  /// What the subject promises once it was opened with `options`; nil where that is what it
  /// promises always.
  func promise(under options: JSONValue) -> Contract? {
    if promises.isEmpty { return nil }
    let plain = options.without("clock")
    return promises.first { $0.options.without("clock") == plain }?.contract
  }

  var explosionLimits: ExplosionLimits {
    ExplosionLimits(
      exhaustiveUpTo: scenario.explosion.exhaustiveUpTo,
      samplesPerPoint: scenario.explosion.samplesPerPoint)
  }

  /// Inside a recovery few operations are pending at a time, and there are many recoveries.
  var recoveryLimits: ExplosionLimits {
    ExplosionLimits(
      exhaustiveUpTo: min(16, scenario.explosion.exhaustiveUpTo),
      samplesPerPoint: min(8, scenario.explosion.samplesPerPoint))
  }

  var recoverer: Recoverer {
    Recoverer(target: target, open: open, clock: recoveryClock)
  }

  /// How many requests may be outstanding at once.
  var concurrency: Int { min(description.concurrency, scenario.concurrency) }

  /// Whether the same schedule need not give the same operations: there are threads.
  var mayVary: Bool { concurrency > 1 && targetKind == .fuse }

  /// The same session on another disk.
  func under(_ model: PersistenceModelName) -> SubjectSession {
    var session = self
    session.scenario.disk.model = model
    return session
  }

  /// Whether the disk keeps what it was given and says so: otherwise no store can promise anything,
  /// and only few things are forbidden (disk.md, "profiles of their own").
  var isHonest: Bool { scenario.media.isEmpty && !scenario.disk.liesAboutBarriers }

  /// The judge of an epoch's crash states. A positive control is held to the promise, and must
  /// break it.
  func judge(_ epoch: RecordedEpoch) -> PointJudge {
    PointJudge(
      epoch: epoch,
      isUnpromising: scenario.disk.liesAboutBarriers && scenario.expects == nil)
  }

  /// The oracle before anything happened.
  func freshOracle() -> OracleModel {
    OracleModel(
      contract: contract, dimension: scenario.dimension, features: description.features)
  }

  /// The requests of one epoch, its looks included.
  func requests(epoch: Int, seed: Seed) -> [ScheduledRequest] {
    let generator = WorkloadGenerator(
      scenario: scenario, seed: seed, operations: description.operations,
      features: description.features, transactions: contract.transactions,
      concurrency: concurrency)
    // What is written by hand is asked as it stands, but for the first look after a crash.
    let looks = Looks(
      hasStats: description.operations.contains(.stats), isSparing: scenario.requests != nil)
    let requests = looks.added(to: generator.epoch(epoch), epoch: epoch)
    return equipped(requests, seed: seed)
  }

  /// The requests of a life that ends in its recovery: it opens what a crash left, shows it, and
  /// closes. `level` says how many such lives follow each other, this one included, since the life
  /// of workload number `workload`.
  func recoveryRequests(after workload: Int, level: Int, seed: Seed) -> [ScheduledRequest] {
    let base =
      UInt64(workload) * ScheduledRequest.epochStride + ScheduledRequest.recoveryNumbers.lowerBound
      + UInt64(level) * ScheduledRequest.recoveryStride
    let requests = [open, .dump, .close].enumerated().map { index, request in
      ScheduledRequest(number: base + UInt64(index) + 1, request: request)
    }
    return equipped(requests, seed: seed)
  }

  /// The empty world of a seed: the scenario's disk, with the quota that the seed draws.
  func freshDisk(_ seed: Seed) -> Disk {
    var parameters = scenario.disk
    if let range = scenario.quota {
      var generator = PRNG(seed.derived("quota"))
      let bytes = generator.number(in: range.minimum...range.maximum)
      parameters.quota = Quota(bytes: UInt64(bytes), generator.pick(range.kinds))
    }
    return Disk(parameters: parameters)
  }

  /// Draws the live faults of an epoch that was recorded without any.
  func faults(_ seed: Seed) -> FaultPlanner {
    FaultPlanner(templates: scenario.faults, seed: seed)
  }
}
