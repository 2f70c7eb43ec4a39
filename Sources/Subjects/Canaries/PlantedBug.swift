/// A bug planted into `MinimalStore`: each must be caught, by the right name, in every run.
public enum PlantedBug: String, Sendable, CaseIterable {
  /// Files are never synced.
  case noFsync = "no-fsync"
  /// Directories are never synced.
  case noDirectoryFsync = "no-directory-fsync"
  /// The answer is given before the sync, which comes with the next request.
  case acknowledgeBeforeSync = "acknowledge-before-sync"
  /// What is read is believed.
  case noChecksum = "no-checksum"
  /// A torn tail is left in place and appended to.
  case tornTailLeft = "torn-tail-left"
  /// The members of a transaction are logged at once and replayed without their commit.
  case uncommittedReplayed = "uncommitted-replayed"
  /// An error of fsync is ignored.
  case fsyncErrorIgnored = "fsync-error-ignored"
  /// At a checkpoint the log goes before the snapshot is durable.
  case logDeletedEarly = "log-deleted-early"
  /// A batch is written as several records.
  case batchSplit = "batch-split"
  /// A torn tail is taken for damage.
  case tornTailRefused = "torn-tail-refused"

  /// What it does, in one line.
  public var summary: String {
    switch self {
    case .noFsync: "files are never synced"
    case .noDirectoryFsync: "directories are never synced"
    case .acknowledgeBeforeSync: "the answer is given before the sync"
    case .noChecksum: "what recovery reads is believed without a checksum"
    case .tornTailLeft: "a torn tail is left in place and appended to"
    case .uncommittedReplayed: "an uncommitted transaction is replayed"
    case .fsyncErrorIgnored: "an error of fsync is ignored"
    case .logDeletedEarly: "the log is deleted before the snapshot is durable"
    case .batchSplit: "a batch is written as several records"
    case .tornTailRefused: "a torn tail is taken for damage"
    }
  }

  /// The names under which it may be caught: what the bug breaks first depends on what it hits.
  public var expectedViolations: [String] {
    switch self {
    case .noFsync, .noDirectoryFsync, .acknowledgeBeforeSync, .tornTailLeft, .logDeletedEarly:
      ["acknowledged-write-lost", "deleted-record-resurrected"]
    case .noChecksum: ["wrong-vector", "wrong-metadata", "phantom-record"]
    case .uncommittedReplayed: ["uncommitted-transaction-visible"]
    case .fsyncErrorIgnored: ["acknowledged-after-failed-barrier"]
    case .batchSplit: ["batch-not-atomic"]
    case .tornTailRefused: ["recovery-refused"]
    }
  }
}
