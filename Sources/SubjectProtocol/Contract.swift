/// What a subject promises (protocol.md, "Contract").
public struct Contract: Sendable, Equatable {
  /// When an answered mutation is safe.
  public enum Acknowledgement: String, Sendable, CaseIterable {
    /// At its answer.
    case durable
    /// At the next barrier that is answered ok.
    case volatile
    /// Never; not even opening is promised. Not measured.
    case none
  }

  /// How much order a crash keeps.
  public enum Order: String, Sendable, CaseIterable {
    /// One cut through the whole history.
    case prefix
    /// A cut of its own for each key.
    case perKey = "per-key"
  }

  /// What the subject does after a failed barrier.
  public enum AfterFailedBarrier: String, Sendable, CaseIterable {
    /// It refuses mutations.
    case stops
    /// It goes on.
    case continues
    /// It ends itself.
    case exits
  }

  /// A kind of crash that a promise may differ for.
  public enum Crash: String, Sendable, CaseIterable, Hashable {
    /// The process dies, the cache survives.
    case process = "process-crash"
    /// The machine stops.
    case power = "power-loss"
  }

  /// The promise at an answer under a process crash.
  public var acknowledgementAfterProcessCrash: Acknowledgement
  /// The promise at an answer under a power loss.
  public var acknowledgementAfterPowerLoss: Acknowledgement
  /// The requests that are barriers: of `flush`, `checkpoint`, `close`.
  public var barriers: Set<OperationName>
  /// N: all but the last N − 1 acknowledged effects are durable at any moment; nil: no such
  /// promise.
  public var syncEvery: Int?
  /// The order a crash keeps.
  public var order: Order
  /// Whether transactions are atomic and isolated.
  public var transactions: Bool
  /// Whether a batch is atomic.
  public var batchesAreAtomic: Bool
  /// Whether `clear` and `drop-namespace` are atomic; else record by record.
  public var clearIsAtomic: Bool
  /// Whether a crash before the first `open` was answered is judged.
  public var creationIsAtomic: Bool
  /// What the subject does after a failed barrier.
  public var afterFailedBarrier: AfterFailedBarrier
  /// Whether a failed operation is promised to be absent after a crash.
  public var failedOperationsAreAbsent: Bool
  /// Whether what recovery showed is promised to be durable.
  public var recoveredIsDurable: Bool
  /// What kinds of damage it promises to detect.
  public var detects: [String]

  /// Makes a contract; the defaults are the strictest promise with nothing said beyond.
  public init(
    acknowledgementAfterProcessCrash: Acknowledgement = .durable,
    acknowledgementAfterPowerLoss: Acknowledgement = .durable,
    barriers: Set<OperationName> = [.flush, .checkpoint, .close], syncEvery: Int? = nil,
    order: Order = .prefix, transactions: Bool = false, batchesAreAtomic: Bool = false,
    clearIsAtomic: Bool = true, creationIsAtomic: Bool = true,
    afterFailedBarrier: AfterFailedBarrier = .stops, failedOperationsAreAbsent: Bool = false,
    recoveredIsDurable: Bool = false, detects: [String] = []
  ) {
    self.acknowledgementAfterProcessCrash = acknowledgementAfterProcessCrash
    self.acknowledgementAfterPowerLoss = acknowledgementAfterPowerLoss
    self.barriers = barriers
    self.syncEvery = syncEvery
    self.order = order
    self.transactions = transactions
    self.batchesAreAtomic = batchesAreAtomic
    self.clearIsAtomic = clearIsAtomic
    self.creationIsAtomic = creationIsAtomic
    self.afterFailedBarrier = afterFailedBarrier
    self.failedOperationsAreAbsent = failedOperationsAreAbsent
    self.recoveredIsDurable = recoveredIsDurable
    self.detects = detects
  }

  /// The promise at an answer under `crash`.
  public func acknowledgement(after crash: Crash) -> Acknowledgement {
    switch crash {
    case .process: acknowledgementAfterProcessCrash
    case .power: acknowledgementAfterPowerLoss
    }
  }
}
