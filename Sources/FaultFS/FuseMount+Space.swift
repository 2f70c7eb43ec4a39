import CFuse
import DurabilityModel
import Glibc
import StorageInterface

// The requests about space: fallocate, lseek, copy_file_range, statfs; and ioctl, which has none.
extension FuseMount {
  static func setSpaceOperations(_ operations: inout fuse_lowlevel_ops) {
    operations.fallocate = { request, _, mode, offset, length, information in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let information else { throw .invalidArgument }
        let open = OpenNumber(information.pointee.fh)
        let world = try mount.world(open.slot)
        guard offset >= 0, length > 0 else { throw .invalidArgument }
        try world.allocate(
          open.handle, at: UInt64(offset), length: UInt64(length),
          try FuseMount.allocationMode(mode))
        fuse_reply_err(request, 0)
      }
    }
    operations.lseek = { request, _, offset, whence, information in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let information else { throw .invalidArgument }
        let open = OpenNumber(information.pointee.fh)
        let world = try mount.world(open.slot)
        guard offset >= 0 else { throw .noSuchAddress }
        let found: UInt64
        // Source: linux/fs.h, SEEK_DATA and SEEK_HOLE; all others are the kernel's.
        switch whence {
        case 3: found = try world.seekData(open.handle, from: UInt64(offset))
        case 4: found = try world.seekHole(open.handle, from: UInt64(offset))
        default: throw .invalidArgument
        }
        fuse_reply_lseek(request, off_t(clamping: found))
      }
    }
    operations.copy_file_range = {
      request, _, offset, source, _, targetOffset, target, length, flags in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let source, let target, flags == 0, offset >= 0, targetOffset >= 0 else {
          throw .invalidArgument
        }
        let (from, to) = (OpenNumber(source.pointee.fh), OpenNumber(target.pointee.fh))
        let world = try mount.world(from.slot)
        // The kernel then copies through reads and writes.
        guard from.slot == to.slot else { throw .crossDevice }
        let count = try world.copy(
          from: from.handle, at: UInt64(offset), to: to.handle, at: UInt64(targetOffset),
          count: UInt64(bitPattern: Int64(length)), through: mount.replyBuffer)
        fuse_reply_write(request, count)
      }
    }
    operations.statfs = { request, node in
      FuseMount.answer(request) { mount throws(Errno) in
        try mount.replyUsage(request, mount.node(node))
      }
    }
    operations.ioctl = { request, _, _, _, _, _, _, _, _ in
      FuseMount.answer(request) { _ throws(Errno) in throw .notATerminal }
    }
  }

  private func replyUsage(_ request: fuse_req_t?, _ node: NodeNumber) throws(Errno) {
    var space = SpaceStatistics.unlimited
    if node != .mountRoot { space = try world(node.slot).space() }
    var status = statvfs()
    status.f_bsize = UInt(space.blockSize)
    status.f_frsize = UInt(space.blockSize)
    status.f_blocks = UInt(clamping: space.blocks)
    status.f_bfree = UInt(clamping: space.freeBlocks)
    status.f_bavail = status.f_bfree
    status.f_files = 1 << 24
    status.f_ffree = status.f_files - min(status.f_files, UInt(clamping: space.inodes))
    status.f_favail = status.f_ffree
    status.f_namemax = UInt(FuseMount.maximumNameLength)
    fuse_reply_statfs(request, &status)
  }

  /// What the flags of fallocate(2) ask for.
  ///
  /// - Throws: `EOPNOTSUPP` for all others: collapsing, inserting and unsharing ranges.
  private static func allocationMode(_ flags: Int32) throws(Errno) -> AllocationMode {
    // Source: linux/falloc.h.
    switch flags {
    case 0x00: return .extend
    case 0x01: return .keepSize
    case 0x03: return .punchHole
    case 0x10: return .zeroRange
    case 0x11: return .zeroRangeKeepSize
    default: throw .notSupported
    }
  }
}
