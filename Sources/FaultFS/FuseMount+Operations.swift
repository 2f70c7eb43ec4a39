import CFuse
import Glibc

extension FuseMount {
  /// The requests that are served. What is missing here libfuse answers with `ENOSYS`, once; the
  /// kernel then does without: `access` (the kernel checks permissions itself), `flush` (close says
  /// nothing), `O_TMPFILE` (`EOPNOTSUPP`), `poll` and `bmap`. The lock requests are missing because
  /// the kernel's own locks are right. `fsync` and `fsyncdir` must never be missing: a barrier
  /// answered `ENOSYS` is not sent again. Nor may `getxattr`, or no attribute could be read back;
  /// its price is a request before each write of a cached file (the kernel looks for
  /// `security.capability`), none in direct mode.
  static func operations() -> fuse_lowlevel_ops {
    var operations = fuse_lowlevel_ops()
    operations.`init` = { _, connection in
      guard let connection else { return }
      FuseMount.configure(&connection.pointee)
    }
    setNameOperations(&operations)
    setFileOperations(&operations)
    setDirectoryOperations(&operations)
    setAttributeOperations(&operations)
    setExtendedAttributeOperations(&operations)
    setSpaceOperations(&operations)
    return operations
  }

  private static func configure(_ connection: inout fuse_conn_info) {
    func set(_ capability: Int32, _ wanted: Bool) {
      let bit = UInt32(bitPattern: capability)
      connection.want &= ~bit
      if wanted && connection.capable & bit != 0 { connection.want |= bit }
    }
    // One OPEN with O_TRUNC instead of a SETATTR before it, as on a disk file system.
    set(FUSE_CAP_ATOMIC_O_TRUNC, true)
    // Would turn writes into the kernel's own later ones: barriers could not be told from delays.
    set(FUSE_CAP_WRITEBACK_CACHE, false)
    // Would let one program's reads and writes of a file overtake each other.
    set(FUSE_CAP_ASYNC_DIO, false)
    // Copying is cheaper than a pipe for small requests.
    set(FUSE_CAP_SPLICE_READ, false)
    set(FUSE_CAP_SPLICE_WRITE, false)
    set(FUSE_CAP_SPLICE_MOVE, false)
    set(FUSE_CAP_POSIX_LOCKS, false)
    set(FUSE_CAP_FLOCK_LOCKS, false)
    // Nobody but the kernel's own users changes a world's files: what it caches is right, and must
    // not be dropped because a time moved. Changes from outside are told to it.
    set(FUSE_CAP_AUTO_INVAL_DATA, false)
    // The kernel then takes the set-user-ID bit away itself at chown, truncation and cached writes,
    // knowing who may keep it; direct writes are ours to look at.
    set(FUSE_CAP_HANDLE_KILLPRIV, false)
    connection.max_write = UInt32(maximumTransfer)
  }
}
