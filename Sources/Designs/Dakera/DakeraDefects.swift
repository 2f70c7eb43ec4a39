extension KnownDefect {
  /// What the text of dakera-storage 0.10.2 shows.
  static let dakera: [KnownDefect] = [
    KnownDefect(
      "never-synced", in: "WriteAheadLog::append, flush, checkpoint",
      promise: "Sync after every write (safest)",
      "Sync is BufWriter::flush in every mode, and in flush() and checkpoint() as well: "
        + "nothing ever reaches the disk by a barrier, neither a segment nor its name.",
      change: "sync_data() after each flush, and fsync the directory after creating a segment",
      signs: [
        ("acknowledged-write-lost", ["no barrier covered"]),
        ("deleted-record-resurrected", ["no barrier covered"]),
        ("hole-in-history", ["no barrier covered"]),
      ]),
    KnownDefect(
      "active-segment-removed", in: "WriteAheadLog::truncate",
      promise: "Skip the currently active segment to avoid deleting a file being written to",
      "append takes its number before it begins a segment, so the segment is named one above "
        + "its first entry, the comparison never holds, and the file being written to is "
        + "removed: everything appended afterwards goes with it.",
      change: "remember the active segment's path, or begin the segment before taking the number",
      signs: [
        ("acknowledged-write-lost", ["nothing had to be lost", "at dump"]),
        ("deleted-record-resurrected", ["nothing had to be lost", "at dump", "unlink #.wal"]),
      ]),
    KnownDefect(
      "numbers-begin-again", in: "WriteAheadLog::recover_lsn",
      promise: "Current log sequence number",
      "The last segment alone is looked at: one without a whole entry, or a log that was "
        + "truncated, leaves the number at 0, and new entries go into the segment 1, ahead of "
        + "older ones.",
      change:
        "go on from the highest number in any segment or segment name, and keep it over truncation",
      signs: [("log-number-reused", [])]),
    KnownDefect(
      "open-transaction-served", in: "WriteAheadLog::recover",
      promise: "Recovery from incomplete transactions",
      "The markers of transactions are left out and everything between them is returned: an "
        + "open or rolled back transaction's mutations are served.",
      change: "return a transaction's mutations at its commit only",
      signs: [
        ("uncommitted-transaction-visible", []), ("transaction-not-atomic", []),
        ("phantom-record", ["nothing had to be lost"]),
      ]),
    KnownDefect(
      "damaged-line-skipped", in: "WriteAheadLog::read_segment",
      promise: "crash recovery",
      "A line that does not parse is passed over in silence, so what follows a lost entry is "
        + "served; one that is not UTF-8 fails the opening.",
      change: "give each line a checksum, and end the log at the first that is wrong",
      signs: [
        ("recovery-refused", ["valid UTF-8"]), ("wrong-vector", []), ("wrong-metadata", []),
        ("phantom-record", []), ("unstable-recovery", []), ("hole-in-history", []),
      ]),
    KnownDefect(
      "flush-error-ignored", in: "WriteAheadLog::append",
      promise: "Sync after every write (safest)",
      "A flush that fails is logged, and the append answers that all is well.",
      change: "return the error",
      signs: [
        ("acknowledged-write-lost", ["after the fault: write"]),
        ("deleted-record-resurrected", ["after the fault: write"]),
        ("acknowledged-after-failed-barrier", []),
      ]),
    KnownDefect(
      "unreadable-directory-is-empty", in: "WriteAheadLog::list_segments",
      promise: "crash recovery",
      "A directory that cannot be read counts as one without segments: the log opens empty.",
      change: "return the error of read_dir",
      signs: [
        ("acknowledged-write-lost", ["readdir", "opendir"]),
        ("deleted-record-resurrected", ["readdir", "opendir"]),
      ]),
  ]
}
