import CFuse
import DurabilityModel
import Glibc
import StorageInterface

// The requests about one file: opening, content, barriers.
extension FuseMount {
  static func setFileOperations(_ operations: inout fuse_lowlevel_ops) {
    operations.create = { request, parent, name, mode, information in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let information else { throw .invalidArgument }
        try mount.create(request, mount.node(parent), name, mode, &information.pointee)
      }
    }
    operations.open = { request, node, information in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let information else { throw .invalidArgument }
        let node = mount.node(node)
        let world = try mount.world(of: node)
        let truncating = information.pointee.flags & O_TRUNC != 0
        let handle = try world.open(node.inode, truncating: truncating)
        mount.describe(&information.pointee, OpenNumber(slot: node.slot, handle), world)
        // The program was killed while it waited: there will be no RELEASE.
        if fuse_reply_open(request, information) == -ENOENT { world.release(handle) }
      }
    }
    operations.release = { request, _, information in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let information else { throw .invalidArgument }
        let open = OpenNumber(information.pointee.fh)
        mount.forgetOwedBarriers(open)
        try mount.world(open.slot).release(open.handle)
        fuse_reply_err(request, 0)
      }
    }
    operations.fsync = { request, _, dataOnly, information in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let information else { throw .invalidArgument }
        let open = OpenNumber(information.pointee.fh)
        // The kernel's own, behind a write that was its own barrier already.
        if !mount.owedBarriers.isEmpty && mount.takeOwedBarrier(request, open) {
          fuse_reply_err(request, 0)
          return
        }
        try mount.world(open.slot).synchronize(open.handle, dataOnly: dataOnly != 0)
        fuse_reply_err(request, 0)
      }
    }
    setContentOperations(&operations)
  }

  private static func setContentOperations(_ operations: inout fuse_lowlevel_ops) {
    operations.read = { request, _, size, offset, information in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let information else { throw .invalidArgument }
        let open = OpenNumber(information.pointee.fh)
        let world = try mount.world(open.slot)
        try FuseMount.checkRange(offset, size)
        let buffer = UnsafeMutableRawBufferPointer(
          rebasing: mount.replyBuffer.prefix(size))
        var count = try world.read(open.handle, at: UInt64(offset), into: buffer)
        if mount.options.mode == .cached {
          // Here the kernel fills pages for itself, and would take a short one for the file's end.
          while count > 0 && count < size {
            let more = try world.read(
              open.handle, at: UInt64(offset) + UInt64(count),
              into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            guard more > 0 else { break }
            count += more
          }
        }
        fuse_reply_buf(request, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), count)
      }
    }
    operations.write = { request, _, bytes, size, offset, information in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let information else { throw .invalidArgument }
        let open = OpenNumber(information.pointee.fh)
        let world = try mount.world(open.slot)
        try FuseMount.checkRange(offset, size)
        // The description's flags, with RWF_DSYNC and RWF_SYNC of this call added by the kernel. In
        // direct mode no FSYNC follows, so the flag is the barrier. O_SYNC contains O_DSYNC's bit.
        let synchronous = information.pointee.flags & O_DSYNC != 0
        if mount.options.mode == .direct {
          // In cached mode the kernel does it with a SETATTR of its own.
          if Caller(request).user != 0 { world.dropPrivileges(open.handle) }
        }
        let count = try world.write(
          open.handle, at: UInt64(offset), UnsafeRawBufferPointer(start: bytes, count: size),
          synchronous ? .synchronous : .volatile)
        if synchronous && mount.options.mode == .cached { mount.oweBarrier(request, open) }
        fuse_reply_write(request, count)
      }
    }
  }

  /// Refuses a place that no file can have: the model's offsets and their ends are positive numbers
  /// of 63 bits.
  @inline(__always)
  private static func checkRange(_ offset: off_t, _ size: Int) throws(Errno) {
    guard offset >= 0 else { throw .invalidArgument }
    guard offset <= off_t.max - size else { throw .fileTooLarge }
  }

  private func create(
    _ request: fuse_req_t?, _ parent: NodeNumber, _ text: UnsafePointer<CChar>?, _ mode: mode_t,
    _ information: inout fuse_file_info
  ) throws(Errno) {
    let world = try world(of: parent)
    let name = try name(text)
    let caller = callerInWorld(request)
    var created: InodeNumber?
    do throws(Errno) {
      created = try world.create(
        name, in: parent.inode, mode: UInt16(mode & 0o7777), user: caller.user,
        group: caller.group)
    } catch {
      // The kernel asks for a creation where it remembers no such name; without O_EXCL the program
      // is content with a file that is there after all.
      guard error == .fileExists && information.flags & O_EXCL == 0 else { throw error }
    }
    let inode: InodeNumber
    let handle: HandleID
    if let created {
      // One call of the program: a fault of `open` does not meet it a second time.
      inode = created
      handle = try world.openCreated(created)
    } else {
      inode = try world.lookup(name, in: parent.inode)
      handle = try world.open(inode, truncating: information.flags & O_TRUNC != 0)
    }
    describe(&information, OpenNumber(slot: parent.slot, handle), world)
    do throws(Errno) {
      var entry = try entry(NodeNumber(slot: parent.slot, inode))
      if fuse_reply_create(request, &entry, &information) == -ENOENT { world.release(handle) }
    } catch {
      world.release(handle)
      throw error
    }
  }

  /// Says how the kernel shall treat the open file, and tells the world how it was opened.
  private func describe(
    _ information: inout fuse_file_info, _ open: OpenNumber, _ world: World
  ) {
    // O_SYNC contains O_DSYNC's bit; neither can be changed on an open file (fcntl(2)).
    if information.flags & O_DSYNC != 0 { world.writesSynchronously(open.handle) }
    information.fh = open.rawValue
    // No FLUSH at close: it is no barrier, and a killed program would wait for its answer.
    information.noflush = 1
    switch options.mode {
    case .direct: information.direct_io = 1
    case .cached: information.direct_io = 0
    }
  }
}
