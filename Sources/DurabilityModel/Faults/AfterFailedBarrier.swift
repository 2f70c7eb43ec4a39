/// What a failed fsync leaves behind (disk.md, "A failed fsync has an after-state"; measured in
/// groundtruth, section 2).
///
/// Two families. Where *data* could not be written, the file system goes on: `Inode.failWriteBack`.
/// Where the *journal* could not be written, the file system stops: `FileSystemHealth`.
public enum AfterFailedBarrier: String, Sendable, CaseIterable {
  /// Pages clean, cache new, disk old; the size follows with the next commit, with zeros; a page
  /// that had never reached the disk stays unwritten.
  case ext4
  /// As `ext4`, but a size grows only with the data that reached the disk, and no page stays
  /// unwritten.
  case xfs
  /// As `xfs`: Linux 6.18 reverts neither the cache nor the size that a process sees.
  case btrfs
  /// `data=journal`, the write in place fails: the journal still holds the new content, so a power
  /// cut may show it; a checkpoint later may leave the old content, or garbage behind an append.
  case ext4Journal = "ext4-journal"
  /// Pages stay dirty and a retry writes them (FreeBSD, ZFS).
  case redirty
  /// The device took the pages, and the flush of its cache failed: this barrier fails and nobody
  /// else is told; the pages are clean, as much in doubt at a power cut as before, and durable at
  /// the next barrier that answers 0 (groundtruth: `xfs`, overwrites, `flush-once`).
  case flush
  /// What the study of 2020 saw on btrfs: the cache and the size revert to what the disk has.
  case btrfs2020 = "btrfs-2020"
  /// The journal of `ext4` fails: this barrier fails, later ones answer 0 and lose what needs the
  /// journal, and the first change that is tried finds the file system read-only.
  case ext4Abort = "ext4-abort"
  /// The log of `xfs` fails: every call fails with EIO, `open` and `fstat` too.
  case xfsShutdown = "xfs-shutdown"
  /// Writes of `btrfs`'s log fail: read-only, every later barrier fails with EROFS, and syncfs with
  /// EIO once.
  case btrfsReadOnly = "btrfs-read-only"
  /// The flush behind `btrfs`'s log fails: as `btrfsReadOnly`, but syncfs answers 0.
  case btrfsFlush = "btrfs-flush"
  /// The journal fails under `data=journal`: read-only at once, the barrier itself included.
  case ext4JournalAbort = "ext4-journal-abort"

  /// One line for people.
  public var meaning: String {
    switch self {
    case .ext4: "pages clean, cache new, disk old; size later, with zeros; new pages unwritten"
    case .xfs: "pages clean, cache new, disk old; the size grows only with written data"
    case .btrfs: "as xfs: neither cache nor size revert on Linux 6.18"
    case .ext4Journal: "data=journal, write in place failed: new content until a checkpoint"
    case .redirty: "pages stay dirty, a retry writes them (FreeBSD, ZFS)"
    case .flush: "data in the device's cache, whose flush failed: the next barrier covers it"
    case .btrfs2020: "cache and size revert to what the disk has (study of 2020)"
    case .ext4Abort: "journal aborted: later barriers answer 0 and lose appends, then read-only"
    case .xfsShutdown: "log failed: every call fails with EIO, open and fstat too"
    case .btrfsReadOnly: "log failed: read-only, later barriers EROFS, syncfs EIO once"
    case .btrfsFlush: "flush of the log failed: read-only, later barriers EROFS, syncfs 0"
    case .ext4JournalAbort: "data=journal, journal failed: read-only, this barrier included"
    }
  }

  /// What the file system becomes where it is the journal that failed; nil where it goes on.
  public var health: FileSystemHealth? {
    switch self {
    case .ext4, .xfs, .btrfs, .ext4Journal, .redirty, .flush, .btrfs2020: nil
    case .ext4Abort: .aborted
    case .xfsShutdown: .shutDown
    case .btrfsReadOnly, .btrfsFlush: .remountedReadOnly
    case .ext4JournalAbort: .readOnly
    }
  }

  /// Whether it was the file's own pages that could not be written, which the file and its file
  /// system remember for whoever was not told (`errseq_t`); a failed flush is answered to its
  /// caller alone.
  var isRecorded: Bool { self != .flush }

  /// Whether the file system remembers a failure of its own for syncfs: btrfs's log is written as
  /// the pages of an inode.
  var isRecordedForSyncfs: Bool { self == .btrfsReadOnly }

  /// What a failed fsync leaves under `model` where a fault names nothing else. `posix-min` permits
  /// what any model does, so the worst that was measured stands for it; `lazyfs` has no failures of
  /// its own.
  public static func standard(for model: PersistenceModelName) -> AfterFailedBarrier {
    switch model {
    case .posixMin, .ext4Ordered, .lazyfs: .ext4
    case .xfs: .xfs
    case .btrfs: .btrfs
    }
  }
}
