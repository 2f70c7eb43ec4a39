import CFuse
import DurabilityModel
import Glibc
import StorageInterface

// What every request needs: finding its world, and putting attributes into the kernel's terms.
extension FuseMount {
  /// The longest file name in bytes (`NAME_MAX`); FUSE itself would allow 1,024.
  static let maximumNameLength = 255

  /// The second at which the model's clock, which counts operations, starts: 2000-01-01. Some
  /// programs refuse files from before 1980.
  static let firstSecond = 946_684_800

  /// Runs `body` for the mount that `request` came to and answers the error that it throws. A body
  /// that returns has answered itself.
  @inline(__always)
  static func answer(
    _ request: fuse_req_t?, _ body: (FuseMount) throws(Errno) -> Void
  ) {
    guard let request, let userData = fuse_req_userdata(request) else { return }
    let mount = Unmanaged<FuseMount>.fromOpaque(userData).takeUnretainedValue()
    do throws(Errno) {
      try body(mount)
    } catch {
      if error == World.neverReturns {
        mount.hold(request)
      } else {
        fuse_reply_err(request, error.rawValue)
      }
    }
  }

  /// The node that the kernel calls `number`: on a mount that shows one world, the root of the
  /// mount is the root of whatever world stands there now.
  @inline(__always)
  func node(_ number: fuse_ino_t) -> NodeNumber {
    let node = NodeNumber(number)
    guard let rootSlot, node == .mountRoot else { return node }
    return NodeNumber(slot: rootSlot, .root)
  }

  /// The world in `slot`.
  ///
  /// - Throws: `ESTALE` when it is detached.
  @inline(__always)
  func world(_ slot: Int) throws(Errno) -> World {
    guard worlds.indices.contains(slot), let world = worlds[slot] else { throw .stale }
    return world
  }

  /// The world of an inode that a request is about to change or to open.
  ///
  /// - Throws: `EACCES` for the mount's own root, which only `attach` changes; `ESTALE` when the
  ///   world is detached.
  func world(of node: NodeNumber) throws(Errno) -> World {
    if node == .mountRoot { throw .accessDenied }
    return try world(node.slot)
  }

  /// A file name of a request as bytes.
  ///
  /// - Throws: `ENAMETOOLONG` above 255 bytes.
  func name(_ text: UnsafePointer<CChar>?) throws(Errno) -> [UInt8] {
    guard let text else { throw .invalidArgument }
    let length = strlen(text)
    guard length <= Self.maximumNameLength else { throw .nameTooLong }
    return [UInt8](UnsafeRawBufferPointer(start: text, count: length))
  }

  /// The attributes of `node`, which may be the mount's root.
  func status(of node: NodeNumber) throws(Errno) -> stat {
    guard node != .mountRoot else { return rootStatus() }
    let attributes = try world(node.slot).attributes(node.inode)
    var status = Self.status(attributes, slot: node.slot)
    if attributes.user == 0 { status.st_uid = owner.user }
    if attributes.group == 0 { status.st_gid = owner.group }
    return status
  }

  /// The user that a world knows for `user`: whoever mounted is root there, so that the same seed
  /// gives the same states whoever runs it.
  func userInWorld(_ user: UInt32) -> UInt32 { user == owner.user ? 0 : user }

  /// The group that a world knows for `group`.
  func groupInWorld(_ group: UInt32) -> UInt32 { group == owner.group ? 0 : group }

  /// Whom a world knows as the caller of `request`.
  func callerInWorld(_ request: fuse_req_t?) -> (user: UInt32, group: UInt32) {
    let caller = Caller(request)
    return (userInWorld(caller.user), groupInWorld(caller.group))
  }

  /// The answer that tells the kernel about the inode `node`.
  func entry(_ node: NodeNumber) throws(Errno) -> fuse_entry_param {
    var entry = fuse_entry_param()
    entry.ino = node.rawValue
    entry.attr = try status(of: node)
    entry.attr_timeout = options.attributeTimeout
    entry.entry_timeout = options.entryTimeout
    return entry
  }

  private func rootStatus() -> stat {
    var status = stat()
    status.st_ino = ino_t(NodeNumber.mountRoot.rawValue)
    status.st_mode = S_IFDIR | 0o755
    status.st_nlink = 2
    status.st_uid = owner.user
    status.st_gid = owner.group
    status.st_blksize = 4096
    status.st_mtim.tv_sec = Self.firstSecond
    return status
  }

  private static func status(_ attributes: Attributes, slot: Int) -> stat {
    var status = stat()
    status.st_ino = ino_t(NodeNumber(slot: slot, attributes.inode).rawValue)
    status.st_mode = typeBits(attributes.kind) | UInt32(attributes.mode & 0o7777)
    status.st_nlink = nlink_t(attributes.linkCount)
    status.st_uid = attributes.user
    status.st_gid = attributes.group
    status.st_size = off_t(clamping: attributes.size)
    status.st_blocks = blkcnt_t(clamping: attributes.blocks)
    status.st_blksize = 4096
    status.st_rdev = dev_t(attributes.device)
    status.st_mtim = time(attributes.modificationTime)
    status.st_ctim = time(.operation(attributes.changed))
    status.st_atim = time(attributes.accessTime)
    return status
  }

  /// A time of the model as programs see it: the count of operations as seconds.
  private static func time(_ moment: FileMoment) -> timespec {
    switch moment {
    case .operation(let count):
      timespec(tv_sec: firstSecond + Int(clamping: min(count, 1 << 40)), tv_nsec: 0)
    case .set(let time):
      timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
    }
  }

  /// The file type bits of `st_mode`.
  static func typeBits(_ kind: FileKind) -> UInt32 {
    switch kind {
    case .regular: S_IFREG
    case .directory: S_IFDIR
    case .symbolicLink: S_IFLNK
    case .pipe: S_IFIFO
    case .socket: S_IFSOCK
    case .characterDevice: S_IFCHR
    case .blockDevice: S_IFBLK
    }
  }
}
