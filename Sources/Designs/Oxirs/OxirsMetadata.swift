internal import SubjectProtocol

extension OxirsRecord {
  /// A record with its metadata as strings: each value is the JSON text of the member.
  init(_ key: RecordKey, _ value: RecordValue) {
    var metadata: [(key: [UInt8], value: [UInt8])]?
    if case .object(let members)? = try? JSONParser.parse(value.metadata.text), !members.isEmpty {
      metadata = members.map { ($0.key, JSONWriter.text($0.value)) }
        .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }
    self.init(id: key.id, vector: value.vector, metadata: metadata)
  }

  /// The record's value, or the reason why its strings are no metadata.
  func value() throws(DesignError) -> RecordValue {
    guard let metadata else { return RecordValue(vector: vector) }
    var members: [JSONValue.Member] = []
    for member in metadata {
      do throws(JSONError) {
        members.append(
          JSONValue.Member(key: member.key, value: try JSONParser.parse(member.value)))
      } catch {
        throw DesignError(.corrupt, "metadata: \(error)")
      }
    }
    return RecordValue(vector: vector, metadata: Metadata(members: members))
  }
}

extension OxirsEntry {
  /// The puts and deletes of this entry.
  func mutations() throws(DesignError) -> [Mutation] {
    switch self {
    case .insert(let record, _), .update(let record, _):
      return [.put(RecordKey(id: record.id), try record.value())]
    case .delete(let id, _): return [.delete(RecordKey(id: id))]
    case .batch(let entries, _):
      var mutations: [Mutation] = []
      for entry in entries { mutations += try entry.mutations() }
      return mutations
    case .checkpoint, .beginTransaction, .commitTransaction, .abortTransaction: return []
    }
  }
}

extension DesignKind {
  /// oxirs-vec. Options: `syncOnWrite`, `checkpointInterval` (or `checkpointAfterMutations`),
  /// `checkpointRetention`, `maxFileSize` (or `segmentBytes`), `bufferSize`, `clock`.
  static let oxirs = DesignKind(
    defects: KnownDefect.oxirs,
    describe: { (options: DesignOptions) throws(DesignError) in
      var contract = Contract(
        barriers: [.flush, .checkpoint], transactions: true, creationIsAtomic: false,
        afterFailedBarrier: .continues)
      if !(try options.oxirs().syncOnWrite) {
        contract.acknowledgementAfterProcessCrash = .volatile
        contract.acknowledgementAfterPowerLoss = .volatile
      }
      return SubjectDescription(
        name: "oxirs", contract: contract,
        operations: [
          .hello, .open, .put, .delete, .batch, .begin, .commit, .abort, .flush, .checkpoint, .get,
          .dump, .stats, .close,
        ], features: [.metadata, .nonFinite, .nulIDs, .concurrentTransactions])
    },
    open: { (storage, dimension, options) throws(DesignError) in
      try OxirsStore(storage, try options.oxirs(), clock: try options.clock())
    })
}

extension DesignOptions {
  fileprivate func oxirs() throws(DesignError) -> OxirsOptions {
    var log = OxirsOptions()
    log.syncOnWrite = try flag("syncOnWrite")
    if let interval = try number("checkpointInterval", or: "checkpointAfterMutations") {
      log.checkpointInterval = UInt64(interval)
    }
    if let count = try number("checkpointRetention") { log.checkpointRetention = count }
    if let size = try number("maxFileSize", or: "segmentBytes") {
      log.maximumFileSize = UInt64(size)
    }
    if let size = try number("bufferSize") { log.bufferSize = size }
    return log
  }
}
