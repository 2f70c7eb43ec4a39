public import Determinism
public import SubjectProtocol

/// Draws the requests of a run from a scenario and a seed; a pure function of both and of what the
/// subject supports.
///
/// Method: swarm testing (Groce and others, 2012). Each seed uses only some kinds of steps, with
/// weights of its own, since a run of everything at once hides what a long stretch of one kind
/// would show.
public struct WorkloadGenerator: Sendable {
  let scenario: Scenario
  let seed: Seed
  let operations: Set<OperationName>
  let features: Set<Feature>
  /// How many requests may be outstanding at once.
  let concurrency: Int
  /// Whether the contract has transactions.
  private let hasTransactions: Bool
  /// The weights of this seed, after the swarm and without what the subject does not support.
  public let weights: WorkWeights

  /// Makes a generator for a subject that supports `operations` and `features`; `transactions` says
  /// whether its contract has them, `concurrency` how many requests it takes at once.
  public init(
    scenario: Scenario, seed: Seed, operations: Set<OperationName>, features: Set<Feature>,
    transactions: Bool, concurrency: Int = 1
  ) {
    self.concurrency = concurrency
    hasTransactions = transactions
    self.scenario = scenario
    self.seed = seed.derived("workload")
    self.operations = operations
    self.features = features
    var weights = scenario.weights
    for kind in weights.active {
      let isSupported = Self.needs(kind).allSatisfy(operations.contains)
      if !isSupported || (kind == .transaction && !transactions) { weights[kind] = 0 }
    }
    if operations.isDisjoint(with: [.createNamespace, .dropNamespace])
      || !features.contains(.namespaces)
    {
      weights[.namespace] = 0
    }
    self.weights =
      scenario.swarm
      ? Self.swarm(weights, PRNG(self.seed.derived("swarm")), keeping: scenario.requires) : weights
  }

  /// The requests of every epoch.
  public func epochs() -> [[ScheduledRequest]] {
    guard scenario.requests == nil else { return (0..<scenario.epochs).map { epoch($0) } }
    var writer = EpochWriter(self)
    var epochs: [[ScheduledRequest]] = []
    for epoch in 0..<scenario.epochs { epochs.append(writer.write(epoch)) }
    return epochs
  }

  /// The requests of one epoch, from 0.
  public func epoch(_ epoch: Int) -> [ScheduledRequest] {
    precondition(epoch >= 0 && epoch < scenario.epochs, "the scenario has no such epoch")
    if let script = scenario.requests {
      return ScriptWriter(self, hasTransactions: hasTransactions).write(epoch, script)
    }
    var writer = EpochWriter(self)
    for earlier in 0..<epoch { _ = writer.write(earlier) }
    return writer.write(epoch)
  }

  /// All epochs as one schedule.
  public func schedule() -> Schedule { Schedule(epochs().flatMap(\.self)) }

  /// The requests without which a kind of step cannot be made.
  private static func needs(_ kind: WorkKind) -> [OperationName] {
    switch kind {
    case .put: [.put]
    case .delete: [.delete]
    case .batch: [.batch, .put]
    case .transaction: [.begin, .commit, .put]
    case .flush: [.flush]
    case .checkpoint: [.checkpoint]
    case .get: [.get]
    case .search: [.search]
    case .dump: [.dump]
    case .stats: [.stats]
    case .reopen: [.close, .open]
    case .namespace: []
    case .clear: [.clear]
    }
  }

  /// Switches a third of the kinds off and draws the others' weights anew, from a half to two
  /// times.
  ///
  /// A seed that would write nothing keeps what it had, and what the scenario requires stays on: it
  /// is what the scenario is about.
  private static func swarm(
    _ weights: WorkWeights, _ generator: PRNG, keeping required: [OperationName]
  ) -> WorkWeights {
    var generator = generator
    var drawn = weights
    for kind in WorkKind.allCases {
      // Drawn for every kind, so that one weight's change never moves the others.
      let isOff = generator.chance(1, in: 3)
      let factor = generator.number(in: 2...8)
      guard weights[kind] > 0 else { continue }
      let isRequired = needs(kind).contains { $0 != .put && required.contains($0) }
      drawn[kind] = isOff && !isRequired ? 0 : max(1, weights[kind] * factor / 4)
    }
    return drawn.active.contains(where: \.writesRecords) ? drawn : weights
  }
}
