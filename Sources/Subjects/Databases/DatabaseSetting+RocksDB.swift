import SubjectProtocol

extension DatabaseSetting {
  /// RocksDB's settings.
  static let rocksDB: [DatabaseSetting] = [
    rocksDB(
      "rocksdb-sync", "WriteOptions.sync = true", .durable, .durable, [.flush, .checkpoint],
      "flushed from the operating system buffer cache (by calling WritableFile::Sync()) before the "
        + "write is considered complete"),
    rocksDB(
      "rocksdb-nosync", "WriteOptions.sync = false (the default)", .durable, .volatile,
      [.flush, .checkpoint], "and the machine crashes, some recent writes may be lost"),
    // Without a log, what was not flushed dies with the process; closing flushes.
    rocksDB(
      "rocksdb-nowal", "WriteOptions.disableWAL = true", .volatile, .volatile,
      [.flush, .checkpoint, .close],
      "writes will not first go to the write ahead log, and the write may get lost after a crash"),
  ]

  private static func rocksDB(
    _ name: String, _ setting: String, _ afterProcessCrash: Contract.Acknowledgement,
    _ afterPowerLoss: Contract.Acknowledgement, _ barriers: Set<OperationName>, _ promise: String
  ) -> DatabaseSetting {
    DatabaseSetting(
      name: name, engine: .rocksDB, setting: setting, promise: promise,
      source: "rocksdb/options.h, WriteOptions",
      contract: Contract(
        acknowledgementAfterProcessCrash: afterProcessCrash,
        acknowledgementAfterPowerLoss: afterPowerLoss, barriers: barriers, order: .prefix,
        transactions: false, batchesAreAtomic: true, afterFailedBarrier: .stops))
  }
}
