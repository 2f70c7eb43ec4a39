import CFuse
import DurabilityModel
import Glibc
import StorageInterface

// The requests about attributes: what stat shows; what chmod, chown, truncate and utimensat set.
extension FuseMount {
  static func setAttributeOperations(_ operations: inout fuse_lowlevel_ops) {
    operations.getattr = { request, node, _ in
      FuseMount.answer(request) { mount throws(Errno) in
        let node = mount.node(node)
        if node != .mountRoot { try mount.world(node.slot).admit(.getattr, node.inode) }
        try mount.replyAttributes(request, node)
      }
    }
    operations.setattr = { request, node, attributes, changes, _ in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let attributes else { throw .invalidArgument }
        try mount.setAttributes(mount.node(node), attributes.pointee, changes)
        try mount.replyAttributes(request, mount.node(node))
      }
    }
  }

  private func replyAttributes(_ request: fuse_req_t?, _ node: NodeNumber) throws(Errno) {
    var status = try status(of: node)
    fuse_reply_attr(request, &status, options.attributeTimeout)
  }

  private func setAttributes(
    _ node: NodeNumber, _ attributes: stat, _ changes: Int32
  ) throws(Errno) {
    let world = try world(of: node)
    if changes & FUSE_SET_ATTR_SIZE != 0 {
      guard attributes.st_size >= 0 else { throw .invalidArgument }
      try world.setSize(node.inode, to: UInt64(attributes.st_size))
    }
    // One change, as chown(2) takes the set-user-ID bit away in the same step.
    if changes & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID | FUSE_SET_ATTR_MODE) != 0 {
      try world.setAttributes(
        node.inode,
        mode: changes & FUSE_SET_ATTR_MODE != 0 ? UInt16(attributes.st_mode & 0o7777) : nil,
        user: changes & FUSE_SET_ATTR_UID != 0 ? userInWorld(attributes.st_uid) : nil,
        group: changes & FUSE_SET_ATTR_GID != 0 ? groupInWorld(attributes.st_gid) : nil)
    }
    // With a size the kernel says "now" for mtime, which the truncation sets anyway.
    guard changes & FUSE_SET_ATTR_SIZE == 0 else { return }
    try world.setTimes(
      node.inode,
      accessed: try Self.change(
        changes, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW, attributes.st_atim),
      modified: try Self.change(
        changes, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW, attributes.st_mtim))
  }

  private static func change(
    _ changes: Int32, _ set: Int32, _ setToNow: Int32, _ time: timespec
  ) throws(Errno) -> TimeChange {
    if changes & setToNow != 0 { return .now }
    guard changes & set != 0 else { return .keep }
    guard (0..<1_000_000_000).contains(time.tv_nsec) else { throw .invalidArgument }
    return .set(FileTime(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec)))
  }
}
