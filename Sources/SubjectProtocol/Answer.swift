/// One answer of protocol version 1.
public enum Answer: Sendable, Equatable {
  /// Done, nothing more to say.
  case ok
  /// To `hello`.
  case hello(SubjectDescription)
  /// To `open`, when the subject states a contract there.
  case opened(Contract)
  /// To `get`.
  case record(RecordValue?)
  /// To `search`, nearest first.
  case matches([Match])
  /// To `dump`.
  case dump(Dump)
  /// To `stats`.
  case stats(Stats)
  /// Any request may fail.
  case failed(FailureKind, message: String)

  /// Whether this answers `"ok":true`.
  public var isOK: Bool {
    if case .failed = self { return false }
    return true
  }
}

/// One match of a search.
public struct Match: Sendable, Equatable {
  /// The record's id.
  public var id: [UInt8]
  /// Its distance to the query.
  public var distance: Double

  /// Makes a match.
  public init(id: [UInt8], distance: Double) {
    self.id = id
    self.distance = distance
  }
}

/// The figures of `stats` that the protocol gives a meaning.
public struct Stats: Sendable, Equatable {
  /// The highest number given to a mutation so far.
  public var lsn: UInt64?
  /// How many log segments there are.
  public var segments: UInt64?
  /// How many bytes the log has.
  public var logBytes: UInt64?
  /// The number of the newest checkpoint.
  public var checkpoint: UInt64?

  /// Makes figures; nil where the subject has none.
  public init(
    lsn: UInt64? = nil, segments: UInt64? = nil, logBytes: UInt64? = nil,
    checkpoint: UInt64? = nil
  ) {
    self.lsn = lsn
    self.segments = segments
    self.logBytes = logBytes
    self.checkpoint = checkpoint
  }
}

/// Why a request failed, as the protocol names it.
public enum FailureKind: String, Sendable, CaseIterable, Hashable {
  case io, full, corrupt
  case readOnly = "read-only"
  case notFound = "not-found"
  case invalid, conflict, unsupported

  /// Whether the mutation certainly did not happen (design.md, section 5: *definite*).
  ///
  /// After the other kinds (`io`, `full`, `corrupt`) it is *optional*: it may have happened.
  public var isDefinite: Bool {
    switch self {
    case .io, .full, .corrupt: false
    case .readOnly, .notFound, .invalid, .conflict, .unsupported: true
    }
  }
}

/// What a subject says of itself in answer to `hello`.
public struct SubjectDescription: Sendable, Equatable {
  /// Its name.
  public var name: String
  /// What it promises under the given options.
  public var contract: Contract
  /// The requests it supports.
  public var operations: Set<OperationName>
  /// What it can do beyond that.
  public var features: Set<Feature>
  /// How many requests may be outstanding.
  public var concurrency: Int

  /// Makes a description.
  public init(
    name: String, contract: Contract, operations: Set<OperationName>, features: Set<Feature>,
    concurrency: Int = 1
  ) {
    self.name = name
    self.contract = contract
    self.operations = operations
    self.features = features
    self.concurrency = concurrency
  }
}

/// The features of protocol version 1.
public enum Feature: String, Sendable, CaseIterable, Hashable {
  case metadata, namespaces
  case nonFinite = "non-finite"
  case memoryMap = "memory-map"
  case concurrentTransactions = "concurrent-transactions"
  case approximateSearch = "approximate-search"
  case nulIDs = "nul-ids"
}
