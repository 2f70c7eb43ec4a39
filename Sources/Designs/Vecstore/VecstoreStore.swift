internal import StorageInterface
internal import SubjectProtocol

/// The plainest application of vecstore's log: records in memory, a snapshot at each checkpoint.
///
/// A transaction stands in the log as one run of entries between its markers, written at commit.
final class VecstoreStore: DesignStore {
  private let log: VecstoreLog
  private let snapshot: ApplicationSnapshot
  private var records: Records
  private var transactions: [UInt64: [Mutation]] = [:]
  /// The marker of a transaction that is begun in the log and must be ended before anything else.
  private var unfinished: UInt64?
  private var nextTransaction: UInt64 = 1

  static let logName = "store.wal"

  init(_ storage: any Storage) throws(DesignError) {
    let directory = DesignDirectory(storage)
    snapshot = ApplicationSnapshot(directory: directory)
    records = try snapshot.load()
    log = try VecstoreLog(directory, Self.logName)
    try recover()
    try endUnfinished()
  }

  private func recover() throws(DesignError) {
    var pending: [Mutation]?
    for entry in try log.replay() {
      switch entry {
      case .insert(let id, let vector), .update(let id, let vector):
        show(.put(RecordKey(id: id), RecordValue(vector: vector)), &pending)
      case .delete(let id): show(.delete(RecordKey(id: id)), &pending)
      case .beginTransaction(let number):
        (pending, unfinished) = ([], number)
        nextTransaction = max(nextTransaction, number &+ 1)
      case .commitTransaction:
        for mutation in pending ?? [] { records.apply(mutation) }
        (pending, unfinished) = (nil, nil)
      case .abortTransaction: (pending, unfinished) = (nil, nil)
      case .checkpoint: break
      }
    }
  }

  private func show(_ mutation: Mutation, _ pending: inout [Mutation]?) {
    if pending == nil { records.apply(mutation) } else { pending?.append(mutation) }
  }

  func visibleRecords() -> Records { records }

  func visibleRecord(_ key: RecordKey) -> RecordValue? { records[key] }

  func mutate(_ mutation: Mutation) throws(DesignError) {
    try endUnfinished()
    try log.append(entry(mutation))
    records.apply(mutation.withoutMetadata)
  }

  func batch(_ mutations: [Mutation]) throws(DesignError) {
    for mutation in mutations { try mutate(mutation) }
  }

  func begin(_ transaction: UInt64) throws(DesignError) { transactions[transaction] = [] }

  func mutate(_ mutation: Mutation, in transaction: UInt64) throws(DesignError) {
    transactions[transaction]?.append(mutation)
  }

  func commit(_ transaction: UInt64) throws(DesignError) {
    let changes = transactions.removeValue(forKey: transaction) ?? []
    try endUnfinished()
    let number = nextTransaction
    nextTransaction &+= 1
    unfinished = number
    try log.append(.beginTransaction(number))
    for change in changes { try log.append(entry(change)) }
    try log.append(.commitTransaction(number))
    unfinished = nil
    for change in changes { records.apply(change.withoutMetadata) }
  }

  func abort(_ transaction: UInt64) throws(DesignError) { transactions[transaction] = nil }

  func changes(in transaction: UInt64) -> [Mutation]? { transactions[transaction] }

  func checkpoint() throws(DesignError) {
    guard transactions.isEmpty else { throw DesignError(.invalid, "a transaction is open") }
    try endUnfinished()
    try snapshot.save(records)
    try log.checkpoint()
    try log.truncate()
  }

  func flush() throws(DesignError) {}

  func close() throws(DesignError) { log.drop() }

  /// What follows a begun transaction would be read as a part of it.
  private func endUnfinished() throws(DesignError) {
    guard let number = unfinished else { return }
    try log.append(.abortTransaction(number))
    unfinished = nil
  }

  private func entry(_ mutation: Mutation) -> VecstoreEntry {
    switch mutation {
    case .put(let key, let value):
      records[key] == nil
        ? .insert(id: key.id, vector: value.vector) : .update(id: key.id, vector: value.vector)
    case .delete(let key): .delete(id: key.id)
    }
  }
}

extension Mutation {
  /// What the log holds of this mutation: it has no place for metadata.
  fileprivate var withoutMetadata: Mutation {
    guard case .put(let key, let value) = self else { return self }
    return .put(key, RecordValue(vector: value.vector))
  }
}

extension DesignKind {
  /// vecstore 1.0.0.
  static let vecstore = DesignKind(
    defects: KnownDefect.vecstore,
    describe: { (options: DesignOptions) throws(DesignError) in
      SubjectDescription(
        name: "vecstore",
        contract: Contract(
          barriers: [.checkpoint], transactions: true, creationIsAtomic: false,
          afterFailedBarrier: .continues),
        operations: [
          .hello, .open, .put, .delete, .batch, .begin, .commit, .abort, .checkpoint, .get, .dump,
          .stats, .close,
        ], features: [.nonFinite, .nulIDs, .concurrentTransactions])
    },
    open: { (storage, dimension, options) throws(DesignError) in try VecstoreStore(storage) })
}
