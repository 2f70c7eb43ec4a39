internal import StorageInterface
internal import SubjectProtocol

/// The plainest application of velesdb-core's vector storage: names for its numbers, and nothing
/// else.
final class VelesdbStore: DesignStore {
  private let storage: VelesdbStorage
  private var names: VelesdbNames

  init(
    _ storage: any Storage, dimension: Int, _ durability: VelesdbDurability
  ) throws(DesignError) {
    let directory = DesignDirectory(storage)
    names = try VelesdbNames(directory)
    // Its opening ends with a barrier for the directory, and so for the names' file.
    self.storage = try VelesdbStorage(directory, dimension: dimension, durability)
  }

  func visibleRecords() throws(DesignError) -> Records {
    var records: Records = [:]
    for (number, name) in names.names.enumerated() {
      guard let vector = try storage.vector(UInt64(number)) else { continue }
      records[RecordKey(id: name)] = RecordValue(vector: vector)
    }
    return records
  }

  func visibleRecord(_ key: RecordKey) throws(DesignError) -> RecordValue? {
    guard let number = names.number(key.id) else { return nil }
    return try storage.vector(number).map { RecordValue(vector: $0) }
  }

  func mutate(_ mutation: Mutation) throws(DesignError) {
    switch mutation {
    case .put(let key, let value):
      try storage.store(try names.assign(key.id), value.vector)
    case .delete(let key):
      guard let number = names.number(key.id) else { return }
      try storage.delete(number)
    }
  }

  /// Runs of puts go in one call; a delete has none for several.
  func batch(_ mutations: [Mutation]) throws(DesignError) {
    var run: [(id: UInt64, vector: [Float])] = []
    for mutation in mutations {
      switch mutation {
      case .put(let key, let value): run.append((try names.assign(key.id), value.vector))
      case .delete:
        try storage.storeBatch(run)
        run = []
        try mutate(mutation)
      }
    }
    try storage.storeBatch(run)
  }

  func flush() throws(DesignError) { try storage.flush() }

  func checkpoint() throws(DesignError) { throw DesignError(.unsupported, "not supported") }

  func close() throws(DesignError) {
    storage.drop()
    names.close()
  }
}

extension DesignKind {
  /// velesdb-core 2.0.0. Options: `durability` ("fsync", "flush-only", "none"), `batches`.
  ///
  /// A batch is never synced, so where single stores are durable batches are not offered, unless
  /// `batches` asks for them: then all that is promised is that `flush` is a barrier.
  static let velesdb = DesignKind(
    defects: KnownDefect.velesdb,
    describe: { (options: DesignOptions) throws(DesignError) in
      let durability = try options.velesdbDurability()
      let hasBatches = try options.flag("batches") || durability != .fsync
      var contract = Contract(
        barriers: [.flush], order: .perKey, creationIsAtomic: false, afterFailedBarrier: .continues)
      if hasBatches {
        contract.acknowledgementAfterProcessCrash = .volatile
        contract.acknowledgementAfterPowerLoss = durability == .fsync ? .volatile : .none
      }
      if durability == .none { contract.acknowledgementAfterProcessCrash = .none }
      var operations: Set<OperationName> = [
        .hello, .open, .put, .delete, .flush, .get, .dump, .stats, .close,
      ]
      if hasBatches { operations.insert(.batch) }
      return SubjectDescription(
        name: "velesdb", contract: contract, operations: operations,
        features: [.memoryMap, .nonFinite, .nulIDs])
    },
    open: { (storage, dimension, options) throws(DesignError) in
      try VelesdbStore(storage, dimension: dimension, try options.velesdbDurability())
    })
}

extension DesignOptions {
  fileprivate func velesdbDurability() throws(DesignError) -> VelesdbDurability {
    let modes: [(name: String, value: VelesdbDurability)] = [
      ("fsync", .fsync), ("flush-only", .flushOnly), ("none", .none),
    ]
    return try choice("durability", modes) ?? .fsync
  }
}
