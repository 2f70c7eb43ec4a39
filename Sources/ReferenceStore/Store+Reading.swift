internal import Locks

extension Store {
  /// What a record holds.
  public struct Record: Sendable {
    /// The vector, bit for bit as it was put.
    public var vector: [Float]
    /// The metadata, byte for byte as it was put.
    public var metadata: [UInt8]
    /// The store's clock when it was put; 0 without a clock, and in a transaction before its end.
    public var time: UInt64
  }

  /// The store's own figures.
  public struct Figures: Equatable, Sendable {
    /// The highest LSN of an acknowledged mutation; never lower after a restart.
    public var lastLSN: LSN
    /// How many acknowledged mutations are not durable.
    public var volatileMutations: Int
    /// How many segments the log has.
    public var segments: Int
    /// How many bytes of log there are, headers included.
    public var logBytes: UInt64
    /// How many segments a checkpoint replaces are kept for replay.
    public var retainedSegments: Int
    /// The number of the newest checkpoint; 0 before the first one.
    public var checkpoint: UInt64
    /// How many records there are.
    public var records: Int
    /// How many namespaces there are, the default one not counted.
    public var namespaces: Int
    /// How many barriers were issued for mutations since the store was opened, and how many
    /// mutations they covered: what group commit saves.
    public var barriers: UInt64
    /// The mutations that the barriers covered.
    public var coveredMutations: UInt64
    /// Why the last automatic checkpoint failed; nil when it did not.
    public var checkpointFailure: StoreError?
    /// Why the store is read-only; nil when it is not.
    public var readOnlyReason: String?
  }

  /// Reads one record; nil when there is none. With a `transaction`, its own mutations show. O(1).
  ///
  /// Fails with `conflict` when the transaction is not open, and with `corrupt` when the record's
  /// block of a mapped checkpoint is damaged.
  public func get(_ key: Key, transaction: UInt64? = nil) throws(StoreError) -> Record? {
    if let transaction, let own = try own(key, transaction) {
      return switch own {
      case .put(_, let vector, let metadata):
        Record(vector: vector, metadata: metadata, time: 0)
      case .delete: nil
      }
    }
    tableLock.enterReading()
    defer { tableLock.leave() }
    try requireOpen()
    guard let number = table.find(key) else { return nil }
    try table.check(number)
    let row = table.row(number)
    return Record(
      vector: Array(components(of: number)), metadata: Array(table.metadata(row)), time: row.time)
  }

  /// The newest mutation of a key in a transaction; nil when it has none.
  private func own(_ key: Key, _ transaction: UInt64) throws(StoreError) -> Mutation? {
    monitor.enter()
    defer { monitor.leave() }
    try requireOpen()
    guard let steps = transactions[transaction] else { throw gone(transaction) }
    return steps.last { $0.mutation.key == key }?.mutation
  }

  private func components(of number: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(
      start: table.vector(number).assumingMemoryBound(to: Float.self), count: options.dimension)
  }

  /// Calls `body` with the bytes of every record: namespace, id, vector (Float32, as in memory),
  /// metadata. They are valid during the call only, which must not call the store. The order
  /// depends on the history alone. Fails with `corrupt` when a block of a mapped checkpoint is
  /// damaged; then no record was handed out.
  public func visit(
    _ body: (
      _ namespace: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer,
      _ vector: UnsafeRawBufferPointer, _ metadata: UnsafeRawBufferPointer
    ) -> Void
  ) throws(StoreError) {
    tableLock.enterReading()
    defer { tableLock.leave() }
    try requireOpen()
    if table.unchecked != nil {
      for number in stride(from: 0, to: table.rowCount, by: table.blockCount) {
        try table.check(number)
      }
    }
    let vectorBytes = options.dimension * 4
    for number in 0..<table.rowCount {
      let row = table.row(number)
      guard row.isLive else { continue }
      table.namespaces.all[Int(row.namespace)].name.withUnsafeBytes { namespace in
        body(
          namespace, table.id(row),
          UnsafeRawBufferPointer(start: table.vector(number), count: vectorBytes),
          table.metadata(row))
      }
    }
  }

  /// How many records there are, in one namespace or, when it is nil, in all. A namespace that is
  /// not there has none. O(1).
  public func count(namespace: [UInt8]? = nil) throws(StoreError) -> Int {
    tableLock.enterReading()
    defer { tableLock.leave() }
    try requireOpen()
    guard let namespace else { return table.count }
    guard let number = table.namespaces.number(namespace.span.bytes) else { return 0 }
    return table.namespaces.all[Int(number)].records
  }

  /// The ids of a namespace, in the order of `visit`. O(records).
  public func ids(namespace: [UInt8] = []) throws(StoreError) -> [[UInt8]] {
    tableLock.enterReading()
    defer { tableLock.leave() }
    try requireOpen()
    guard let wanted = table.namespaces.number(namespace.span.bytes) else { return [] }
    var ids: [[UInt8]] = []
    ids.reserveCapacity(table.namespaces.all[Int(wanted)].records)
    for number in 0..<table.rowCount {
      let row = table.row(number)
      if row.isLive, row.namespace == wanted { ids.append(Array(table.id(row))) }
    }
    return ids
  }

  /// The store's own figures.
  public func figures() throws(StoreError) -> Figures {
    monitor.enter()
    defer { monitor.leave() }
    try requireOpen()
    let (segments, bytes) = log.figures
    return Figures(
      lastLSN: log.lastLSN, volatileMutations: log.volatileEffects, segments: segments,
      logBytes: bytes, retainedSegments: log.retained.count, checkpoint: checkpoints.last ?? 0,
      records: table.count,
      namespaces: table.namespaces.all.dropFirst().count { $0.exists },
      barriers: log.barriers, coveredMutations: log.coveredRecords,
      checkpointFailure: checkpointFailure, readOnlyReason: log.readOnlyReason)
  }
}
