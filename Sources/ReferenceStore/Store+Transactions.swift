internal import Locks

/// One mutation of a transaction, which is made at its commit.
struct TransactionStep: Sendable {
  /// What is done.
  var mutation: Store.Mutation
  /// What must hold for it, when it is asked for and again at the commit.
  var condition: Store.Condition
}

extension Store {
  /// Opens a transaction. Its mutations stay in memory until `commit` writes them as one record, so
  /// nothing uncommitted ever reaches the disk. Several may be open; the last commit wins.
  ///
  /// Fails with `conflict` when one of that number is open.
  public func begin(_ transaction: UInt64) throws(StoreError) {
    monitor.enter()
    defer { monitor.leave() }
    try requireOpen()
    guard transactions[transaction] == nil else {
      throw .conflict(reason: "transaction \(transaction) is open already")
    }
    transactions[transaction] = []
  }

  /// Makes the transaction's mutations, all or nothing, as durable as the policy says when it
  /// returns. The transaction is over whatever the outcome.
  ///
  /// Fails with `conflict` when what it rests on is gone (a namespace that was dropped, a record
  /// that was put or removed against a condition), else as `Store.apply` does.
  public func commit(_ transaction: UInt64) throws(StoreError) {
    monitor.enter()
    let steps: [TransactionStep]? = transactions.removeValue(forKey: transaction)
    let isOpen = isOpen
    monitor.leave()
    guard isOpen else { throw .invalid(reason: "the store is closed") }
    guard let steps else { throw gone(transaction) }
    do throws(StoreError) {
      try writeAll(steps, .commit)
    } catch {
      if case .notFound(let reason) = error { throw .conflict(reason: reason) }
      throw error
    }
  }

  /// Drops the transaction and its mutations. Fails with `conflict` when it is not open.
  public func abort(_ transaction: UInt64) throws(StoreError) {
    monitor.enter()
    defer { monitor.leave() }
    try requireOpen()
    guard transactions.removeValue(forKey: transaction) != nil else { throw gone(transaction) }
  }

  /// Adds a mutation, which was checked for its bounds, to a transaction.
  func add(_ step: TransactionStep, to transaction: UInt64) throws(StoreError) {
    monitor.enter()
    defer { monitor.leave() }
    try requireOpen()
    guard let steps = transactions[transaction] else { throw gone(transaction) }
    try log.requireWritable()
    if case .put(let key, _, _) = step.mutation { try checkNamespace(key.namespace) }
    let own = steps.last { $0.mutation.key == step.mutation.key }
    var isThere = false
    switch own?.mutation {
    case .put: isThere = true
    case .delete: isThere = false
    case nil:
      if case .always = step.condition {} else { isThere = table.find(step.mutation.key) != nil }
    }
    var kept = step
    switch step.condition {
    case .always: break
    case .absent where isThere:
      throw .conflict(reason: "a record with this id is there already")
    case .present where !isThere:
      throw .notFound(reason: "no record with this id is there")
    case .absent, .present:
      // What the transaction itself did decides, whatever others do until the commit.
      if own != nil { kept.condition = .always }
    }
    transactions[transaction]?.append(kept)
  }

  /// The error for a transaction that is not open.
  func gone(_ transaction: UInt64) -> StoreError {
    .conflict(reason: "transaction \(transaction) is not open")
  }
}
