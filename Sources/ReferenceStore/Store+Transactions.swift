extension Store {
  /// Opens a transaction. Its mutations stay in memory until `commit` writes them as one record, so
  /// nothing uncommitted ever reaches the disk. Several may be open; the last commit wins.
  ///
  /// Fails with `conflict` when one of that number is open.
  public func begin(_ transaction: UInt64) throws(StoreError) {
    try requireOpen()
    guard transactions[transaction] == nil else {
      throw .conflict(reason: "transaction \(transaction) is open already")
    }
    transactions[transaction] = []
  }

  /// Makes the transaction's mutations, all or nothing, durable when it returns. The transaction is
  /// over whatever the outcome. Fails as `Store.apply` does.
  public func commit(_ transaction: UInt64) throws(StoreError) {
    try requireOpen()
    guard let mutations = transactions.removeValue(forKey: transaction) else {
      throw gone(transaction)
    }
    try write(mutations, .commit)
  }

  /// Drops the transaction and its mutations. Fails with `conflict` when it is not open.
  public func abort(_ transaction: UInt64) throws(StoreError) {
    try requireOpen()
    guard transactions.removeValue(forKey: transaction) != nil else { throw gone(transaction) }
  }
}
