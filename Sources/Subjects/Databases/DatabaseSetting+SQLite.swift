import SubjectProtocol

extension DatabaseSetting {
  /// SQLite's settings: both kinds of journal, each with every `synchronous`.
  static let sqlite: [DatabaseSetting] = [
    rollback(
      "extra", .durable, barriers: [.close],
      "EXTRA provides additional durability if the commit is followed closely by a power loss."),
    wal(
      "extra", .durable, barriers: [.checkpoint, .close],
      "atomic, consistent, isolated, and durable (ACID) in WAL mode"),
    wal(
      "full", .durable, barriers: [.checkpoint, .close],
      "atomic, consistent, isolated, and durable (ACID) in WAL mode"),
    rollback(
      "full", .volatile, barriers: [],
      "atomic, consistent, and isolated with a rollback journal"),
    wal(
      "normal", .volatile, barriers: [.checkpoint],
      "WAL mode is always consistent with synchronous=NORMAL, but WAL mode does lose durability."),
    rollback(
      "normal", .none, barriers: [],
      "a power failure at just the wrong time could corrupt the database in journal_mode=DELETE"),
    rollback("off", .none, barriers: [], off),
    wal("off", .none, barriers: [], off),
  ]

  private static let off =
    "the database might become corrupted if the operating system crashes or the computer loses "
    + "power before that data has been written to the disk surface"

  private static func rollback(
    _ synchronous: String, _ acknowledgement: Contract.Acknowledgement,
    barriers: Set<OperationName>, _ promise: String
  ) -> DatabaseSetting {
    make("rollback", "delete", synchronous, acknowledgement, barriers, promise)
  }

  private static func wal(
    _ synchronous: String, _ acknowledgement: Contract.Acknowledgement,
    barriers: Set<OperationName>, _ promise: String
  ) -> DatabaseSetting {
    make("wal", "wal", synchronous, acknowledgement, barriers, promise)
  }

  private static func make(
    _ kind: String, _ journal: String, _ synchronous: String,
    _ acknowledgement: Contract.Acknowledgement, _ barriers: Set<OperationName>, _ promise: String
  ) -> DatabaseSetting {
    DatabaseSetting(
      name: "sqlite-\(kind)-\(synchronous)", engine: .sqlite,
      setting: "journal_mode=\(journal), synchronous=\(synchronous)", promise: promise,
      source: "pragma.html#pragma_synchronous",
      contract: Contract(
        acknowledgementAfterProcessCrash: .durable,
        acknowledgementAfterPowerLoss: acknowledgement, barriers: barriers, order: .prefix,
        transactions: true, batchesAreAtomic: true, afterFailedBarrier: .continues))
  }
}
