extension KnownDefect {
  /// What the text of oxirs-vec shows.
  static let oxirs: [KnownDefect] = [
    KnownDefect(
      "short-file-refused", in: "WalManager::recover",
      promise: "Starting WAL recovery",
      "Every start and every rotation makes a file before its header is written; read_exact of the "
        + "header of such a file is an error, and every later recovery fails on it.",
      change: "treat a file shorter than its header as empty",
      signs: [("recovery-refused", ["failed to fill whole buffer"])]),
    KnownDefect(
      "directory-not-synced", in: "WalManager::rotate_wal_file",
      promise: "sync_on_write",
      "The new file is synced, its name in the directory is not: the file may be gone whole.",
      change: "fsync the directory after creating a file",
      signs: [
        ("acknowledged-write-lost", ["create wal-"]),
        ("deleted-record-resurrected", ["create wal-"]),
        ("hole-in-history", ["create wal-"]),
      ]),
    KnownDefect(
      "rotation-not-synced", in: "WalManager::rotate_wal_file",
      promise: "flush",
      "The old file is flushed, not synced, and flush() syncs the current one only: what "
        + "stands at the end of the old file has no barrier for ever.",
      change: "sync the old file before the new one takes its place",
      signs: [
        ("acknowledged-write-lost", ["write wal-"]), ("deleted-record-resurrected", ["write wal-"]),
        ("hole-in-history", ["write wal-"]),
      ]),
    KnownDefect(
      "named-by-the-second", in: "WalManager::rotate_wal_file",
      promise: "Rotating WAL to new file",
      "Files are named by the second and opened for appending: two that are begun within one "
        + "second, by rotation or a quick restart, are one file with a header in its middle. "
        + "recover() reads that as an entry of suspicious length, and skips all that follows.",
      change: "name files by a number that is never used twice, and open them with create_new",
      signs: [
        ("acknowledged-write-lost", ["nothing had to be lost", "at dump", "after the fault"]),
        ("deleted-record-resurrected", ["nothing had to be lost", "at dump", "after the fault"]),
      ]),
    KnownDefect(
      "checkpoint-of-itself", in: "WalManager::append",
      promise: "checkpoint_interval",
      "The log marks a checkpoint on its own, before the application has saved anything: a crash "
        + "between the two loses all that the marker leaves out.",
      change: "ask the application for its snapshot, and mark the checkpoint after it is durable",
      signs: [
        ("acknowledged-write-lost", ["nothing had to be lost"]),
        ("deleted-record-resurrected", ["nothing had to be lost"]),
        ("transaction-not-atomic", []),
      ]),
    KnownDefect(
      "no-checksum", in: "WalManager::recover",
      promise: "Possibly corrupted. Skipping",
      "Nothing tells a torn or stale entry from a right one, and what does not decode is "
        + "passed over: what comes after a lost entry is served.",
      change: "give each entry a checksum, and end the log at the first that is wrong",
      signs: [
        ("wrong-vector", []), ("wrong-metadata", []), ("phantom-record", []),
        ("batch-not-atomic", []), ("uncommitted-transaction-visible", []),
        ("hole-in-history", []), ("recovery-refused", ["metadata"]), ("log-number-reused", []),
      ]),
  ]
}
