import Determinism
import DurabilityModel
import Oracle
import Scenarios
import StorageInterface
import SubjectProtocol

/// One subject under one scenario on one target, ready to explore seeds.
struct SubjectSession {
  let target: any Target
  let targetKind: TargetKind
  let scenarioName: String
  let scenario: Scenario
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

  var recoverer: Recoverer { Recoverer(target: target, open: open) }

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
      features: description.features, transactions: contract.transactions)
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

  /// Draws the live faults of an epoch: places are taken from the same epoch without faults, so
  /// that each comes to pass.
  func faults(for quiet: RecordedEpoch, seed: Seed) -> [Fault] {
    var faults: [Fault] = []
    for (index, template) in scenario.faults.enumerated() {
      var generator = PRNG(seed.derived("template", index))
      guard generator.chance(template.share, in: 100),
        let error = Errno(name: template.errno)
      else { continue }
      if let fault = place(template, error, in: quiet, &generator) { faults.append(fault) }
    }
    return faults
  }

  private func place(
    _ template: FaultTemplate, _ error: Errno, in quiet: RecordedEpoch, _ generator: inout PRNG
  ) -> Fault? {
    var places: [Fault] = []
    for recorded in quiet.recording.operations {
      guard let operation = FaultableOperation(rawValue: recorded.operation.kindName),
        template.operation == operation.rawValue
          || (template.operation == "fsync" && operation == .fdatasync),
        template.role == "*" || template.role == recorded.role.name
      else { continue }
      places.append(
        Fault(
          request: recorded.request, operation: operation, role: recorded.role, nth: recorded.nth,
          error: error))
    }
    if places.isEmpty, ["read", "open", "readdir"].contains(template.operation),
      let operation = FaultableOperation(rawValue: template.operation),
      let open = quiet.requests.first
    {
      return Fault(
        request: open.number, operation: operation, role: FileRole(name: template.role),
        nth: generator.number(in: 1...3), error: error)
    }
    guard !places.isEmpty else { return nil }
    var fault = generator.pick(places)
    if fault.operation == .write, generator.chance(1, in: 2) {
      fault.partial = generator.number(in: 1...64)
    }
    return fault
  }
}
