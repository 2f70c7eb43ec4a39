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
    description = try target.describe(.hello(options: scenario.options))
    contract = scenario.contract.apply(to: description.contract)
    let contract = contract
    crashes = Set(scenario.crashes.filter { contract.acknowledgement(after: $0) != .none })
  }

  /// The `open` of every epoch and recovery; the target puts the world's directory in.
  var open: Request {
    .open(directory: "", dimension: scenario.dimension, options: scenario.options)
  }

  var explosionLimits: ExplosionLimits {
    ExplosionLimits(
      exhaustiveUpTo: scenario.explosion.exhaustiveUpTo,
      samplesPerPoint: scenario.explosion.samplesPerPoint)
  }

  /// How many requests may be outstanding at once.
  var concurrency: Int { min(description.concurrency, scenario.concurrency) }

  /// Whether the same schedule need not give the same operations: there are threads.
  var mayVary: Bool { concurrency > 1 && targetKind == .fuse }

  var recoverer: Recoverer { Recoverer(target: target, open: open) }

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

  /// The requests of one epoch. After a crash the first thing is to look at what is there: the
  /// outcome is chosen when an answer shows it.
  func requests(epoch: Int, seed: Seed) -> [ScheduledRequest] {
    let generator = WorkloadGenerator(
      scenario: scenario, seed: seed, operations: description.operations,
      features: description.features, transactions: contract.transactions,
      concurrency: concurrency)
    var requests = generator.epoch(epoch)
    guard epoch > 0, let first = requests.first else { return requests }
    let base = UInt64(epoch) * 1_000_000 + 800_000
    var looks = [ScheduledRequest(number: base + 1, request: .dump)]
    if description.operations.contains(.stats) {
      looks.append(ScheduledRequest(number: base + 2, request: .stats))
    }
    precondition(first.request.name == .open, "an epoch begins with its open")
    requests.insert(contentsOf: looks, at: 1)
    return requests
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
  func faults(for quiet: RecordedEpoch, seed: Seed) -> [Fault] {
    FaultPlanner(templates: scenario.faults, seed: seed).faults(for: quiet)
  }
}
