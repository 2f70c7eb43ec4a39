import CFuse
import DurabilityModel
import Glibc
import StorageInterface

// The requests that look up, make and remove names.
extension FuseMount {
  static func setNameOperations(_ operations: inout fuse_lowlevel_ops) {
    operations.lookup = { request, parent, name in
      FuseMount.answer(request) { mount throws(Errno) in
        try mount.lookUp(request, mount.node(parent), name)
      }
    }
    operations.mkdir = { request, parent, name, mode in
      FuseMount.answer(request) { mount throws(Errno) in
        let parent = mount.node(parent)
        let world = try mount.world(of: parent)
        let caller = mount.callerInWorld(request)
        let inode = try world.makeDirectory(
          try mount.name(name), in: parent.inode, mode: UInt16(mode & 0o7777),
          user: caller.user, group: caller.group)
        try mount.replyEntry(request, NodeNumber(slot: parent.slot, inode))
      }
    }
    operations.mknod = { request, parent, name, mode, device in
      FuseMount.answer(request) { mount throws(Errno) in
        try mount.makeNode(request, mount.node(parent), name, mode, device)
      }
    }
    operations.symlink = { request, target, parent, name in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let target else { throw .invalidArgument }
        let parent = mount.node(parent)
        let world = try mount.world(of: parent)
        let caller = mount.callerInWorld(request)
        let bytes = [UInt8](UnsafeRawBufferPointer(start: target, count: strlen(target)))
        let inode = try world.makeSymbolicLink(
          try mount.name(name), in: parent.inode, target: bytes, user: caller.user,
          group: caller.group)
        try mount.replyEntry(request, NodeNumber(slot: parent.slot, inode))
      }
    }
    setLinkOperations(&operations)
  }

  private static func setLinkOperations(_ operations: inout fuse_lowlevel_ops) {
    operations.readlink = { request, node in
      FuseMount.answer(request) { mount throws(Errno) in
        let node = mount.node(node)
        var target = try mount.world(of: node).readLink(node.inode)
        target.append(0)
        target.withUnsafeBytes { bytes in
          _ = fuse_reply_readlink(request, bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
        }
      }
    }
    operations.unlink = { request, parent, name in
      FuseMount.answer(request) { mount throws(Errno) in
        let parent = mount.node(parent)
        try mount.world(of: parent).unlink(try mount.name(name), in: parent.inode)
        fuse_reply_err(request, 0)
      }
    }
    operations.rmdir = { request, parent, name in
      FuseMount.answer(request) { mount throws(Errno) in
        let parent = mount.node(parent)
        try mount.world(of: parent).removeDirectory(try mount.name(name), in: parent.inode)
        fuse_reply_err(request, 0)
      }
    }
    operations.rename = { request, parent, name, newParent, newName, flags in
      FuseMount.answer(request) { mount throws(Errno) in
        let (parent, newParent) = (mount.node(parent), mount.node(newParent))
        let world = try mount.world(of: parent)
        _ = try mount.world(of: newParent)
        guard parent.slot == newParent.slot else { throw .crossDevice }
        try world.rename(
          try mount.name(name), in: parent.inode, to: try mount.name(newName),
          in: newParent.inode, try FuseMount.renameMode(flags))
        fuse_reply_err(request, 0)
      }
    }
    operations.link = { request, node, parent, name in
      FuseMount.answer(request) { mount throws(Errno) in
        let (node, parent) = (mount.node(node), mount.node(parent))
        let world = try mount.world(of: parent)
        guard node.slot == parent.slot else { throw .crossDevice }
        try world.link(node.inode, as: try mount.name(name), in: parent.inode)
        try mount.replyEntry(request, node)
      }
    }
  }

  private func lookUp(
    _ request: fuse_req_t?, _ parent: NodeNumber, _ text: UnsafePointer<CChar>?
  ) throws(Errno) {
    let name = try name(text)
    if parent == .mountRoot {
      // Never remembered as absent: the next world may be attached under this name.
      guard let slot = slotOfName[name], worlds[slot] != nil else { throw .noSuchFile }
      return try replyEntry(request, NodeNumber(slot: slot, .root))
    }
    do throws(Errno) {
      let inode = try world(parent.slot).lookup(name, in: parent.inode)
      try replyEntry(request, NodeNumber(slot: parent.slot, inode))
    } catch {
      guard error == .noSuchFile && options.entryTimeout > 0 else { throw error }
      // An entry without inode lets the kernel remember that the name is absent.
      var absent = fuse_entry_param()
      absent.entry_timeout = options.entryTimeout
      fuse_reply_entry(request, &absent)
    }
  }

  private func makeNode(
    _ request: fuse_req_t?, _ parent: NodeNumber, _ text: UnsafePointer<CChar>?, _ mode: mode_t,
    _ device: dev_t
  ) throws(Errno) {
    let world = try world(of: parent)
    let name = try name(text)
    let caller = callerInWorld(request)
    let permissions = UInt16(mode & 0o7777)
    let kind: FileKind
    switch mode & S_IFMT {
    case S_IFREG, 0: kind = .regular
    case S_IFIFO: kind = .pipe
    case S_IFSOCK: kind = .socket
    case S_IFCHR: kind = .characterDevice
    case S_IFBLK: kind = .blockDevice
    default: throw .invalidArgument
    }
    let inode =
      kind == .regular
      ? try world.create(
        name, in: parent.inode, mode: permissions, user: caller.user, group: caller.group)
      : try world.makeSpecial(
        name, in: parent.inode, kind, device: UInt32(truncatingIfNeeded: device),
        mode: permissions, user: caller.user, group: caller.group)
    try replyEntry(request, NodeNumber(slot: parent.slot, inode))
  }

  func replyEntry(_ request: fuse_req_t?, _ node: NodeNumber) throws(Errno) {
    var entry = try entry(node)
    fuse_reply_entry(request, &entry)
  }

  private static func renameMode(_ flags: UInt32) throws(Errno) -> RenameMode {
    // Source: linux/fs.h, RENAME_NOREPLACE and RENAME_EXCHANGE.
    switch flags {
    case 0: return .replace
    case 1: return .noReplace
    case 2: return .exchange
    default: throw .invalidArgument
    }
  }
}

/// The user and group on whose behalf a request is made.
struct Caller {
  /// The user.
  let user: UInt32
  /// The group.
  let group: UInt32
  /// The thread.
  let thread: Int32

  /// The caller of `request`; root where libfuse does not know.
  init(_ request: fuse_req_t?) {
    let context = fuse_req_ctx(request)
    user = context?.pointee.uid ?? 0
    group = context?.pointee.gid ?? 0
    thread = context?.pointee.pid ?? 0
  }
}
