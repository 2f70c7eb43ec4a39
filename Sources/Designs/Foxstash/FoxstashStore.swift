internal import StorageInterface
internal import SubjectProtocol

/// The plainest application of foxstash-core's incremental storage, as its own example has it: log,
/// apply, and make a checkpoint when one is due.
final class FoxstashStore: DesignStore {
  private let storage: FoxstashStorage
  private let dimension: Int
  private var records: Records = [:]

  init(
    _ storage: any Storage, dimension: Int, _ options: FoxstashOptions, clock: DesignClock
  ) throws(DesignError) {
    self.dimension = dimension
    self.storage = try FoxstashStorage(DesignDirectory(storage), options, clock: clock)
    for document in try self.storage.loadCheckpoint() ?? [] { show(document) }
    for entry in try self.storage.entries() {
      switch entry.operation {
      case .add(let document): show(document)
      case .remove(let id): records[RecordKey(id: id)] = nil
      case .clear: records.removeAll()
      case .checkpoint: break
      }
    }
  }

  private func show(_ document: FoxstashDocument) {
    records[RecordKey(id: document.id)] = document.recordValue
  }

  func visibleRecords() -> Records { records }

  func visibleRecord(_ key: RecordKey) -> RecordValue? { records[key] }

  func mutate(_ mutation: Mutation) throws(DesignError) {
    switch mutation {
    case .put(let key, let value): try storage.log(.add(FoxstashDocument(key, value)))
    case .delete(let key): try storage.log(.remove(id: key.id))
    }
    records.apply(mutation)
    try checkpointWhenDue()
  }

  func batch(_ mutations: [Mutation]) throws(DesignError) {
    for mutation in mutations { try mutate(mutation) }
  }

  func clear() throws(DesignError) {
    try storage.log(.clear)
    records.removeAll()
    try checkpointWhenDue()
  }

  func flush() throws(DesignError) { try storage.sync() }

  func checkpoint() throws(DesignError) {
    let documents = records.keys.sorted().compactMap { key in
      records[key].map { FoxstashDocument(key, $0) }
    }
    try storage.checkpoint(documents, dimension: UInt64(dimension))
  }

  func close() throws(DesignError) { storage.drop() }

  func stats() -> Stats {
    Stats(
      lsn: storage.manifest.walSequence == 0 ? nil : storage.manifest.walSequence,
      checkpoint: storage.manifest.currentCheckpoint)
  }

  private func checkpointWhenDue() throws(DesignError) {
    if storage.needsCheckpoint { try checkpoint() }
  }
}

extension DesignKind {
  /// foxstash-core. Options: `syncOnWrite`, `walSyncInterval` (or `syncEvery`),
  /// `checkpointThreshold` (or `checkpointAfterMutations`), `maxWALSize`, `keepCheckpoints` (or
  /// `keptCheckpoints`), `codec` ("None", "Gzip"), `clock`.
  static let foxstash = DesignKind(
    defects: KnownDefect.foxstash,
    describe: { (options: DesignOptions) throws(DesignError) in
      let storage = try options.foxstash()
      var contract = Contract(
        barriers: [.flush, .checkpoint], creationIsAtomic: false, afterFailedBarrier: .continues)
      if !storage.syncOnWrite {
        contract.acknowledgementAfterProcessCrash = .volatile
        contract.acknowledgementAfterPowerLoss = .volatile
        contract.syncEvery = storage.walSyncInterval
      }
      return SubjectDescription(
        name: "foxstash", contract: contract,
        operations: [
          .hello, .open, .put, .delete, .batch, .clear, .flush, .checkpoint, .get, .dump, .stats,
          .close,
        ], features: [.metadata, .nulIDs])
    },
    open: { (storage, dimension, options) throws(DesignError) in
      try FoxstashStore(
        storage, dimension: dimension, try options.foxstash(),
        clock: try options.clock() ?? DesignClock())
    })
}

extension DesignOptions {
  fileprivate func foxstash() throws(DesignError) -> FoxstashOptions {
    var storage = FoxstashOptions()
    storage.syncOnWrite = try flag("syncOnWrite")
    if let count = try number("walSyncInterval", or: "syncEvery") {
      storage.walSyncInterval = max(1, count)
    }
    if let count = try number("checkpointThreshold", or: "checkpointAfterMutations") {
      storage.checkpointThreshold = UInt64(count)
    }
    if let size = try number("maxWALSize") { storage.maximumWALSize = UInt64(size) }
    if let count = try number("keepCheckpoints", or: "keptCheckpoints") {
      storage.keptCheckpoints = UInt64(count)
    }
    let codecs = FoxstashCodec.allCases.map { (name: $0.rawValue, value: $0) }
    if let codec = try choice("codec", codecs) { storage.codec = codec }
    return storage
  }
}
