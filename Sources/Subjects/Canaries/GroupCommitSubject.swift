import Locks
import StorageInterface
public import SubjectProtocol

/// `MinimalStore` behind several threads: what is logged while one of them syncs waits for the next
/// sync, which one thread makes for all that wait. Right as it is, or with one bug planted.
///
/// `@unchecked`: the store and everything else that changes is touched inside of the monitor only,
/// but for the write and the sync of the log's file.
public final class GroupCommitSubject: Subject, @unchecked Sendable {
  /// How many requests it takes at once.
  public static let threads = 4

  private let openStorage: StorageOpener
  private let bug: PlantedBug?
  private let monitor = Monitor()
  private var store: MinimalStore?
  private var dimension = 0
  private var transactions: [UInt64: [MinimalCodec.Change]] = [:]
  /// How many records were logged, and how many of them are synced.
  private var logged = 0
  private var synced = 0
  private var isSyncing = false

  private typealias Failure = MinimalStore.Failure

  /// A subject that reaches the world through `openStorage`, with `bug` or none.
  public init(openStorage: @escaping StorageOpener, bug: PlantedBug?) {
    self.openStorage = openStorage
    self.bug = bug
  }

  /// Answers one request, from any of its threads.
  public func answer(_ request: Request) -> Answer {
    monitor.enter()
    defer { monitor.leave() }
    do throws(Failure) {
      return try perform(request)
    } catch {
      return .failed(error.kind, message: error.message)
    }
  }

  private func perform(_ request: Request) throws(Failure) -> Answer {
    switch request {
    case .hello: return .hello(description)
    case .open(let directory, let dimension, _):
      let storage: any Storage
      do throws(Errno) { storage = try openStorage(directory) } catch {
        return .failed(.io, message: "\(directory): \(error)")
      }
      (transactions, logged, synced, self.dimension) = ([:], 0, 0, dimension)
      store = try MinimalStore(storage, bug: bug, clock: nil, syncsEachRecord: false)
      return .ok
    case .mutate, .batch, .begin, .commit, .abort, .createNamespace, .dropNamespace, .clear, .flush,
      .checkpoint, .get, .search, .dump, .stats, .close:
      guard let store else { return .failed(.invalid, message: "open comes first") }
      return try perform(request, on: store)
    }
  }

  private func perform(_ request: Request, on store: MinimalStore) throws(Failure) -> Answer {
    switch request {
    case .mutate(let mutation, let transaction):
      let change = try change(mutation)
      guard let transaction else {
        try commit([change], store)
        return .ok
      }
      guard transactions[transaction] != nil else {
        return .failed(.notFound, message: "no such transaction")
      }
      transactions[transaction]?.append(change)
    case .batch(let mutations):
      var changes: [MinimalCodec.Change] = []
      for mutation in mutations { changes.append(try change(mutation)) }
      try commit(changes, store)
    case .begin(let transaction):
      guard transactions[transaction] == nil else {
        return .failed(.invalid, message: "it is open")
      }
      transactions[transaction] = []
    case .commit(let transaction):
      guard let changes = transactions.removeValue(forKey: transaction) else {
        return .failed(.notFound, message: "no such transaction")
      }
      try commit(changes, store)
    case .abort(let transaction): transactions[transaction] = nil
    case .flush: try wait(until: logged, store)
    case .checkpoint:
      while isSyncing { monitor.wait() }
      try store.checkpoint()
      synced = logged
      monitor.wakeAll()
    case .get(let key, let transaction):
      var value = store.records[key]
      for change in transaction.flatMap({ transactions[$0] }) ?? [] where change.key == key {
        if case .put(_, let newer) = change { value = newer } else { value = nil }
      }
      return .record(value)
    case .dump:
      var dump = Dump()
      for key in store.records.keys.sorted() {
        if let value = store.records[key] { dump.append(key, value) }
      }
      return .dump(dump)
    case .close:
      store.close()
      self.store = nil
      transactions = [:]
    case .hello, .open, .createNamespace, .dropNamespace, .clear, .search, .stats:
      return .failed(.unsupported, message: "not supported")
    }
    return .ok
  }

  // MARK: Group commit

  /// Logs `changes` as one record, shows them, and waits until a sync covers the record.
  private func commit(_ changes: [MinimalCodec.Change], _ store: MinimalStore) throws(Failure) {
    if bug == .appendRace {
      try store.appendAnywhere(changes, outside: monitor)
    } else {
      try store.append(changes)
    }
    store.show(changes)
    logged += 1
    try wait(until: logged, store)
  }

  /// Waits until so many records are synced; where nobody is syncing, this thread does.
  private func wait(until wanted: Int, _ store: MinimalStore) throws(Failure) {
    while synced < wanted {
      if store.isReadOnly { throw Failure(kind: .io, message: "a sync failed") }
      guard !isSyncing else {
        monitor.wait()
        continue
      }
      isSyncing = true
      defer {
        isSyncing = false
        monitor.wakeAll()
      }
      // What is logged from here on may miss the sync.
      let covered = logged
      try sync(store)
      synced = max(synced, bug == .lateFollowers ? logged : covered)
    }
  }

  private func sync(_ store: MinimalStore) throws(Failure) {
    let (files, log) = (store.files, store.log)
    monitor.leave()
    var failure: Failure?
    do throws(Failure) { try files.sync(log) } catch { failure = error }
    monitor.enter()
    guard let failure else { return }
    store.isReadOnly = true
    throw failure
  }

  private func change(_ mutation: Mutation) throws(Failure) -> MinimalCodec.Change {
    switch mutation {
    case .put(let key, let value):
      guard value.vector.count == dimension, !key.id.isEmpty else {
        throw Failure(kind: .invalid, message: "wrong dimension or empty id")
      }
      return .put(key, value)
    case .delete(let key): return .delete(key)
    }
  }

  private var description: SubjectDescription {
    SubjectDescription(
      name: bug.map { "canary-" + $0.rawValue } ?? "group-commit",
      contract: Contract(transactions: true, batchesAreAtomic: true),
      operations: [
        .put, .delete, .batch, .begin, .commit, .abort, .flush, .checkpoint, .get, .dump, .close,
        .open, .hello,
      ], features: [.metadata, .concurrentTransactions, .nonFinite], concurrency: Self.threads)
  }
}

extension MinimalStore {
  /// What `appendRace` does instead of `append`: it takes the place of the record, writes it while
  /// others may do the same, and only then moves the end of the log.
  func appendAnywhere(
    _ changes: [MinimalCodec.Change], outside monitor: Monitor
  ) throws(Failure) {
    guard !isReadOnly else { throw Failure(kind: .readOnly, message: "a sync failed earlier") }
    sequence += UInt64(changes.count)
    let (offset, file) = (end, log)
    let record = MinimalCodec.record(
      changes, generation: generation, offset: offset, sequence: sequence, bug: bug)
    monitor.leave()
    var failure: Failure?
    do throws(Failure) { try files.write(record, to: file, at: offset) } catch { failure = error }
    monitor.enter()
    if let failure {
      isReadOnly = true
      throw failure
    }
    end = max(end, offset + UInt64(record.count))
  }
}
