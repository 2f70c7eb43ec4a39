extension KnownDefect {
  /// What the text of vecstore 1.0.0 shows.
  static let vecstore: [KnownDefect] = [
    KnownDefect(
      "append-not-synced", in: "WriteAheadLog::append",
      promise: "Flush to ensure durability",
      "The flush is that of BufWriter: the record is in the kernel's cache, and no barrier "
        + "follows.",
      change: "sync_data() after the flush, before append returns",
      signs: [
        ("acknowledged-write-lost", ["store.wal"]),
        ("deleted-record-resurrected", ["store.wal"]),
        ("hole-in-history", ["store.wal"]),
      ]),
    KnownDefect(
      "torn-tail-refused", in: "WriteAheadLog::scan_log",
      promise: "enables crash recovery",
      "A record that the file ends within is an error of read_exact, so open fails for ever. A "
        + "record of 8 KiB or more is written apart from its length, so a process crash is enough.",
      change: "treat UnexpectedEof within a record as the end of the log, and cut the file there",
      signs: [("recovery-refused", ["failed to fill whole buffer"])]),
    KnownDefect(
      "damaged-record-refused", in: "WriteAheadLog::replay",
      promise: "enables crash recovery",
      "A record that does not decode, which is what a torn write leaves, fails the whole replay.",
      change: "give each record a checksum, and end the log at the first that is wrong",
      signs: [("recovery-refused", ["Failed to deserialize log entry"])]),
    KnownDefect(
      "no-checksum", in: "WriteAheadLog::replay",
      promise: "enables crash recovery",
      "Nothing tells a torn or stale record from a right one: whatever decodes is served.",
      change: "give each record a checksum over its length and content",
      signs: [
        ("wrong-vector", []), ("phantom-record", []), ("unstable-recovery", []),
        ("transaction-not-atomic", []), ("uncommitted-transaction-visible", []),
      ]),
  ]
}
