/// The kinds of steps that a workload is drawn from; each makes one or more requests.
public enum WorkKind: String, Sendable, CaseIterable, Hashable {
  /// One put.
  case put
  /// One delete.
  case delete
  /// A batch of puts and deletes.
  case batch
  /// A transaction: `begin`, mutations among other requests, then `commit`, `abort` or nothing.
  case transaction
  /// A `flush`.
  case flush
  /// A `checkpoint`.
  case checkpoint
  /// A `get` of what may or may not be there.
  case get
  /// A `search`.
  case search
  /// A `dump`.
  case dump
  /// A `stats`.
  case stats
  /// A `close` and an `open`.
  case reopen
  /// A `create-namespace` or `drop-namespace`.
  case namespace
  /// A `clear` of one namespace or of all.
  case clear

  /// Whether records are written by it, without which a run tests nothing.
  public var writesRecords: Bool {
    switch self {
    case .put, .batch, .transaction: true
    case .delete, .flush, .checkpoint, .get, .search, .dump, .stats, .reopen, .namespace, .clear:
      false
    }
  }
}

/// How often each kind of step is drawn, relative to the others.
public struct WorkWeights: Sendable, Equatable {
  /// One weight for each kind, in the order of `WorkKind.allCases`.
  private var weights: [Int]

  /// All kinds off.
  public static let none = WorkWeights(weights: WorkKind.allCases.map { _ in 0 })

  /// Mostly mutations, a barrier every ten steps, a little of everything else.
  public static let standard: WorkWeights = {
    var weights = WorkWeights.none
    weights[.put] = 40
    weights[.delete] = 12
    weights[.batch] = 8
    weights[.transaction] = 8
    weights[.flush] = 4
    weights[.checkpoint] = 4
    weights[.get] = 6
    weights[.search] = 2
    weights[.dump] = 2
    weights[.stats] = 1
    weights[.reopen] = 2
    weights[.namespace] = 2
    weights[.clear] = 1
    return weights
  }()

  /// The weight of `kind`; 0 is off.
  public subscript(kind: WorkKind) -> Int {
    get { weights[Self.position(kind)] }
    set { weights[Self.position(kind)] = newValue }
  }

  /// The kinds that are on, in the order of `WorkKind.allCases`.
  public var active: [WorkKind] { WorkKind.allCases.filter { self[$0] > 0 } }

  private static func position(_ kind: WorkKind) -> Int {
    guard let position = WorkKind.allCases.firstIndex(of: kind) else {
      preconditionFailure("every kind is among all kinds")
    }
    return position
  }
}
