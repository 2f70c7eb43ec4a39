import DurabilityModel
import Glibc
import StorageInterface

/// The calls made on a world without a kernel or a mount between, as the simulated target makes
/// them.
///
/// What the kernel decides before a file system is asked (paths, flags, who may) comes from the
/// plain model: a call that it refuses never reaches the world.
struct WorldTree: CallTarget {
  let world: World
  private(set) var plain: PlainTree
  private var open: [Int: Opened] = [:]

  private struct Opened {
    var inode: InodeNumber
    /// Nil for a directory.
    var handle: HandleID?
    var flags: Int32
    var position = 0
  }

  init(_ world: World, _ plain: PlainTree) {
    self.world = world
    self.plain = plain
  }

  mutating func perform(_ call: FileCall) -> Outcome {
    let before = plain
    let outcome = plain.perform(call)
    if case .open(let slot, _, _, _) = call { release(slot) }
    if case .failed = outcome { return outcome }
    do {
      try apply(call, before)
    } catch {
      return .failed((error as? Errno)?.rawValue ?? -1)
    }
    return outcome
  }

  /// Closes every file.
  mutating func closeAll() {
    for slot in 0..<FileCall.slots { release(slot) }
  }

  private mutating func release(_ slot: Int) {
    if let handle = open.removeValue(forKey: slot)?.handle { world.release(handle) }
  }

  private mutating func apply(_ call: FileCall, _ before: PlainTree) throws {
    switch call {
    case .open(let slot, let path, let flags, let mode):
      try openFile(
        slot, try place(path, before, follow: flags & (O_EXCL | O_NOFOLLOW) == 0), flags, mode)
    case .close(let slot): release(slot)
    case .write(let slot, let bytes):
      let offset = before.open[slot]?.position ?? 0
      try write(slot, offset, bytes.bytes)
    case .writeAt(let slot, let offset, let bytes): try write(slot, offset, bytes.bytes)
    case .setSize(let slot, let size):
      if let inode = open[slot]?.inode { try world.setSize(inode, to: UInt64(size)) }
    case .truncate(let path, let size):
      try world.setSize(try find(path, before), to: UInt64(size))
    case .allocate(let slot, let mode, let offset, let length):
      guard let handle = open[slot]?.handle else { return }
      let modes: [Int32: AllocationMode] = [
        0: .extend, 1: .keepSize, 3: .punchHole, 0x10: .zeroRange, 0x11: .zeroRangeKeepSize,
      ]
      try world.allocate(
        handle, at: UInt64(offset), length: UInt64(length), modes[mode] ?? .extend)
    case .copyRange(let from, let offset, let to, let targetOffset, let count):
      guard let source = open[from]?.handle, let target = open[to]?.handle else { return }
      var buffer = [UInt8](repeating: 0, count: count)
      _ = try buffer.withUnsafeMutableBytes {
        try world.copy(
          from: source, at: UInt64(offset), to: target, at: UInt64(targetOffset),
          count: UInt64(count), through: $0)
      }
    case .synchronize(let slot, let dataOnly):
      guard let file = open[slot] else { return }
      if let handle = file.handle {
        try world.synchronize(handle, dataOnly: dataOnly)
      } else {
        try world.synchronizeDirectory(file.inode, dataOnly: dataOnly)
      }
    default: try applyName(call, before)
    }
  }

  private mutating func openFile(
    _ slot: Int, _ place: Place, _ flags: Int32, _ mode: UInt32
  ) throws {
    guard let inode = place.inode else {
      let inode = try world.create(
        place.name, in: place.directory, mode: UInt16(mode & ~plain.mask), user: plain.user,
        group: plain.group)
      open[slot] = Opened(inode: inode, handle: try world.openCreated(inode), flags: flags)
      return
    }
    let isDirectory = try world.attributes(inode).kind == .directory
    let handle = isDirectory ? nil : try world.open(inode, truncating: flags & O_TRUNC != 0)
    open[slot] = Opened(inode: inode, handle: handle, flags: flags)
  }

  private func write(_ slot: Int, _ offset: Int, _ bytes: [UInt8]) throws {
    guard let file = open[slot], let handle = file.handle, !bytes.isEmpty else { return }
    let start = file.flags & O_APPEND != 0 ? try world.size(of: handle) : UInt64(offset)
    _ = try bytes.withUnsafeBytes {
      try world.write(handle, at: start, $0, file.flags & O_DSYNC != 0 ? .synchronous : .volatile)
    }
  }

  private func applyName(_ call: FileCall, _ before: PlainTree) throws {
    switch call {
    case .link(let path, let name):
      let to = try place(name, before, follow: false)
      try world.link(try find(path, before, follow: false), as: to.name, in: to.directory)
    case .symlink(let target, let path):
      let to = try place(path, before, follow: false)
      _ = try world.makeSymbolicLink(
        to.name, in: to.directory, target: Array(target.utf8), user: plain.user,
        group: plain.group)
    case .unlink(let path):
      let from = try place(path, before, follow: false)
      try world.unlink(from.name, in: from.directory)
    case .makeDirectory(let path, let mode):
      let to = try place(path, before, follow: false)
      _ = try world.makeDirectory(
        to.name, in: to.directory, mode: UInt16(mode & ~plain.mask), user: plain.user,
        group: plain.group)
    case .removeDirectory(let path):
      let from = try place(path, before, follow: false)
      try world.removeDirectory(from.name, in: from.directory)
    case .rename(let path, let target, let flags):
      let from = try place(path, before, follow: false)
      let to = try place(target, before, follow: false)
      let modes: [RenameMode] = [.replace, .noReplace, .exchange]
      try world.rename(
        from.name, in: from.directory, to: to.name, in: to.directory, modes[Int(flags)])
    case .makeSocket(let path, let mode):
      let to = try place(path, before, follow: false)
      _ = try world.makeSpecial(
        to.name, in: to.directory, .socket, device: 0, mode: UInt16(mode & ~plain.mask),
        user: plain.user, group: plain.group)
    default: try applyAttribute(call, before)
    }
  }

  private func applyAttribute(_ call: FileCall, _ before: PlainTree) throws {
    switch call {
    case .changeMode(let path, let mode):
      try world.setMode(try find(path, before), UInt16(mode & 0o7777))
    case .changeOwner(let path, let user, let group):
      // The kernel takes the set-user-ID bit away in the same step.
      let mode = plain[try before.find(path)].mode
      try world.setAttributes(
        try find(path, before), mode: UInt16(mode), user: user, group: group)
    case .setTimes(let path, let accessed, let modified):
      func change(_ moment: FileCall.Moment?) -> TimeChange {
        guard let moment else { return .keep }
        return .set(
          FileTime(seconds: Int64(moment.seconds), nanoseconds: UInt32(moment.nanoseconds)))
      }
      guard accessed != nil || modified != nil else { return }
      try world.setTimes(
        try find(path, before), accessed: change(accessed), modified: change(modified))
    case .setAttribute(let path, let name, let value, let flags):
      let modes: [ExtendedAttributeMode] = [.any, .create, .replace]
      try world.setExtendedAttribute(
        Array(name.utf8), of: try find(path, before), to: value.bytes, modes[Int(flags)])
    case .removeAttribute(let path, let name):
      try world.removeExtendedAttribute(Array(name.utf8), of: try find(path, before))
    default: break  // Nothing that changes a disk.
    }
  }

  // MARK: Paths, by the names that the plain model has found.

  private struct Place {
    var directory: InodeNumber
    var name: [UInt8]
    var inode: InodeNumber?
  }

  private func place(_ path: String, _ before: PlainTree, follow: Bool) throws -> Place {
    let place = try before.place(path, follow: follow)
    let directory = try inode(of: place.directory, before)
    let name = Array(place.name.utf8)
    return Place(
      directory: directory, name: name,
      inode: place.node == nil ? nil : try world.lookup(name, in: directory))
  }

  private func find(
    _ path: String, _ before: PlainTree, follow: Bool = true
  ) throws -> InodeNumber {
    guard let inode = try place(path, before, follow: follow).inode else { throw Errno.noSuchFile }
    return inode
  }

  /// The inode of a directory of the plain model: down from the root by its names.
  private func inode(of directory: Int, _ before: PlainTree) throws -> InodeNumber {
    guard directory != 0 else { return .root }
    let parent = before[directory].parent
    let name = before[parent].entries.first { $0.value == directory }?.key
    guard let name else { throw Errno.noSuchFile }
    return try world.lookup(Array(name.utf8), in: try inode(of: parent, before))
  }
}
