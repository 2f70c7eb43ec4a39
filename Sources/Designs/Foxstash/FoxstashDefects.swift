extension KnownDefect {
  /// What the text of foxstash-core shows.
  static let foxstash: [KnownDefect] = [
    KnownDefect(
      "numbers-begin-again", in: "IncrementalStorage::new",
      promise: "Monotonically increasing sequence number",
      "The number of the last operation is known from the manifest alone, which only sync() and "
        + "checkpoint() save: after a restart numbers of the log are given again.",
      change: "read the log at opening and go on behind its last number",
      signs: [("log-number-reused", [])]),
    KnownDefect(
      "appended-behind-torn-tail", in: "WalWriter::open",
      promise: "Append-only log",
      "The log is opened for appending as it ends. A record that was half written stays, and "
        + "what is appended behind it is read as its rest: recovery fails, or ends before it.",
      change: "cut the log behind its last whole record before appending",
      signs: [
        ("recovery-refused", ["WAL deserialize failed", "integrity check"]),
        ("acknowledged-write-lost", ["nothing had to be lost"]),
        ("deleted-record-resurrected", ["nothing had to be lost"]),
      ]),
    KnownDefect(
      "rename-not-synced", in: "IncrementalStorage::write_atomic_file",
      promise: "Periodic full snapshots for fast recovery",
      "Temporary files are synced and renamed, the directory is not: the old log is removed "
        + "while the manifest's, the checkpoint's or the new log's name may still be lost.",
      change: "fsync the directory after the renames, before the old log is removed",
      signs: [
        ("recovery-refused", ["checkpoint", "manifest"]),
        ("acknowledged-write-lost", ["rename", "unlink", "create", "remove"]),
        ("deleted-record-resurrected", ["rename", "unlink", "create", "remove"]),
        ("hole-in-history", ["rename", "unlink", "create", "remove"]),
      ]),
    KnownDefect(
      "checksum-of-values", in: "WalEntry::verify",
      promise: "CRC32 checksum for integrity",
      "The checksum is taken over the values written anew, not over the bytes: a double that "
        + "serde_json does not read back as it was written makes a right record wrong, and "
        + "recovery fails.",
      change: "take the checksum over the bytes as they stand in the file",
      signs: [("recovery-refused", ["integrity check", "numberOutOfRange"])]),
    KnownDefect(
      "failed-sync-retried", in: "WalWriter::sync",
      promise: "Force sync WAL to disk",
      "After a sync that failed the next one that succeeds is trusted; what the failed one "
        + "dropped stays lost.",
      change: "refuse operations after a failed sync until a checkpoint has been written",
      signs: [("acknowledged-after-failed-barrier", [])]),
  ]
}
