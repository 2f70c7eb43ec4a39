/// A bug planted into `MinimalStore`: each must be caught, by the right name, in every run.
public enum PlantedBug: String, Sendable, CaseIterable {
  // What is not synced, or too late.
  case noFsync = "no-fsync"
  case noDirectoryFsync = "no-directory-fsync"
  case acknowledgeBeforeSync = "acknowledge-before-sync"
  case groupCommitNeighbours = "group-commit-neighbours"
  case rotationForgetsSync = "rotation-forgets-sync"
  case renamedBeforeSync = "renamed-before-sync"
  case mappedWithoutSync = "mapped-without-msync"

  // What failed barriers and short writes leave.
  case fsyncErrorIgnored = "fsync-error-ignored"
  case fsyncRetried = "failed-fsync-retried"
  case appendAfterFailedBarrier = "append-after-failed-barrier"
  case shortWriteIgnored = "short-write-ignored"

  // What recovery believes.
  case noChecksum = "no-checksum"
  case checksumOmitsLength = "checksum-omits-length"
  case preallocatedZeros = "preallocated-zeros-read"
  case tornTailLeft = "torn-tail-left"
  case tornTailRefused = "torn-tail-refused"
  case staleSnapshot = "stale-snapshot-chosen"
  case halfSnapshot = "half-snapshot-accepted"
  case damageCutAsTail = "damage-cut-as-tail"
  case clockOrdered = "clock-ordered"

  // What recovery and checkpoints do.
  case logDeletedEarly = "log-deleted-early"
  case deleteLostAtCheckpoint = "delete-lost-at-checkpoint"
  case recoveryTruncatesEarly = "recovery-truncates-early"
  case recoveryNotIdempotent = "recovery-not-idempotent"
  case recoveryMovesLog = "recovery-moves-log"
  case repairMovesLog = "repair-moves-log"
  case cleanFlagKept = "clean-flag-kept"
  case numbersReused = "numbers-reused"

  // What is all or nothing.
  case uncommittedReplayed = "uncommitted-replayed"
  case abortReplayed = "abort-replayed"
  case batchSplit = "batch-split"
  case inPlaceUpdate = "in-place-update"

  // What threads do to each other.
  case lateFollowers = "late-followers"
  case appendRace = "append-race"

  /// Whether it takes several threads, which a subject has as a process of its own only.
  public var needsThreads: Bool { self == .lateFollowers || self == .appendRace }

  /// What it does, in one line.
  public var summary: String {
    switch self {
    case .noFsync: "files are never synced"
    case .noDirectoryFsync: "directories are never synced"
    case .acknowledgeBeforeSync: "the answer is given before the sync"
    case .groupCommitNeighbours: "a commit is acknowledged by the sync of the one before it"
    case .rotationForgetsSync: "the old segment of a record that runs into a new one is not synced"
    case .renamedBeforeSync: "a snapshot gets its name before its data is synced"
    case .mappedWithoutSync: "records are stored through a mapping, without msync"
    case .fsyncErrorIgnored: "an error of fsync is ignored"
    case .fsyncRetried: "a failed fsync is called again, and its success believed"
    case .appendAfterFailedBarrier: "appends go on in the page that a failed fsync left"
    case .shortWriteIgnored: "a write is taken for whole that was not"
    case .noChecksum: "what recovery reads is believed without a checksum"
    case .checksumOmitsLength: "the checksum leaves out the length"
    case .preallocatedZeros: "preallocated zeros are read as a record"
    case .tornTailLeft: "a torn tail is left in place and appended to"
    case .tornTailRefused: "a torn tail is taken for damage"
    case .staleSnapshot: "of two snapshots recovery takes the older one"
    case .halfSnapshot: "a snapshot is accepted as far as it was written"
    case .damageCutAsTail: "damage in the middle of the log is cut off as if it were its tail"
    case .clockOrdered: "what is newest is told by the time of day"
    case .logDeletedEarly: "the log is deleted before the snapshot is durable"
    case .deleteLostAtCheckpoint: "a checkpoint carries old records over, and no deletes"
    case .recoveryTruncatesEarly: "recovery empties the log before what it kept of it is synced"
    case .recoveryNotIdempotent: "an interrupted recovery's half stands in the way of the next"
    case .recoveryMovesLog: "recovery moves the log aside before it has copied it"
    case .repairMovesLog: "only the repair after a recovery that crashed moves the log aside first"
    case .cleanFlagKept: "a log once found clean is believed to be clean at every later restart"
    case .numbersReused: "log numbers begin again after a restart"
    case .uncommittedReplayed: "an uncommitted transaction is replayed"
    case .abortReplayed: "an abort is replayed as a commit"
    case .batchSplit: "a batch is written as several records"
    case .inPlaceUpdate: "a record is overwritten in place, without a log"
    case .lateFollowers: "a group commit acknowledges what was logged after its sync began"
    case .appendRace: "two threads append at the same place of the log"
    }
  }

  /// The names under which it may be caught: what the bug breaks first depends on what it hits.
  public var expectedViolations: [String] {
    let lost = ["acknowledged-write-lost", "deleted-record-resurrected"]
    return switch self {
    case .noFsync, .noDirectoryFsync, .acknowledgeBeforeSync, .groupCommitNeighbours,
      .rotationForgetsSync, .tornTailLeft, .logDeletedEarly, .staleSnapshot, .halfSnapshot,
      .deleteLostAtCheckpoint, .recoveryTruncatesEarly, .lateFollowers, .appendRace,
      .mappedWithoutSync, .clockOrdered, .recoveryMovesLog, .repairMovesLog, .cleanFlagKept:
      lost
    case .damageCutAsTail: ["silent-corruption"]
    case .renamedBeforeSync: lost + ["recovery-refused"]
    case .shortWriteIgnored, .inPlaceUpdate: lost + ["recovery-refused", "unstable-recovery"]
    case .checksumOmitsLength, .recoveryNotIdempotent: lost + ["unstable-recovery"]
    case .fsyncErrorIgnored, .fsyncRetried, .appendAfterFailedBarrier:
      ["acknowledged-after-failed-barrier"]
    case .noChecksum: ["wrong-vector", "wrong-metadata", "phantom-record"]
    case .preallocatedZeros: ["phantom-record"]
    case .tornTailRefused: ["recovery-refused"]
    case .numbersReused: ["log-number-reused"]
    case .uncommittedReplayed, .abortReplayed: ["uncommitted-transaction-visible"]
    case .batchSplit: ["batch-not-atomic"]
    }
  }

  /// Whether it shows on a mount only: nothing can be mapped without one.
  public var needsMount: Bool { self == .mappedWithoutSync }

  /// Whether opening goes on in the log that is there, instead of making a new generation.
  var continuesInPlace: Bool {
    self == .tornTailLeft || self == .checksumOmitsLength || self == .cleanFlagKept
  }

  /// Whether opening adds the log to the snapshot that is there and empties it.
  var mergesInPlace: Bool { self == .recoveryTruncatesEarly || self == .recoveryNotIdempotent }
}
