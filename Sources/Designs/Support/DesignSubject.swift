internal import StorageInterface
public import SubjectProtocol

/// A published design behind the subject protocol, in process and as a child alike.
public final class DesignSubject: Subject {
  private let openStorage: (String) throws(Errno) -> any Storage
  private let kind: DesignKind
  private let preset: JSONValue
  private var store: (any DesignStore)?
  private var dimension = 0

  /// A subject that reaches the world through `openStorage`.
  init(
    _ kind: DesignKind, preset: JSONValue,
    openStorage: @escaping (String) throws(Errno) -> any Storage
  ) {
    self.kind = kind
    self.preset = preset
    self.openStorage = openStorage
  }

  /// Answers one request.
  public func answer(_ request: Request) -> Answer {
    do throws(DesignError) {
      return try perform(request)
    } catch {
      return .failed(error.kind, message: error.message)
    }
  }

  private func perform(_ request: Request) throws(DesignError) -> Answer {
    switch request {
    case .hello(let options):
      return .hello(try kind.describe(DesignOptions(options, preset: preset)))
    case .open(let directory, let dimension, let options):
      // What was open and not closed is gone as by a process crash: nothing is written.
      store = nil
      self.dimension = dimension
      let storage = try doing(directory) { () throws(Errno) in try openStorage(directory) }
      store = try kind.open(storage, dimension, DesignOptions(options, preset: preset))
      return .ok
    case .close:
      let open = try opened()
      store = nil
      try open.close()
      return .ok
    case .get(let key, let transaction):
      return .record(try value(of: key, transaction))
    case .dump:
      let records = try opened().visibleRecords()
      var dump = Dump()
      for key in records.keys.sorted() {
        // Bytes of zero are an insert of such a record to some decoders; the protocol has no words
        // for it.
        guard !key.id.isEmpty else { throw DesignError(.corrupt, "a record has an empty id") }
        if let value = records[key] { dump.append(key, value) }
      }
      return .dump(dump)
    case .stats: return .stats(try opened().stats())
    case .search: throw DesignError(.unsupported, "not supported")
    case .mutate, .batch, .begin, .commit, .abort, .createNamespace, .dropNamespace, .clear, .flush,
      .checkpoint:
      try change(request, try opened())
      return .ok
    }
  }

  private func change(_ request: Request, _ store: any DesignStore) throws(DesignError) {
    switch request {
    case .mutate(let mutation, nil): try store.mutate(try checked(mutation))
    case .mutate(let mutation, let transaction?):
      try require(transaction, store)
      try store.mutate(try checked(mutation), in: transaction)
    case .batch(let mutations):
      for mutation in mutations { _ = try checked(mutation) }
      try store.batch(mutations)
    case .begin(let transaction):
      guard store.changes(in: transaction) == nil else {
        throw DesignError(.invalid, "it is open already")
      }
      try store.begin(transaction)
    case .commit(let transaction):
      try require(transaction, store)
      try store.commit(transaction)
    case .abort(let transaction):
      guard store.changes(in: transaction) != nil else { return }
      try store.abort(transaction)
    case .createNamespace(let namespace): try store.createNamespace(namespace)
    case .dropNamespace(let namespace): try store.dropNamespace(namespace)
    case .clear(nil): try store.clear()
    case .clear: throw DesignError(.unsupported, "not supported")
    case .flush: try store.flush()
    case .checkpoint: try store.checkpoint()
    case .hello, .open, .close, .get, .dump, .stats, .search:
      preconditionFailure("it changes nothing")
    }
  }

  private func opened() throws(DesignError) -> any DesignStore {
    guard let store else { throw DesignError(.invalid, "no store is open") }
    return store
  }

  private func require(_ transaction: UInt64, _ store: any DesignStore) throws(DesignError) {
    guard store.changes(in: transaction) != nil else {
      throw DesignError(.notFound, "no such transaction")
    }
  }

  private func checked(_ mutation: Mutation) throws(DesignError) -> Mutation {
    guard !mutation.key.id.isEmpty else { throw DesignError(.invalid, "an id is empty") }
    if case .put(_, let value) = mutation, value.vector.count != dimension {
      throw DesignError(.invalid, "a vector does not have \(dimension) components")
    }
    return mutation
  }

  private func value(of key: RecordKey, _ transaction: UInt64?) throws(DesignError) -> RecordValue?
  {
    let store = try opened()
    var value = try store.visibleRecord(key)
    guard let transaction else { return value }
    try require(transaction, store)
    for mutation in store.changes(in: transaction) ?? [] where mutation.key == key {
      switch mutation {
      case .put(_, let newer): value = newer
      case .delete: value = nil
      }
    }
    return value
  }
}
