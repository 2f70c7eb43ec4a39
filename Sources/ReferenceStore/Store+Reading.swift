extension Store {
  /// What a record holds.
  public struct Record: Sendable {
    /// The vector, bit for bit as it was put.
    public var vector: [Float]
    /// The metadata, byte for byte as it was put.
    public var metadata: [UInt8]
  }

  /// The store's own figures.
  public struct Figures: Equatable, Sendable {
    /// The highest LSN of an acknowledged mutation; never lower after a restart.
    public var lastLSN: LSN
    /// How many segments the log has.
    public var segments: Int
    /// How many bytes of log there are, headers included.
    public var logBytes: UInt64
    /// The number of the newest checkpoint; 0 before the first one.
    public var checkpoint: UInt64
    /// How many records there are.
    public var records: Int
  }

  /// Reads one record; nil when there is none. With a `transaction`, its own mutations show.
  ///
  /// Fails with `conflict` when the transaction is not open.
  public func get(_ key: Key, transaction: UInt64? = nil) throws(StoreError) -> Record? {
    try requireOpen()
    if let transaction {
      guard let mutations = transactions[transaction] else { throw gone(transaction) }
      if let own = mutations.last(where: { $0.key == key }) {
        return switch own {
        case .put(_, let vector, let metadata): Record(vector: vector, metadata: metadata)
        case .delete: nil
        }
      }
    }
    guard let row = table.row(namespace: key.namespace.span.bytes, id: key.id.span.bytes)
    else { return nil }
    let start = row * options.dimension
    return Record(
      vector: Array(table.components[start..<start + options.dimension]),
      metadata: Array(table.arena[table.rows[row].metadata]))
  }

  /// Calls `body` with the bytes of every record: namespace, id, vector (Float32, as in memory),
  /// metadata. They are valid during the call only. The order depends on the history alone.
  public func visit(
    _ body: (
      _ namespace: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer,
      _ vector: UnsafeRawBufferPointer, _ metadata: UnsafeRawBufferPointer
    ) -> Void
  ) throws(StoreError) {
    try requireOpen()
    let vectorBytes = options.dimension * 4
    table.arena.withUnsafeBytes { arena in
      table.components.withUnsafeBytes { components in
        for (index, row) in table.rows.enumerated() {
          body(
            UnsafeRawBufferPointer(rebasing: arena[row.namespace]),
            UnsafeRawBufferPointer(rebasing: arena[row.id]),
            UnsafeRawBufferPointer(
              rebasing: components[index * vectorBytes..<(index + 1) * vectorBytes]),
            UnsafeRawBufferPointer(rebasing: arena[row.metadata]))
        }
      }
    }
  }

  /// The store's own figures.
  public func figures() throws(StoreError) -> Figures {
    try requireOpen()
    let (segments, bytes) = log.figures
    return Figures(
      lastLSN: log.lastLSN, segments: segments, logBytes: bytes, checkpoint: checkpointNumber,
      records: table.count)
  }
}
