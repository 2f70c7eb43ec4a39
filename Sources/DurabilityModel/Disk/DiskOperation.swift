public import StorageInterface

/// A mutating operation on a disk, as a recording keeps it and as a crash is counted in.
///
/// Calls that failed without effect are none; a failed write that left a prefix is a shorter write.
public enum DiskOperation: Equatable {
  /// Creates an inode and its name.
  case create(
    directory: InodeNumber, name: [UInt8], inode: InodeNumber, kind: FileKind, mode: UInt16,
    user: UInt32, group: UInt32, target: [UInt8])
  /// Gives an inode one more name.
  case link(inode: InodeNumber, directory: InodeNumber, name: [UInt8])
  /// Takes the name of a file away.
  case unlink(directory: InodeNumber, name: [UInt8])
  /// Removes an empty directory.
  case removeDirectory(directory: InodeNumber, name: [UInt8])
  /// Renames.
  case rename(
    directory: InodeNumber, name: [UInt8], newDirectory: InodeNumber, newName: [UInt8],
    mode: RenameMode)
  /// Writes bytes.
  case write(inode: InodeNumber, offset: UInt64, bytes: WrittenBytes)
  /// Sets the size.
  case setSize(inode: InodeNumber, size: UInt64)
  /// Gives a range of a file space, takes it away, or zeros it.
  case allocate(inode: InodeNumber, offset: UInt64, length: UInt64, mode: AllocationMode)
  /// Sets an extended attribute, or removes it where `value` is nil.
  case setExtendedAttribute(inode: InodeNumber, name: [UInt8], value: [UInt8]?)
  /// Sets the times that a program may set.
  case setTimes(inode: InodeNumber, accessed: TimeChange, modified: TimeChange)
  /// Changes permissions and owner. Volatile until an fsync, as `PendingAttributes` has it.
  case setAttributes(inode: InodeNumber, mode: UInt16, user: UInt32, group: UInt32)
  /// A barrier of a file that succeeded.
  case synchronize(inode: InodeNumber, dataOnly: Bool)
  /// The barrier that ends a write through `O_DSYNC`, `O_SYNC` or `RWF_DSYNC`: its bytes, and the
  /// size needed to reach them. An operation of its own, since the power may go between the two
  /// (groundtruth, workloads h1 and h2: torn pages and zeros before the call returned).
  case synchronizeRange(inode: InodeNumber, range: Range<UInt64>)
  /// A barrier of a directory that succeeded.
  case synchronizeDirectory(inode: InodeNumber)
  /// A barrier of a file that failed, or a part of one, and so left its after-state.
  case failedSynchronize(WriteBackFailure)
  /// A barrier of a directory that failed; its names stay pending.
  case failedSynchronizeDirectory(inode: InodeNumber)
  /// The file system stopped: its journal failed, or it found out that it had. `unreported` is a
  /// failure that syncfs has yet to report, where there is one.
  case stop(FileSystemHealth, unreported: Errno?)
  /// An earlier failure of writing back a file (nil: any file, to a syncfs) was reported for the
  /// first time.
  case reportError(inode: InodeNumber?)
  /// A write-back of the dirty pages among `pages` (nil: all of them), without any call of the
  /// subject.
  case writeBack(inode: InodeNumber, pages: Range<Int>?, outcome: WriteBackOutcome)
  /// Takes the clean pages among `pages` (nil: all of them) out of the cache: they show what the
  /// disk holds (`POSIX_FADV_DONTNEED`, `drop_caches`).
  case dropPages(inode: InodeNumber, pages: Range<Int>?)
  /// Takes an inode that nobody has open out of the cache: its clean pages, and with them an error
  /// that nobody has seen (groundtruth, section 2: "opened after inode eviction: 0, silent").
  case evict(inode: InodeNumber)
  /// A syncfs or sync that succeeded. What it covers depends on the persistence model.
  case synchronizeFileSystem

  /// The name of its kind, as faults and reports spell it.
  public var kindName: String {
    switch self {
    case .create(_, _, _, let kind, _, _, _, _):
      switch kind {
      case .regular: "create"
      case .directory: "mkdir"
      case .symbolicLink: "symlink"
      case .pipe, .socket, .characterDevice, .blockDevice: "mknod"
      }
    case .link: "link"
    case .unlink: "unlink"
    case .removeDirectory: "rmdir"
    case .rename: "rename"
    case .write: "write"
    case .setSize: "truncate"
    case .setAttributes: "setattr"
    case .allocate: "fallocate"
    case .setExtendedAttribute(_, _, let value): value == nil ? "removexattr" : "setxattr"
    case .setTimes: "utimens"
    case .synchronize(_, let dataOnly): dataOnly ? "fdatasync" : "fsync"
    case .synchronizeRange: "write-barrier"
    case .synchronizeDirectory: "fsyncdir"
    case .failedSynchronize: "failed-fsync"
    case .failedSynchronizeDirectory: "failed-fsyncdir"
    case .stop: "stop"
    case .reportError: "report-error"
    case .writeBack(_, _, .failed): "failed-write-back"
    case .writeBack: "write-back"
    case .dropPages: "drop-pages"
    case .evict: "evict"
    case .synchronizeFileSystem: "syncfs"
    }
  }

  /// Whether it is a barrier that failed.
  public var isFailure: Bool {
    switch self {
    case .failedSynchronize, .failedSynchronizeDirectory, .stop, .reportError: true
    case .create, .link, .unlink, .removeDirectory, .rename, .write, .setSize, .setAttributes,
      .allocate, .setExtendedAttribute, .setTimes, .synchronize, .synchronizeRange,
      .synchronizeDirectory, .writeBack, .dropPages, .evict, .synchronizeFileSystem:
      false
    }
  }

  /// Whether it may have made earlier operations durable or changed what they may become.
  public var isBarrier: Bool {
    switch self {
    case .synchronize, .synchronizeRange, .synchronizeDirectory, .failedSynchronize,
      .failedSynchronizeDirectory, .stop, .reportError, .writeBack, .dropPages, .evict,
      .synchronizeFileSystem:
      true
    case .create, .link, .unlink, .removeDirectory, .rename, .write, .setSize, .allocate,
      .setAttributes, .setExtendedAttribute, .setTimes:
      false
    }
  }
}

/// What became of pages that were written back without a call of the subject (disk.md, "Write-back
/// steps").
public enum WriteBackOutcome: Sendable, Equatable {
  /// They are on the medium, with what is needed to reach them.
  case durable
  /// They are in the device's volatile cache: clean for the kernel, and as much in doubt at a power
  /// cut as before.
  case deviceCache
  /// Writing them failed, with this after-state; nobody has been told yet.
  case failed(Errno, AfterFailedBarrier)
}
