import CFuse
import DurabilityModel
import Glibc
import StorageInterface

// The requests about extended attributes. The kernel has checked who may see and change which
// namespace, and on which kinds of file.
extension FuseMount {
  static func setExtendedAttributeOperations(_ operations: inout fuse_lowlevel_ops) {
    operations.setxattr = { request, node, name, value, size, flags in
      FuseMount.answer(request) { mount throws(Errno) in
        let node = mount.node(node)
        let world = try mount.world(of: node)
        let mode = try FuseMount.attributeMode(flags)
        let bytes = value.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: size)) } ?? []
        try world.setExtendedAttribute(
          try mount.attributeName(name), of: node.inode, to: bytes, mode)
        fuse_reply_err(request, 0)
      }
    }
    operations.getxattr = { request, node, name, size in
      FuseMount.answer(request) { mount throws(Errno) in
        let node = mount.node(node)
        if node == .mountRoot { throw .noData }
        let world = try mount.world(node.slot)
        // The common case comes first: asked before every write of a cached file.
        guard world.hasExtendedAttributes(node.inode) else { throw .noData }
        let value = try world.extendedAttribute(try mount.attributeName(name), of: node.inode)
        try FuseMount.replyAttribute(request, value, size)
      }
    }
    operations.listxattr = { request, node, size in
      FuseMount.answer(request) { mount throws(Errno) in
        let node = mount.node(node)
        var list: [UInt8] = []
        if node != .mountRoot {
          for name in try mount.world(node.slot).extendedAttributes(of: node.inode) {
            list += name
            list.append(0)
          }
        }
        try FuseMount.replyAttribute(request, list, size)
      }
    }
    operations.removexattr = { request, node, name in
      FuseMount.answer(request) { mount throws(Errno) in
        let node = mount.node(node)
        try mount.world(of: node).removeExtendedAttribute(
          try mount.attributeName(name), of: node.inode)
        fuse_reply_err(request, 0)
      }
    }
  }

  /// Answers with a value, or with its length alone where the program asks for that by a size of 0.
  private static func replyAttribute(
    _ request: fuse_req_t?, _ value: [UInt8], _ size: Int
  ) throws(Errno) {
    if size == 0 {
      fuse_reply_xattr(request, value.count)
      return
    }
    guard value.count <= size else { throw .outOfRange }
    value.withUnsafeBytes { bytes in
      _ = fuse_reply_buf(
        request, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }
  }

  private func attributeName(_ text: UnsafePointer<CChar>?) throws(Errno) -> [UInt8] {
    guard let text else { throw .invalidArgument }
    let name = [UInt8](UnsafeRawBufferPointer(start: text, count: strlen(text)))
    // Not `system.`: access lists would be kept and not obeyed.
    for space in Self.attributeSpaces where name.starts(with: space) {
      guard name.count > space.count else { throw .invalidArgument }
      return name
    }
    throw .notSupported
  }

  private static let attributeSpaces = ["user.", "trusted.", "security."].map { Array($0.utf8) }

  private static func attributeMode(_ flags: Int32) throws(Errno) -> ExtendedAttributeMode {
    // Source: linux/xattr.h, XATTR_CREATE and XATTR_REPLACE.
    switch flags {
    case 0: return .any
    case 1: return .create
    case 2: return .replace
    default: throw .invalidArgument
    }
  }
}
