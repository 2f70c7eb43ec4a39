public import SubjectProtocol

/// What a scenario says instead of a subject's own contract, key by key.
///
/// So a subject is held to more or less than it claims; what is nil stays as the subject has it.
public struct ContractOverrides: Sendable, Equatable {
  /// The promise at an answer under a process crash.
  public var acknowledgementAfterProcessCrash: Contract.Acknowledgement?
  /// The promise at an answer under a power loss.
  public var acknowledgementAfterPowerLoss: Contract.Acknowledgement?
  /// The requests that are barriers.
  public var barriers: Set<OperationName>?
  /// The bound on acknowledged effects that are not durable; `.some(nil)` (`null` in the file)
  /// lifts the subject's.
  public var syncEvery: Int??
  /// The order a crash keeps.
  public var order: Contract.Order?
  /// Whether transactions are atomic and isolated.
  public var transactions: Bool?
  /// Whether a batch is atomic.
  public var batchesAreAtomic: Bool?
  /// Whether `clear` and `drop-namespace` are atomic.
  public var clearIsAtomic: Bool?
  /// Whether a crash before the first `open` was answered is judged.
  public var creationIsAtomic: Bool?
  /// What the subject does after a failed barrier.
  public var afterFailedBarrier: Contract.AfterFailedBarrier?
  /// Whether a failed operation is promised to be absent after a crash.
  public var failedOperationsAreAbsent: Bool?
  /// Whether what recovery showed is promised to be durable.
  public var recoveredIsDurable: Bool?
  /// What kinds of damage are promised to be detected.
  public var detects: [String]?

  /// Overrides nothing.
  public init() {}

  /// The contract `contract` with these overrides.
  public func apply(to contract: Contract) -> Contract {
    var result = contract
    if let acknowledgementAfterProcessCrash {
      result.acknowledgementAfterProcessCrash = acknowledgementAfterProcessCrash
    }
    if let acknowledgementAfterPowerLoss {
      result.acknowledgementAfterPowerLoss = acknowledgementAfterPowerLoss
    }
    if let barriers { result.barriers = barriers }
    if let syncEvery { result.syncEvery = syncEvery }
    if let order { result.order = order }
    if let transactions { result.transactions = transactions }
    if let batchesAreAtomic { result.batchesAreAtomic = batchesAreAtomic }
    if let clearIsAtomic { result.clearIsAtomic = clearIsAtomic }
    if let creationIsAtomic { result.creationIsAtomic = creationIsAtomic }
    if let afterFailedBarrier { result.afterFailedBarrier = afterFailedBarrier }
    if let failedOperationsAreAbsent {
      result.failedOperationsAreAbsent = failedOperationsAreAbsent
    }
    if let recoveredIsDurable { result.recoveredIsDurable = recoveredIsDurable }
    if let detects { result.detects = detects }
    return result
  }
}

extension ContractOverrides {
  private enum Atomicity: String, CaseIterable { case atomic, none }
  private enum ClearPromise: String, CaseIterable {
    case atomic
    case perRecord = "per-record"
  }
  private enum CreationPromise: String, CaseIterable { case atomic, unspecified }
  private enum FailedPromise: String, CaseIterable { case absent, unspecified }
  private enum RecoveredPromise: String, CaseIterable { case durable, unspecified }
  private enum Barrier: String, CaseIterable { case flush, checkpoint, close }

  /// Reads the overrides from an object with the keys of a contract (protocol.md).
  init(reading reader: inout ScenarioReader) throws(ScenarioError) {
    try readAcknowledgement(&reader)
    if let names = try reader.choices("barriers", Barrier.self) {
      barriers = Set(names.compactMap { OperationName(rawValue: $0.rawValue) })
    }
    if let node = reader.node("syncEvery") {
      syncEvery = .some(
        node.value == .null ? nil : try reader.integer("syncEvery", in: 1...1_000_000))
    }
    order = try reader.choice("order", Contract.Order.self)
    transactions = try reader.boolean("transactions")
    batchesAreAtomic = try reader.choice("batches", Atomicity.self).map { $0 == .atomic }
    clearIsAtomic = try reader.choice("clear", ClearPromise.self).map { $0 == .atomic }
    creationIsAtomic = try reader.choice("creation", CreationPromise.self).map { $0 == .atomic }
    afterFailedBarrier = try reader.choice(
      "afterFailedBarrier", Contract.AfterFailedBarrier.self)
    failedOperationsAreAbsent = try reader.choice("failedOperations", FailedPromise.self)
      .map { $0 == .absent }
    recoveredIsDurable = try reader.choice("recovered", RecoveredPromise.self)
      .map { $0 == .durable }
    detects = try reader.strings("detects")
    try reader.finish()
  }

  /// Reads one word for both crashes, or an object with a word for one or each.
  private mutating func readAcknowledgement(
    _ reader: inout ScenarioReader
  ) throws(ScenarioError) {
    guard let node = reader.node("acknowledgement") else { return }
    if case .object = node.value, var both = try reader.object("acknowledgement") {
      acknowledgementAfterProcessCrash = try both.choice(
        "process-crash", Contract.Acknowledgement.self)
      acknowledgementAfterPowerLoss = try both.choice(
        "power-loss", Contract.Acknowledgement.self)
      try both.finish()
    } else {
      let word = try reader.choice("acknowledgement", Contract.Acknowledgement.self)
      acknowledgementAfterProcessCrash = word
      acknowledgementAfterPowerLoss = word
    }
  }
}
