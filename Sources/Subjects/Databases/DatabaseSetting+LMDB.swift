import SubjectProtocol

extension DatabaseSetting {
  /// LMDB's settings.
  static let lmdb: [DatabaseSetting] = [
    lmdb(
      "lmdb", "no flags", "fully transactional with full ACID semantics", "lmdb.h, introduction"),
    lmdb(
      "lmdb-writemap", "MDB_WRITEMAP", "fully transactional with full ACID semantics",
      "lmdb.h, introduction; MDB_WRITEMAP takes none of it back"),
    // "The last committed transaction" is a bound: all before it are safe.
    lmdb(
      "lmdb-nometasync", "MDB_NOMETASYNC",
      "a system crash may undo the last committed transaction", "lmdb.h, mdb_env_open",
      .volatile, syncEvery: 2),
    lmdb(
      "lmdb-nosync", "MDB_NOSYNC",
      "a system crash can corrupt the database or lose the last transactions",
      "lmdb.h, mdb_env_open", .none),
  ]

  private static func lmdb(
    _ name: String, _ setting: String, _ promise: String, _ source: String,
    _ acknowledgement: Contract.Acknowledgement = .durable, syncEvery: Int? = nil
  ) -> DatabaseSetting {
    DatabaseSetting(
      name: name, engine: .lmdb, setting: setting, promise: promise, source: source,
      contract: Contract(
        acknowledgementAfterProcessCrash: .durable,
        acknowledgementAfterPowerLoss: acknowledgement, barriers: [.flush], syncEvery: syncEvery,
        order: .prefix, transactions: true, batchesAreAtomic: true,
        afterFailedBarrier: .continues))
  }
}
