extension KnownDefect {
  /// What the text of velesdb-core 2.0.0 shows.
  static let velesdb: [KnownDefect] = [
    KnownDefect(
      "failed-sync-retried", in: "MmapStorage::store, delete, flush",
      promise: "the entry must be durable on disk before this call returns Ok",
      "After a sync of the log that failed the storage goes on, and trusts the next one that "
        + "succeeds; what the failed one dropped stays lost, and the log ends there for recovery.",
      change: "refuse stores after a failed sync until the log is written anew into another file",
      signs: [
        ("acknowledged-after-failed-barrier", []), ("acknowledged-write-lost", ["after the fault"]),
        ("deleted-record-resurrected", ["after the fault"]),
      ]),
    KnownDefect(
      "batch-in-place", in: "MmapStorage::store_batch",
      promise: "callers must invoke flush() when they need a deterministic durability barrier",
      "Vectors are stored over the old ones while the log's records are still in a buffer: a "
        + "power loss that keeps some sectors of a page leaves a vector that is neither, and "
        + "nothing to mend it.",
      change: "write a vector into the mapping only after its record is durable in the log",
      signs: [("wrong-vector", []), ("unstable-recovery", [])]),
    KnownDefect(
      "records-without-generation", in: "serialize_wal_store_entry, write_wal_delete_entry",
      promise: "the entry must be durable on disk before this call returns Ok",
      "A record's checksum covers the record alone. After the log was cut and grows again, an "
        + "append whose size reaches the disk before its data shows what the blocks held "
        + "before: older records, valid in every bit, which recovery takes for the newest.",
      change: "put a generation, drawn anew whenever the log is cut, under each record's checksum",
      signs: [
        ("acknowledged-write-lost", ["write vectors.wal"]),
        ("deleted-record-resurrected", ["write vectors.wal"]),
        ("wrong-vector", ["write vectors.wal"]), ("phantom-record", ["write vectors.wal"]),
      ]),
  ]
}
