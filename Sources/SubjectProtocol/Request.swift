/// One request of protocol version 1.
public enum Request: Sendable, Equatable {
  /// The first request to a process.
  case hello(options: JSONValue)
  /// Opens the store in `directory`, which exists and is empty the first time.
  case open(directory: String, dimension: Int, options: JSONValue)
  /// One put or delete, alone or inside `transaction`.
  case mutate(Mutation, transaction: UInt64?)
  /// Several puts and deletes as one mutation.
  case batch([Mutation])
  /// Opens a transaction.
  case begin(transaction: UInt64)
  /// Commits a transaction.
  case commit(transaction: UInt64)
  /// Aborts a transaction.
  case abort(transaction: UInt64)
  /// Creates a namespace.
  case createNamespace([UInt8])
  /// Drops a namespace and its records.
  case dropNamespace([UInt8])
  /// Removes all records of a namespace; of all namespaces when nil.
  case clear(namespace: [UInt8]?)
  /// A barrier, where the contract says so.
  case flush
  /// Makes the log short; a barrier, where the contract says so.
  case checkpoint
  /// Reads one record.
  case get(RecordKey, transaction: UInt64?)
  /// The nearest records to a vector.
  case search(SearchQuery)
  /// Reads every record.
  case dump
  /// Reads the store's own figures.
  case stats
  /// Closes the store.
  case close

  /// The `op` field of the request.
  public var name: OperationName {
    switch self {
    case .hello: .hello
    case .open: .open
    case .mutate(.put, _): .put
    case .mutate(.delete, _): .delete
    case .batch: .batch
    case .begin: .begin
    case .commit: .commit
    case .abort: .abort
    case .createNamespace: .createNamespace
    case .dropNamespace: .dropNamespace
    case .clear: .clear
    case .flush: .flush
    case .checkpoint: .checkpoint
    case .get: .get
    case .search: .search
    case .dump: .dump
    case .stats: .stats
    case .close: .close
    }
  }
}

/// One put or delete.
public enum Mutation: Sendable, Equatable {
  /// Stores `value` under `key`, replacing what is there.
  case put(RecordKey, RecordValue)
  /// Removes `key`; removing what is not there is no error.
  case delete(RecordKey)

  /// The record it concerns.
  public var key: RecordKey {
    switch self {
    case .put(let key, _), .delete(let key): key
    }
  }
}

/// The names of the requests, as the protocol spells them.
public enum OperationName: String, Sendable, CaseIterable, Hashable {
  case hello, open, put, delete, batch, begin, commit, abort
  case createNamespace = "create-namespace"
  case dropNamespace = "drop-namespace"
  case clear, flush, checkpoint, get, search, dump, stats, close
}

/// A nearest-neighbour query.
public struct SearchQuery: Sendable, Equatable {
  /// The query; finite and non-zero.
  public var vector: [Float]
  /// How many matches are wanted at most.
  public var count: Int
  /// The distance.
  public var metric: Metric
  /// The namespace searched; empty is the default one.
  public var namespace: [UInt8]

  /// Makes a query.
  public init(vector: [Float], count: Int, metric: Metric, namespace: [UInt8] = []) {
    self.vector = vector
    self.count = count
    self.metric = metric
    self.namespace = namespace
  }

  /// The distances of the protocol.
  public enum Metric: String, Sendable, CaseIterable {
    /// The squared Euclidean distance.
    case l2
    /// One minus the cosine.
    case cosine
    /// The negative inner product.
    case dot
  }
}
