internal import Locks

extension Store {
  /// Makes a namespace, as durably as the policy says; one that is there stays as it is.
  ///
  /// Fails with `invalid` for an empty or too long name, else as `apply` does.
  public func createNamespace(_ name: [UInt8]) throws(StoreError) {
    try check(namespace: name)
    try change(.createNamespace, .createNamespace, name) { () throws(StoreError) in }
  }

  /// Removes a namespace with all its records, as one mutation. Fails with `invalid` for the
  /// default one, `notFound` when it is not there, else as `apply` does. O(records).
  public func dropNamespace(_ name: [UInt8]) throws(StoreError) {
    try check(namespace: name)
    try change(.dropNamespace, .dropNamespace, name) { () throws(StoreError) in
      try self.require(name)
    }
  }

  /// Removes all records of one namespace, or of every one when `namespace` is nil, as one
  /// mutation; the namespaces stay. Fails with `notFound` when it is not there, else as `apply`
  /// does. O(records).
  public func clear(namespace: [UInt8]?) throws(StoreError) {
    let name = namespace ?? []
    if !name.isEmpty { try check(namespace: name) }
    try change(.clear, namespace == nil ? .clearAll : .clear, name) { () throws(StoreError) in
      try self.require(name)
    }
  }

  /// The names of the namespaces that are there, the default one not among them, in the order in
  /// which they were first made.
  public func namespaces() throws(StoreError) -> [[UInt8]] {
    tableLock.enterReading()
    defer { tableLock.leave() }
    try requireOpen()
    return table.namespaces.all.dropFirst().filter(\.exists).map(\.name)
  }

  private func change(
    _ type: RecordType, _ kind: Entry.Kind, _ name: [UInt8],
    _ check: () throws(StoreError) -> Void
  ) throws(StoreError) {
    try write(
      type, size: LogFormat.aligned(LogFormat.entryHeaderBytes + name.count),
      waiting: .forEverything, check: check, encode: { $0.append(kind, namespace: name) })
  }

  private func check(namespace name: [UInt8]) throws(StoreError) {
    guard !name.isEmpty else {
      throw .invalid(reason: "the default namespace has no name and is always there")
    }
    guard name.count <= LogFormat.maximumNameBytes else {
      throw .invalid(reason: "a namespace is longer than \(LogFormat.maximumNameBytes) bytes")
    }
  }

  private func require(_ name: [UInt8]) throws(StoreError) {
    guard name.isEmpty || table.namespaces.exists(name) else {
      throw .notFound(reason: "the namespace is not there")
    }
  }
}
