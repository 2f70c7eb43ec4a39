internal import StorageInterface
internal import SubjectProtocol

/// The plainest application of dakera-storage's log: every mutation is logged before it is applied,
/// a transaction as one run between its markers, at its commit; a checkpoint saves a snapshot and
/// truncates the log.
final class DakeraStore: DesignStore {
  private let log: DakeraLog
  private let snapshot: ApplicationSnapshot
  private var records: Records
  private var transactions: [UInt64: [Mutation]] = [:]
  private var nextTransaction: UInt64 = 1

  init(
    _ storage: any Storage, mode: DakeraSyncMode, maximumSegmentSize: Int
  ) throws(DesignError) {
    let directory = DesignDirectory(storage)
    snapshot = ApplicationSnapshot(directory: directory)
    records = try snapshot.load()
    log = try DakeraLog(directory, mode: mode, maximumSegmentSize: maximumSegmentSize)
    for entry in try log.recover() {
      if case .deleteNamespace(let name) = entry { removeRecords(of: name) }
      for mutation in try entry.mutations() { records.apply(mutation) }
    }
  }

  func visibleRecords() -> Records { records }

  func visibleRecord(_ key: RecordKey) -> RecordValue? { records[key] }

  func mutate(_ mutation: Mutation) throws(DesignError) { try batch([mutation]) }

  /// One entry for each run of puts, or of deletes, within one namespace.
  func batch(_ mutations: [Mutation]) throws(DesignError) {
    for run in Self.runs(mutations[...]) {
      try log.append(DakeraEntry(run))
      for mutation in run { records.apply(mutation) }
    }
  }

  private static func runs(_ mutations: ArraySlice<Mutation>) -> [[Mutation]] {
    var rest = mutations
    var runs: [[Mutation]] = []
    while let first = rest.first {
      let run = rest.prefix { $0.isPut == first.isPut && $0.key.namespace == first.key.namespace }
      runs.append(Array(run))
      rest = rest[run.endIndex...]
    }
    return runs
  }

  func begin(_ transaction: UInt64) throws(DesignError) { transactions[transaction] = [] }

  func mutate(_ mutation: Mutation, in transaction: UInt64) throws(DesignError) {
    transactions[transaction]?.append(mutation)
  }

  func commit(_ transaction: UInt64) throws(DesignError) {
    let changes = transactions.removeValue(forKey: transaction) ?? []
    let number = nextTransaction
    nextTransaction &+= 1
    try log.append(.beginTransaction(number))
    do throws(DesignError) {
      for run in Self.runs(changes[...]) { try log.append(DakeraEntry(run)) }
      try log.append(.commitTransaction(number))
    } catch {
      _ = try? log.append(.rollbackTransaction(number))
      throw error
    }
    for change in changes { records.apply(change) }
  }

  func abort(_ transaction: UInt64) throws(DesignError) { transactions[transaction] = nil }

  func changes(in transaction: UInt64) -> [Mutation]? { transactions[transaction] }

  func createNamespace(_ namespace: [UInt8]) throws(DesignError) {
    try log.append(.createNamespace(namespace))
  }

  func dropNamespace(_ namespace: [UInt8]) throws(DesignError) {
    try log.append(.deleteNamespace(namespace))
    removeRecords(of: namespace)
  }

  func flush() throws(DesignError) { try log.flush() }

  func checkpoint() throws(DesignError) {
    guard transactions.isEmpty else { throw DesignError(.invalid, "a transaction is open") }
    try log.flush()
    try snapshot.save(records)
    try log.truncate(upTo: try log.checkpoint())
  }

  func close() throws(DesignError) { log.drop() }

  func stats() -> Stats {
    Stats(lsn: log.lsn == 0 ? nil : log.lsn - 1, segments: UInt64(log.segmentCount))
  }

  private func removeRecords(of namespace: [UInt8]) {
    for key in records.keys.filter({ $0.namespace == namespace }) { records[key] = nil }
  }
}

extension Mutation {
  fileprivate var isPut: Bool {
    if case .put = self { return true }
    return false
  }
}

extension DakeraEntry {
  /// An entry of puts, or of deletes, all in one namespace.
  fileprivate init(_ mutations: [Mutation]) {
    var vectors: [DakeraVector] = []
    var ids: [[UInt8]] = []
    for mutation in mutations {
      switch mutation {
      case .put(let key, let value):
        let text = value.metadata.canonical
        vectors.append(
          DakeraVector(id: key.id, values: value.vector, metadata: text.isEmpty ? nil : text))
      case .delete(let key): ids.append(key.id)
      }
    }
    let namespace = mutations.first?.key.namespace ?? []
    self =
      ids.isEmpty
      ? .upsert(namespace: namespace, vectors: vectors) : .delete(namespace: namespace, ids: ids)
  }

  /// The puts and deletes of this entry.
  fileprivate func mutations() throws(DesignError) -> [Mutation] {
    switch self {
    case .upsert(let namespace, let vectors):
      var mutations: [Mutation] = []
      for vector in vectors {
        do throws(JSONError) {
          let metadata = try vector.metadata.map { text throws(JSONError) in
            try Metadata(parsing: text)
          }
          mutations.append(
            .put(
              RecordKey(namespace: namespace, id: vector.id),
              RecordValue(vector: vector.values, metadata: metadata ?? .empty)))
        } catch {
          throw DesignError(.corrupt, "metadata: \(error)")
        }
      }
      return mutations
    case .delete(let namespace, let ids):
      return ids.map { .delete(RecordKey(namespace: namespace, id: $0)) }
    case .createNamespace, .deleteNamespace, .checkpoint, .beginTransaction, .commitTransaction,
      .rollbackTransaction:
      return []
    }
  }
}

extension DesignKind {
  /// dakera-storage 0.10.2. Options: `syncMode` ("every-write", "manual"), or `syncEvery` N for its
  /// periodic mode; `maxSegmentSize` (or `segmentBytes`).
  static let dakera = DesignKind(
    defects: KnownDefect.dakera,
    describe: { (options: DesignOptions) throws(DesignError) in
      var contract = Contract(
        barriers: [.flush, .checkpoint], transactions: true, creationIsAtomic: false,
        afterFailedBarrier: .continues)
      switch try options.dakeraMode() {
      case .everyWrite: break
      case .periodic(let count):
        contract.acknowledgementAfterProcessCrash = .volatile
        contract.acknowledgementAfterPowerLoss = .volatile
        contract.syncEvery = count
      case .manual:
        contract.acknowledgementAfterProcessCrash = .volatile
        contract.acknowledgementAfterPowerLoss = .volatile
      }
      return SubjectDescription(
        name: "dakera", contract: contract,
        operations: [
          .hello, .open, .put, .delete, .batch, .begin, .commit, .abort, .createNamespace,
          .dropNamespace, .flush, .checkpoint, .get, .dump, .stats, .close,
        ], features: [.metadata, .namespaces, .nulIDs, .concurrentTransactions])
    },
    open: { (storage, dimension, options) throws(DesignError) in
      let size = try options.number("maxSegmentSize", or: "segmentBytes")
      return try DakeraStore(
        storage, mode: try options.dakeraMode(), maximumSegmentSize: size ?? 64 << 20)
    })
}

extension DesignOptions {
  fileprivate func dakeraMode() throws(DesignError) -> DakeraSyncMode {
    if let count = try number("syncEvery") { return .periodic(max(1, count)) }
    let modes: [(name: String, value: DakeraSyncMode)] = [
      ("every-write", .everyWrite), ("manual", .manual),
    ]
    return try choice("syncMode", modes) ?? .everyWrite
  }
}
