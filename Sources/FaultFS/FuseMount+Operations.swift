import CFuse
import DurabilityModel
import Glibc
import StorageInterface

extension FuseMount {
  /// The requests that are served. What is missing here libfuse answers with `ENOSYS`, once; the
  /// kernel then does without: `access` (no permissions are checked), `flush` (close says nothing),
  /// extended attributes and `fallocate` (`EOPNOTSUPP` to the program), `lseek` and
  /// `copy_file_range` (the kernel's own), `O_TMPFILE` (`EOPNOTSUPP`). The lock requests are
  /// missing because the kernel's own locks are right. `fsync` and `fsyncdir` must never be
  /// missing: a barrier answered `ENOSYS` is not sent again.
  static func operations() -> fuse_lowlevel_ops {
    var operations = fuse_lowlevel_ops()
    operations.`init` = { _, connection in
      guard let connection else { return }
      FuseMount.configure(&connection.pointee)
    }
    setNameOperations(&operations)
    setFileOperations(&operations)
    setDirectoryOperations(&operations)
    operations.statfs = { request, node in
      FuseMount.answer(request) { mount throws(Errno) in
        let node = mount.node(node)
        var status = statvfs()
        status.f_bsize = 4096
        status.f_frsize = 4096
        // The mount's own root belongs to no world: one tebibyte, free.
        status.f_blocks = 1 << 28
        status.f_bfree = status.f_blocks
        if node != .mountRoot {
          let space = try mount.world(node.slot).space()
          status.f_blocks = fsblkcnt_t(space.blocks)
          status.f_bfree = fsblkcnt_t(space.freeBlocks)
        }
        status.f_bavail = status.f_bfree
        status.f_files = 1 << 24
        status.f_ffree = status.f_files
        status.f_favail = status.f_files
        status.f_namemax = UInt(FuseMount.maximumNameLength)
        fuse_reply_statfs(request, &status)
      }
    }
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
    connection.max_write = UInt32(maximumTransfer)
  }
}
