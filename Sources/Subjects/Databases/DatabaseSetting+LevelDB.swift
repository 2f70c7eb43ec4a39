import SubjectProtocol

extension DatabaseSetting {
  /// LevelDB's settings.
  static let levelDB: [DatabaseSetting] = [
    levelDB(
      "leveldb-sync", "WriteOptions.sync = true", .durable,
      "not return until the data being written has been pushed all the way to persistent storage"),
    levelDB(
      "leveldb-nosync", "WriteOptions.sync = false (the default)", .volatile,
      "a crash of the machine may cause the last few updates to be lost"),
  ]

  private static func levelDB(
    _ name: String, _ setting: String, _ acknowledgement: Contract.Acknowledgement,
    _ promise: String
  ) -> DatabaseSetting {
    DatabaseSetting(
      name: name, engine: .levelDB, setting: setting, promise: promise,
      source: "doc/index.md, Synchronous Writes",
      contract: Contract(
        acknowledgementAfterProcessCrash: .durable,
        acknowledgementAfterPowerLoss: acknowledgement, barriers: [.flush], order: .prefix,
        transactions: false, batchesAreAtomic: true, afterFailedBarrier: .stops))
  }
}
