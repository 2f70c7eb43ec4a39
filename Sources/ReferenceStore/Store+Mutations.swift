extension Store {
  /// Stores a record, durably, or within `transaction`.
  public func put(
    _ key: Key, vector: [Float], metadata: [UInt8] = [], transaction: UInt64? = nil
  ) throws(StoreError) {
    try apply(.put(key, vector: vector, metadata: metadata), transaction: transaction)
  }

  /// Removes a record, durably, or within `transaction`.
  public func delete(_ key: Key, transaction: UInt64? = nil) throws(StoreError) {
    try apply(.delete(key), transaction: transaction)
  }

  /// Makes one mutation: durably when it returns, or, with a `transaction`, only together with it.
  ///
  /// Fails with `invalid` (out of bounds), `conflict` (no such transaction), `read-only`, each
  /// without effect; with `io` or `full` it may or may not survive a crash, and is not visible.
  public func apply(_ mutation: Mutation, transaction: UInt64? = nil) throws(StoreError) {
    try requireOpen()
    try check(mutation)
    guard let transaction else {
      let type: RecordType =
        switch mutation {
        case .put: .put
        case .delete: .delete
        }
      return try write(CollectionOfOne(mutation), type)
    }
    guard transactions[transaction] != nil else { throw gone(transaction) }
    try log.requireWritable()
    transactions[transaction]?.append(mutation)
  }

  /// Makes all mutations, in order, as one: durable together when it returns, and after a crash
  /// there together or not at all. Fails as `apply` does.
  public func batch(_ mutations: [Mutation]) throws(StoreError) {
    try requireOpen()
    for mutation in mutations { try check(mutation) }
    try write(mutations, .batch)
  }

  /// A barrier. Every acknowledged mutation is durable already, so it calls nothing; it fails with
  /// `read-only` after a failed barrier, since failed mutations cannot be made durable any more.
  public func flush() throws(StoreError) {
    try requireOpen()
    try log.requireWritable()
  }

  /// Logs `mutations` as one record and then applies the very bytes that were logged.
  func write(_ mutations: some Collection<Mutation>, _ type: RecordType) throws(StoreError) {
    try log.requireWritable()
    if mutations.isEmpty { return }
    // The buffer is taken out of the store while it is in use, so that its bytes can be borrowed.
    var record: [UInt8] = []
    swap(&record, &buffer)
    defer { swap(&record, &buffer) }
    record.removeAll(keepingCapacity: true)
    for _ in 0..<LogFormat.frameHeaderBytes { record.append(0) }
    for mutation in mutations {
      record.append(entryOf: mutation)
      guard record.count - LogFormat.frameHeaderBytes <= LogFormat.maximumPayloadBytes else {
        throw .invalid(
          reason: "one record cannot take more than \(LogFormat.maximumPayloadBytes) bytes")
      }
    }
    _ = try log.append(&record, type: type)
    let applied = table.apply(record.span.bytes, in: LogFormat.frameHeaderBytes..<record.count)
    precondition(applied, "what was just encoded can be decoded")
  }

  /// Fails with `invalid` when a mutation is out of bounds.
  private func check(_ mutation: Mutation) throws(StoreError) {
    let key = mutation.key
    guard !key.id.isEmpty else { throw .invalid(reason: "the id is empty") }
    guard key.id.count <= LogFormat.maximumNameBytes,
      key.namespace.count <= LogFormat.maximumNameBytes
    else {
      throw .invalid(
        reason: "an id or namespace is longer than \(LogFormat.maximumNameBytes) bytes")
    }
    guard case .put(_, let vector, let metadata) = mutation else { return }
    guard vector.count == options.dimension else {
      throw .invalid(
        reason: "the vector has \(vector.count) components, not \(options.dimension)")
    }
    guard metadata.count <= LogFormat.maximumMetadataBytes else {
      throw .invalid(
        reason: "the metadata is longer than \(LogFormat.maximumMetadataBytes) bytes")
    }
  }

  /// The error for a transaction that is not open.
  func gone(_ transaction: UInt64) -> StoreError {
    .conflict(reason: "transaction \(transaction) is not open")
  }
}
