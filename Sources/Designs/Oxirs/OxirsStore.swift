internal import StorageInterface
internal import SubjectProtocol

/// The plainest application of oxirs-vec's log: records in memory, a snapshot at each checkpoint,
/// asked for or made by the log itself.
final class OxirsStore: DesignStore {
  private let log: OxirsLog
  private let snapshot: ApplicationSnapshot
  private let clock: DesignClock
  private var records: Records
  private var transactions: [UInt64: [Mutation]] = [:]
  /// The transaction that is begun in the log and must be ended before anything else.
  private var unfinished: UInt64?
  private var nextTransaction: UInt64 = 1
  /// The log's last checkpoint that a snapshot was made for.
  private var savedCheckpoint: UInt64 = 0

  init(_ storage: any Storage, _ options: OxirsOptions, clock: DesignClock?) throws(DesignError) {
    let directory = DesignDirectory(storage)
    snapshot = ApplicationSnapshot(directory: directory)
    records = try snapshot.load()
    if let clock {
      self.clock = clock
    } else {
      self.clock = try Self.clock(behind: directory)
    }
    log = try OxirsLog(directory, options, clock: self.clock)
    // recover() reads the file just begun as well, whose header may still be in the buffer.
    if !options.syncOnWrite { try log.flush() }
    try recover()
    try endUnfinished()
  }

  /// A clock a minute behind the newest file: a restart takes time. The option `clock` sets
  /// another.
  private static func clock(behind directory: DesignDirectory) throws(DesignError) -> DesignClock {
    let names = try doing("read_dir") { () throws(Errno) in try directory.names() }
    let seconds = names.compactMap { name -> UInt64? in
      guard name.hasPrefix("wal-"), name.hasSuffix(".log") else { return nil }
      return UInt64(name.dropFirst(4).dropLast(4), radix: 16)
    }
    guard let newest = seconds.max(), newest < 1 << 33 else { return DesignClock() }
    return DesignClock(nanoseconds: (newest + 60) * 1_000_000_000)
  }

  private func recover() throws(DesignError) {
    var pending: [Mutation]?
    for entry in try log.recover() {
      switch entry {
      case .beginTransaction(let number, _):
        (pending, unfinished) = ([], number)
        nextTransaction = max(nextTransaction, number &+ 1)
      case .commitTransaction:
        for mutation in pending ?? [] { records.apply(mutation) }
        (pending, unfinished) = (nil, nil)
      case .abortTransaction: (pending, unfinished) = (nil, nil)
      case .insert, .update, .delete, .batch, .checkpoint:
        for mutation in try entry.mutations() {
          if pending == nil { records.apply(mutation) } else { pending?.append(mutation) }
        }
      }
    }
  }

  func visibleRecords() -> Records { records }

  func visibleRecord(_ key: RecordKey) -> RecordValue? { records[key] }

  func mutate(_ mutation: Mutation) throws(DesignError) {
    try endUnfinished()
    try append(entry(mutation)) { records.apply(mutation) }
  }

  func batch(_ mutations: [Mutation]) throws(DesignError) {
    try endUnfinished()
    var state = records
    var entries: [OxirsEntry] = []
    for mutation in mutations {
      entries.append(entry(mutation, in: state))
      state.apply(mutation)
    }
    try append(.batch(entries, time: clock.seconds())) { records = state }
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
    try append(.beginTransaction(number, time: clock.seconds()))
    var state = records
    for change in changes {
      try append(entry(change, in: state))
      state.apply(change)
    }
    try append(.commitTransaction(number, time: clock.seconds())) {
      records = state
      unfinished = nil
    }
  }

  func abort(_ transaction: UInt64) throws(DesignError) { transactions[transaction] = nil }

  func changes(in transaction: UInt64) -> [Mutation]? { transactions[transaction] }

  func flush() throws(DesignError) { try log.flush() }

  func checkpoint() throws(DesignError) {
    guard transactions.isEmpty else { throw DesignError(.invalid, "a transaction is open") }
    try endUnfinished()
    try log.flush()
    try snapshot.save(records)
    guard log.sequence > 0 else { return }
    try log.checkpoint(log.sequence - 1)
    savedCheckpoint = log.lastCheckpoint
    try log.flush()
  }

  func close() throws(DesignError) { log.drop() }

  func stats() -> Stats { Stats(lsn: log.sequence == 0 ? nil : log.sequence - 1) }

  /// Appends `entry`, shows it, and makes the snapshot that a checkpoint of the log's own calls
  /// for.
  private func append(
    _ entry: OxirsEntry, showing: () -> Void = {}
  ) throws(DesignError) {
    try log.append(entry)
    showing()
    guard log.lastCheckpoint != savedCheckpoint else { return }
    try snapshot.save(records)
    savedCheckpoint = log.lastCheckpoint
  }

  private func endUnfinished() throws(DesignError) {
    guard let number = unfinished else { return }
    try append(.abortTransaction(number, time: clock.seconds()))
    unfinished = nil
  }

  private func entry(_ mutation: Mutation, in state: Records? = nil) -> OxirsEntry {
    let state = state ?? records
    switch mutation {
    case .put(let key, let value):
      let record = OxirsRecord(key, value)
      return state[key] == nil
        ? .insert(record, time: clock.seconds()) : .update(record, time: clock.seconds())
    case .delete(let key): return .delete(id: key.id, time: clock.seconds())
    }
  }
}
