/// What is known of one way in which a database's setting loses data: checked by hand against its
/// source and against the operations that a trace shows.
///
/// `make findings` puts it beside every violation that hangs on the same missing operations.
public struct DatabaseNote: Sendable {
  /// The settings it is about, by how their names begin.
  public var settings: [String]
  /// A part of the cause: what was dropped and had to be, as `FailureCause` words it.
  public var cause: String
  /// The violations it explains, by name; every one where there are none.
  public var violations: [String] = []
  /// Where in the database's own source it can be read.
  public var place: String
  /// What would have to be different.
  public var change: String

  /// The note about the violation called `violation` of the setting `name` with the cause `cause`,
  /// if there is one.
  public static func about(
    _ name: String, violation: String, cause: String
  ) -> DatabaseNote? {
    all.first { note in
      note.settings.contains { name.hasPrefix($0) } && cause.contains(note.cause)
        && (note.violations.isEmpty || note.violations.contains(violation))
    }
  }

  static let all: [DatabaseNote] = [
    DatabaseNote(
      settings: ["lmdb"], cause: "create data.mdb",
      place: "mdb.c, mdb_env_open: data.mdb is made there, and no directory is ever synced",
      change: "sync the directory once data.mdb is made and its meta pages are synced"),
    DatabaseNote(
      settings: ["lmdb"], cause: "write data.mdb", violations: ["recovery-refused"],
      place: "mdb.c, mdb_env_init_meta writes both meta pages unsynced; mdb_env_read_header takes "
        + "an empty file for a new one, and refuses one with a size and no meta page (MDB_INVALID)",
      change: "write and sync the first meta pages under another name, then rename and sync the "
        + "directory"),
    DatabaseNote(
      settings: ["lmdb"], cause: "write data.mdb",
      violations: [
        "wrong-vector", "wrong-metadata", "phantom-record", "transaction-not-atomic",
        "batch-not-atomic", "recovery-crashed", "acknowledged-write-lost",
      ],
      place: "mdb.c, mdb_env_write_meta: where writing a meta page fails, the old one is written "
        + "over it and not synced; an environment opened next goes on from the old one and writes "
        + "to pages that the new one, which may be on the disk, refers to",
      change: "sync the old meta page before anything is written that the failed commit freed"),
    DatabaseNote(
      settings: ["lmdb"], cause: "fdatasync data.mdb", violations: ["recovery-refused"],
      place: "mdb.c, mdb_env_open: where the sync of the first meta pages failed, the next process "
        + "finds them in the cache, takes them for durable and never writes them again",
      change: "write and sync the first meta pages under another name, then rename and sync the "
        + "directory"),
    DatabaseNote(
      settings: ["lmdb"], cause: "write-back data.mdb", violations: ["recovery-refused"],
      place: "mdb.c, mdb_env_init_meta writes both meta pages in one write; where the kernel could "
        + "not write the first of them back, the file has a size and no meta page (MDB_INVALID)",
      change: "write and sync the first meta pages under another name, then rename and sync the "
        + "directory"),
    DatabaseNote(
      settings: ["lmdb"], cause: "fdatasync data.mdb",
      place: "mdb.c, mdb_env_sync0: where the sync of a commit failed, the kernel holds its pages "
        + "for clean; the process that opens the environment next reads them from the cache, and "
        + "its sync is told 0 for what the disk does not have",
      change: "after a failed sync write the pages again before a sync is believed"),
    DatabaseNote(
      settings: ["leveldb"], cause: "rename CURRENT",
      place: "db/filename.cc, SetCurrentFile renames without a sync of the directory; "
        + "db/db_impl.cc, RemoveObsoleteFiles then unlinks what the old CURRENT and its MANIFEST "
        + "name",
      change: "sync the directory after renaming CURRENT, before obsolete files go"),
    DatabaseNote(
      settings: ["leveldb"], cause: "create #.log",
      place: "db/db_impl.cc, MakeRoomForWrite makes the new log; util/env_posix.cc syncs the "
        + "directory for a MANIFEST alone (SyncDirIfManifest)",
      change: "sync the directory after making a log, before a write to it is acknowledged"),
    DatabaseNote(
      settings: ["leveldb-sync"], cause: "write #.log",
      place: "db/log_reader.cc takes a whole record of this log from another place for the next "
        + "one; db/skiplist.h, Insert asserts that none comes twice (Debian's build has asserts)",
      change: "check that sequence numbers grow while a log is replayed"),
    DatabaseNote(
      settings: ["rocksdb"], cause: "create MANIFEST-#",
      place: "db/db_impl/db_impl_open.cc, NewDB syncs the MANIFEST; file/filename.cc, "
        + "SetCurrentFile renames CURRENT and syncs the directory only then",
      change: "sync the directory after making the MANIFEST, before renaming CURRENT"),
    DatabaseNote(
      settings: ["sqlite"], cause: "create data.db-journal",
      place: "os_unix.c, unixSync syncs the directory with a journal's first sync and drops the "
        + "result: \"ignore errors on the fsync\"; so the database is written to while the "
        + "journal's name may still go",
      change: "fail the commit where the sync of the directory failed with EIO"),
    DatabaseNote(
      settings: ["sqlite-wal"], cause: "create data.db-wal",
      place: "os_unix.c, unixSync syncs the directory with the log's first sync and drops the "
        + "result: \"ignore errors on the fsync\"; every commit after it is answered while the "
        + "log's name may still go",
      change: "fail the commit where the sync of the directory failed with EIO"),
    DatabaseNote(
      settings: ["sqlite-wal"], cause: "write-back data.db-wal",
      place: "wal.c, walFrames: where the kernel could not write frames back, one sync is told so "
        + "and its commit fails; the next transaction is appended behind frames that are not on "
        + "the disk",
      change: "after a failed sync write the log's frames again, or begin a new log, before "
        + "anything is answered"),
    DatabaseNote(
      settings: ["sqlite-wal"], cause: "fdatasync data.db-wal", violations: ["recovery-refused"],
      place: "wal.c, walCheckpoint syncs the log before pages go back into the database; where "
        + "that failed, the next checkpoint syncs again, is told 0 although the frames are not on "
        + "the disk (Rebello et al., ATC 2020), and writes pages that the lost frames belong to",
      change: "after a failed sync of the log write its frames again before any checkpoint"),
    DatabaseNote(
      settings: ["sqlite-wal"], cause: "fdatasync data.db-wal",
      place: "wal.c, walFrames writes a transaction's frames before it syncs them; where the sync "
        + "failed, COMMIT answers SQLITE_IOERR_FSYNC and the frames stay in the file: the next "
        + "process that recovers the log takes them for committed, after what was acknowledged "
        + "since",
      change: "after a failed sync overwrite the frames' header, or begin a new log, before "
        + "anything else is answered"),
    DatabaseNote(
      settings: ["sqlite-wal"], cause: "fdatasync data.db E",
      place: "wal.c, walCheckpoint: where the database's sync failed, a later checkpoint writes "
        + "the same pages again and is told 0; on ext4 a page whose first write failed stays "
        + "unwritten, zeros after a crash (groundtruth, section 2 A), and the log is used again "
        + "from its start",
      change: "after a failed sync of the database keep the log, and copy the database to a new "
        + "file"),
    DatabaseNote(
      settings: ["sqlite-wal"], cause: "write data.db-wal",
      violations: ["phantom-record", "uncommitted-transaction-visible", "acknowledged-write-lost"],
      place: "wal.c, walIndexRecover stops at the first frame that is not whole and leaves it in "
        + "place; the next transaction writes over it without cutting the log: where of that the "
        + "size alone reaches the disk, zeros may complete the old frame, and a commit that was "
        + "never answered, and was seen not to have happened, happens",
      change: "cut the log behind its last whole frame, and sync it, before anything is appended"),
    DatabaseNote(
      settings: ["sqlite-rollback"], cause: "write data.db-journal",
      place: "pager.c, readJournalHdr trusts a header without a checksum of its own: that of an "
        + "earlier journal, in blocks given out again and shown before they were written, says how "
        + "short the database was then, and pager_playback cuts it to that",
      change: "nothing where freed blocks never show (every file system by default); else "
        + "journal_mode=WAL, whose frames carry a salt"),
  ]
}
