import StorageInterface
public import SubjectProtocol

/// `MinimalStore` behind the subject protocol: right as it is, or with one bug planted.
public final class MinimalSubject: Subject {
  private let openStorage: StorageOpener
  private let bug: PlantedBug?
  private var store: MinimalStore?
  private var dimension = 0
  private var transactions: [UInt64: [MinimalCodec.Change]] = [:]

  /// A subject that reaches the world through `openStorage`, with `bug` or none.
  public init(openStorage: @escaping StorageOpener, bug: PlantedBug?) {
    self.openStorage = openStorage
    self.bug = bug
  }

  /// Answers one request.
  public func answer(_ request: Request) -> Answer {
    do throws(MinimalStore.Failure) {
      return try perform(request)
    } catch {
      return .failed(error.kind, message: error.message)
    }
  }

  private func perform(_ request: Request) throws(MinimalStore.Failure) -> Answer {
    switch request {
    case .hello: return .hello(description)
    case .open(let directory, let dimension, let options):
      store = nil
      transactions = [:]
      self.dimension = dimension
      let storage: any Storage
      do throws(Errno) { storage = try openStorage(directory) } catch {
        return .failed(.io, message: "\(directory): \(error)")
      }
      var clock: UInt64?
      if case .number(let start)? = options["clock"] { clock = UInt64(exactly: start) }
      store = try MinimalStore(storage, bug: bug, clock: clock)
      return .ok
    case .mutate, .batch, .begin, .commit, .abort, .createNamespace, .dropNamespace, .clear, .flush,
      .checkpoint, .get, .search, .dump, .stats, .close:
      guard let store else { return .failed(.invalid, message: "open comes first") }
      try store.payDebts()
      return try perform(request, on: store)
    }
  }

  private func perform(
    _ request: Request, on store: MinimalStore
  ) throws(MinimalStore.Failure) -> Answer {
    switch request {
    case .mutate(let mutation, let transaction):
      let change = try change(mutation)
      guard let transaction else {
        try store.apply([change])
        return .ok
      }
      guard transactions[transaction] != nil else {
        return .failed(.notFound, message: "no such transaction")
      }
      if bug == .uncommittedReplayed { try store.logEarly([change]) }
      transactions[transaction]?.append(change)
    case .batch(let mutations):
      var changes: [MinimalCodec.Change] = []
      for mutation in mutations { changes.append(try change(mutation)) }
      try store.apply(changes, isBatch: true)
    case .begin(let transaction):
      guard transactions[transaction] == nil else {
        return .failed(.invalid, message: "it is open")
      }
      transactions[transaction] = []
    case .commit(let transaction):
      guard let changes = transactions.removeValue(forKey: transaction) else {
        return .failed(.notFound, message: "no such transaction")
      }
      try store.apply(changes)
    case .abort(let transaction):
      let changes = transactions.removeValue(forKey: transaction)
      if bug == .abortReplayed, let changes { try store.logEarly(changes) }
    case .flush: try store.flush()
    case .checkpoint: try store.checkpoint()
    case .get(let key, let transaction):
      var value = store.records[key]
      for change in transaction.flatMap({ transactions[$0] }) ?? [] {
        switch change {
        case .put(key, let newer): value = newer
        case .delete(key): value = nil
        case .put, .delete: break
        }
      }
      return .record(value)
    case .dump:
      var dump = Dump()
      for key in store.records.keys.sorted() {
        if let value = store.records[key] { dump.append(key, value) }
      }
      return .dump(dump)
    case .stats: return .stats(Stats(lsn: bug == .clockOrdered ? nil : store.sequence))
    case .close:
      store.close()
      self.store = nil
      transactions = [:]
    case .hello, .open, .createNamespace, .dropNamespace, .clear, .search:
      return .failed(.unsupported, message: "not supported")
    }
    return .ok
  }

  private func change(
    _ mutation: Mutation
  ) throws(MinimalStore.Failure) -> MinimalCodec.Change {
    switch mutation {
    case .put(let key, let value):
      guard value.vector.count == dimension, !key.id.isEmpty else {
        throw MinimalStore.Failure(kind: .invalid, message: "wrong dimension or empty id")
      }
      return .put(key, value)
    case .delete(let key): return .delete(key)
    }
  }

  private var description: SubjectDescription {
    // Every record is synced before the next is written, so damage before the last one is told from
    // a torn tail. Bugs change what is read, and claim it only where it is what they do wrong.
    let detectsDamage = bug == nil || bug == .damageCutAsTail
    var features: Set<Feature> = [.metadata, .concurrentTransactions, .nonFinite]
    if bug == .mappedWithoutSync { features.insert(.memoryMap) }
    return SubjectDescription(
      name: bug.map { "canary-" + $0.rawValue } ?? "minimal",
      contract: Contract(
        transactions: true, batchesAreAtomic: true, detects: detectsDamage ? ["bit-rot"] : []),
      operations: [
        .put, .delete, .batch, .begin, .commit, .abort, .flush, .checkpoint, .get, .dump, .stats,
        .close,
        .open, .hello,
      ], features: features)
  }
}
