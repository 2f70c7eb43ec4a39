internal import Locks

extension Store {
  /// Stores a record, as the policy says, or within `transaction`.
  ///
  /// With a `condition` it inserts or updates only. Fails as `apply` does.
  public func put(
    _ key: Key, vector: [Float], metadata: [UInt8] = [], condition: Condition = .always,
    transaction: UInt64? = nil
  ) throws(StoreError) {
    let mutation = Mutation.put(key, vector: vector, metadata: metadata)
    try check(mutation)
    if let transaction {
      return try add(TransactionStep(mutation: mutation, condition: condition), to: transaction)
    }
    var waiting = Waiting.forNamespaces
    if case .always = condition {} else { waiting = .forEverything }
    try write(
      .put, size: encodedBytes(mutation), waiting: waiting,
      check: { () throws(StoreError) in try checkState(mutation, condition) },
      encode: { $0.append(entryOf: mutation) })
  }

  /// Removes a record, as the policy says, or within `transaction`.
  public func delete(_ key: Key, transaction: UInt64? = nil) throws(StoreError) {
    try apply(.delete(key), transaction: transaction)
  }

  /// Makes one mutation: as durably as the policy says when it returns, or, with a `transaction`,
  /// only together with it.
  ///
  /// Fails with `invalid` (out of bounds), `notFound` (no such namespace), `conflict` (no such
  /// transaction), `read-only`, each without effect; with `io` or `full` it may or may not survive
  /// a crash, and is not visible. O(1) in the number of records.
  public func apply(_ mutation: Mutation, transaction: UInt64? = nil) throws(StoreError) {
    if case .put(let key, let vector, let metadata) = mutation {
      return try put(key, vector: vector, metadata: metadata, transaction: transaction)
    }
    try check(mutation)
    if let transaction {
      return try add(TransactionStep(mutation: mutation, condition: .always), to: transaction)
    }
    try write(
      .delete, size: encodedBytes(mutation), waiting: .forNamespaces,
      check: { () throws(StoreError) in try checkState(mutation, .always) },
      encode: { $0.append(entryOf: mutation) })
  }

  /// Makes all mutations, in order, as one: as durably as the policy says when it returns, and
  /// after a crash there together or not at all. Fails as `apply` does.
  public func batch(_ mutations: [Mutation]) throws(StoreError) {
    for mutation in mutations { try check(mutation) }
    try writeAll(mutations.map { TransactionStep(mutation: $0, condition: .always) }, .batch)
  }

  /// Logs the mutations of a batch or transaction as one record.
  func writeAll(_ steps: [TransactionStep], _ type: RecordType) throws(StoreError) {
    if steps.isEmpty {
      monitor.enter()
      defer { monitor.leave() }
      try requireOpen()
      return try log.requireWritable()
    }
    let isPlain = steps.allSatisfy { if case .always = $0.condition { true } else { false } }
    try write(
      type, size: steps.reduce(0) { $0 + encodedBytes($1.mutation) },
      waiting: isPlain ? .forNamespaces : .forEverything,
      check: { () throws(StoreError) in
        for step in steps { try checkState(step.mutation, step.condition) }
      },
      encode: { for step in steps { $0.append(entryOf: step.mutation) } })
  }

  /// How many bytes the entry of a mutation takes.
  @inline(__always)
  private func encodedBytes(_ mutation: Mutation) -> Int {
    switch mutation {
    case .put(let key, let vector, let metadata):
      LogFormat.aligned(
        LogFormat.entryHeaderBytes + vector.count * 4 + key.namespace.count + key.id.count
          + metadata.count)
    case .delete(let key):
      LogFormat.aligned(LogFormat.entryHeaderBytes + key.namespace.count + key.id.count)
    }
  }

  /// Fails with `invalid` when a mutation is out of bounds, whatever the store holds.
  @inline(__always)
  func check(_ mutation: Mutation) throws(StoreError) {
    try check(id: mutation.key)
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

  private func check(id key: Key) throws(StoreError) {
    guard !key.id.isEmpty else { throw .invalid(reason: "the id is empty") }
    guard key.id.count <= LogFormat.maximumNameBytes,
      key.namespace.count <= LogFormat.maximumNameBytes
    else {
      throw .invalid(
        reason: "an id or namespace is longer than \(LogFormat.maximumNameBytes) bytes")
    }
  }

  /// Fails when what the store holds does not allow a mutation, and with `corrupt` when the block
  /// that it would change is damaged. Inside the monitor.
  @inline(__always)
  private func checkState(_ mutation: Mutation, _ condition: Condition) throws(StoreError) {
    guard case .put(let key, _, _) = mutation else {
      if table.unchecked != nil, let row = table.find(mutation.key) { try table.check(row) }
      return
    }
    try checkNamespace(key.namespace)
    if case .always = condition, table.unchecked == nil {
      guard table.count < LogFormat.maximumRecords else {
        throw .invalid(reason: "the store holds as many records as it can")
      }
      return
    }
    let row = table.find(key)
    if let row { try table.check(row) }
    switch condition {
    case .always: break
    case .absent:
      guard row == nil else { throw .conflict(reason: "a record with this id is there already") }
    case .present:
      guard row != nil else { throw .notFound(reason: "no record with this id is there") }
    }
  }

  /// Fails with `notFound` when records cannot be put into a namespace. Inside the monitor.
  @inline(__always)
  func checkNamespace(_ name: [UInt8]) throws(StoreError) {
    if name.isEmpty || options.unknownNamespaces == .created || table.namespaces.exists(name) {
      return
    }
    throw .notFound(reason: "the namespace was not created")
  }
}
