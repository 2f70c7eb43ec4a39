internal import Locks
internal import ReferenceStore
public import StorageInterface
public import SubjectProtocol

/// The reference store behind the subject protocol, in process and as a child alike.
///
/// With the option `concurrency` it answers so many requests at once, each on a thread of its
/// caller's, and mutations that wait together share a barrier. `@unchecked`: what changes here is
/// touched inside of the monitor only, and a store may be used by any number of threads.
public final class ReferenceSubject: Subject, @unchecked Sendable {
  private let makeStorage: (String) throws(Errno) -> any Storage
  private let clock: Store.Clock
  private let monitor = Monitor()
  @exclusivity(unchecked) private var store: Store?
  private let trace = RecoveryTrace()
  /// Whether dumps list the namespaces; asked for by an option, since a dump without them is
  /// judged faster.
  @exclusivity(unchecked) private var listsNamespaces = false

  /// Makes a subject that opens its files with `makeStorage`, called with the directory of each
  /// `open` request. In process the directory is the harness's to choose, and its name ignored.
  /// `clock` is used where the options name none.
  public init(
    storage makeStorage: @escaping (String) throws(Errno) -> any Storage,
    clock: @escaping @Sendable () -> UInt64 = { 0 }
  ) {
    self.makeStorage = makeStorage
    self.clock = clock
  }

  /// Answers one request; mutations are as durable as the options say when it returns.
  public func answer(_ request: Request) -> Answer {
    do throws(StoreError) {
      return try perform(request)
    } catch {
      return .failed(error.kind, message: error.description)
    }
  }

  /// The rows of the store's recovery table that were met.
  public var recoveryRows: UInt32 { trace.rows.rawValue }

  private func perform(_ request: Request) throws(StoreError) -> Answer {
    switch request {
    case .hello(let options):
      return .hello(Self.description(try ReferenceOptions(dimension: 1, options)))
    case .open(let directory, let dimension, let options):
      return try open(directory, ReferenceOptions(dimension: dimension, options))
    case .mutate(let mutation, let transaction):
      try opened().apply(Store.Mutation(mutation), transaction: transaction)
      return .ok
    case .batch(let mutations):
      try opened().batch(mutations.map(Store.Mutation.init))
      return .ok
    case .begin(let transaction):
      try opened().begin(transaction)
      return .ok
    case .commit(let transaction):
      try opened().commit(transaction)
      return .ok
    case .abort(let transaction):
      try opened().abort(transaction)
      return .ok
    case .createNamespace(let namespace):
      try opened().createNamespace(namespace)
      return .ok
    case .dropNamespace(let namespace):
      try opened().dropNamespace(namespace)
      return .ok
    case .clear(let namespace):
      try opened().clear(namespace: namespace)
      return .ok
    case .flush:
      try opened().flush()
      return .ok
    case .checkpoint:
      try opened().checkpoint()
      return .ok
    case .get(let key, let transaction):
      return try get(key, transaction)
    case .search(let query):
      return try search(query)
    case .dump:
      return .dump(try dump())
    case .stats:
      return .stats(try statistics())
    case .close:
      let closing = try opened()
      defer { hold(nil) }
      try closing.close()
      return .ok
    }
  }

  private func opened() throws(StoreError) -> Store {
    monitor.enter()
    defer { monitor.leave() }
    guard let store else { throw .invalid(reason: "no store is open") }
    return store
  }

  private func hold(_ opened: Store?, listsNamespaces: Bool = false) {
    monitor.enter()
    defer { monitor.leave() }
    store = opened
    self.listsNamespaces = listsNamespaces
  }

  private func open(
    _ directory: String, _ options: ReferenceOptions
  ) throws(StoreError) -> Answer {
    // What was open and not closed is dropped as by a process crash: nothing is written.
    hold(nil)
    let storage: any Storage
    do throws(Errno) {
      storage = try makeStorage(directory)
    } catch {
      throw .io(error, path: directory, doing: "open")
    }
    let opened = try Store(
      storage: storage, options: options.store, clock: options.clock ?? clock, trace: trace)
    hold(opened, listsNamespaces: options.listsNamespaces)
    return .ok
  }
}

extension ReferenceSubject {
  private func get(_ key: RecordKey, _ transaction: UInt64?) throws(StoreError) -> Answer {
    let found = try opened().get(Store.Key(key), transaction: transaction)
    return .record(
      found.map { record in
        RecordValue(
          vector: record.vector, metadata: Metadata(alreadyCanonical: record.metadata))
      })
  }

  private func search(_ query: SearchQuery) throws(StoreError) -> Answer {
    let metric: Store.Metric =
      switch query.metric {
      case .l2: .l2
      case .cosine: .cosine
      case .dot: .dot
      }
    let found = try opened().search(
      query.vector, count: query.count, metric: metric, namespace: query.namespace)
    return .matches(found.map { Match(id: $0.id, distance: $0.distance) })
  }

  private func dump() throws(StoreError) -> Dump {
    let store = try opened()
    var dump = Dump()
    let figures = try store.figures()
    dump.reserve(
      records: figures.records, dimension: store.options.dimension, bytes: figures.records * 16)
    try store.visit { namespace, id, vector, metadata in
      dump.append(namespace: namespace, id: id, vector: vector, metadata: metadata)
    }
    monitor.enter()
    let listsNamespaces = listsNamespaces
    monitor.leave()
    if listsNamespaces { dump.namespaces = try store.namespaces() }
    return dump
  }

  private func statistics() throws(StoreError) -> Stats {
    let figures = try opened().figures()
    return Stats(
      lsn: figures.lastLSN.rawValue, segments: UInt64(figures.segments),
      logBytes: figures.logBytes,
      checkpoint: figures.checkpoint == 0 ? nil : figures.checkpoint)
  }

  /// What the reference promises under its options; the table in `ReferenceStore.md` says the same
  /// of the policies.
  static func description(_ options: ReferenceOptions) -> SubjectDescription {
    let sync = options.store.sync
    var contract = Contract(
      barriers: [.flush, .checkpoint, .close], order: .prefix, transactions: true,
      batchesAreAtomic: true, afterFailedBarrier: .stops, recoveredIsDurable: true,
      detects: ["torn-write", "bit-rot"])
    if sync != .everyWrite {
      contract.acknowledgementAfterProcessCrash = .volatile
      contract.acknowledgementAfterPowerLoss = .volatile
    }
    switch sync {
    case .every(let count): contract.syncEvery = count
    case .never: contract.barriers = [.checkpoint]
    case .everyWrite, .interval, .onFlush: break
    }
    return SubjectDescription(
      name: "reference", contract: contract,
      operations: [
        .hello, .open, .put, .delete, .batch, .begin, .commit, .abort, .createNamespace,
        .dropNamespace, .clear, .flush, .checkpoint, .get, .search, .dump, .stats, .close,
      ],
      features: [.metadata, .namespaces, .nonFinite, .concurrentTransactions, .nulIDs],
      concurrency: options.concurrency)
  }
}

extension Store.Key {
  fileprivate init(_ key: RecordKey) { self.init(namespace: key.namespace, id: key.id) }
}

extension Store.Mutation {
  fileprivate init(_ mutation: Mutation) {
    switch mutation {
    case .put(let key, let value):
      self = .put(
        Store.Key(key), vector: value.vector, metadata: value.metadata.canonical)
    case .delete(let key): self = .delete(Store.Key(key))
    }
  }
}

extension StoreError {
  /// The protocol's name for this error.
  fileprivate var kind: FailureKind {
    switch self {
    case .io: .io
    case .full: .full
    case .corrupt: .corrupt
    case .readOnly: .readOnly
    case .invalid: .invalid
    case .notFound: .notFound
    case .conflict: .conflict
    case .unsupported: .unsupported
    case .locked: .io
    }
  }
}
