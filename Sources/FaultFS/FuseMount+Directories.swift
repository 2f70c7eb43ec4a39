import CFuse
import DurabilityModel
import Glibc
import StorageInterface

// The requests about an open directory.
extension FuseMount {
  static func setDirectoryOperations(_ operations: inout fuse_lowlevel_ops) {
    operations.opendir = { request, node, information in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let information else { throw .invalidArgument }
        let node = mount.node(node)
        if node != .mountRoot { try mount.world(node.slot).admit(.opendir, node.inode) }
        let number = mount.openDirectories.open()
        information.pointee.fh = number
        if fuse_reply_open(request, information) == -ENOENT {
          mount.openDirectories.close(number)
        }
      }
    }
    operations.releasedir = { request, _, information in
      FuseMount.answer(request) { mount throws(Errno) in
        guard let information else { throw .invalidArgument }
        mount.openDirectories.close(information.pointee.fh)
        fuse_reply_err(request, 0)
      }
    }
    operations.readdir = { request, node, size, offset, information in
      FuseMount.answer(request) { mount throws(Errno) in
        try mount.readDirectory(request, mount.node(node), size, offset, information, plus: false)
      }
    }
    operations.readdirplus = { request, node, size, offset, information in
      FuseMount.answer(request) { mount throws(Errno) in
        try mount.readDirectory(request, mount.node(node), size, offset, information, plus: true)
      }
    }
    operations.fsyncdir = { request, node, dataOnly, _ in
      FuseMount.answer(request) { mount throws(Errno) in
        let node = mount.node(node)
        // The mount's root holds nothing that could be lost.
        if node != .mountRoot {
          try mount.world(node.slot).synchronizeDirectory(node.inode, dataOnly: dataOnly != 0)
        }
        fuse_reply_err(request, 0)
      }
    }
  }

  /// Puts as many entries as fit into one answer, from position `offset` of the listing on.
  private func readDirectory(
    _ request: fuse_req_t?, _ node: NodeNumber, _ size: Int, _ offset: off_t,
    _ information: UnsafeMutablePointer<fuse_file_info>?, plus: Bool
  ) throws(Errno) {
    guard let number = information?.pointee.fh, offset >= 0 else { throw .invalidArgument }
    // The kernel starts at 0 after opening and after rewinddir(3): then the listing is made anew.
    if offset == 0 { openDirectories[number] = try listing(of: node) }
    guard let listing = openDirectories[number] else { throw .badFileDescriptor }
    let capacity = min(size, replyBuffer.count)
    let buffer = replyBuffer.baseAddress?.assumingMemoryBound(to: CChar.self)
    var used = 0
    var position = Int(clamping: offset)
    while position < listing.entries.count {
      let entry = listing.entries[position]
      let next = off_t(position + 1)
      let free = capacity - used
      let length =
        plus
        ? addWithAttributes(request, entry, in: node, buffer.map { $0 + used }, free, next)
        : Self.add(request, entry, buffer.map { $0 + used }, free, next)
      // An entry that does not fit reports the space it needs and is not written.
      if length > free { break }
      used += length
      position += 1
    }
    fuse_reply_buf(request, buffer, used)
  }

  private static func add(
    _ request: fuse_req_t?, _ entry: DirectoryListing.Entry,
    _ place: UnsafeMutablePointer<CChar>?, _ free: Int, _ next: off_t
  ) -> Int {
    var status = stat()
    status.st_ino = ino_t(entry.node.rawValue)
    status.st_mode = entry.type
    return fuse_add_direntry(request, place, free, entry.name, &status, next)
  }

  private func stillNames(_ entry: DirectoryListing.Entry, in directory: NodeNumber) -> Bool {
    if directory == .mountRoot { return true }
    let name = entry.name.dropLast().map { UInt8(bitPattern: $0) }
    return (try? world(directory.slot).names(name, entry.node.inode, in: directory.inode)) ?? false
  }

  private func addWithAttributes(
    _ request: fuse_req_t?, _ entry: DirectoryListing.Entry, in directory: NodeNumber,
    _ place: UnsafeMutablePointer<CChar>?, _ free: Int, _ next: off_t
  ) -> Int {
    var parameters = fuse_entry_param()
    // Inode 0 tells the kernel to take the name alone. So for `.` and `..`, which it knows, and for
    // a name that was removed or given to another file since the listing was made: the kernel would
    // believe the listing.
    if !entry.isDot, stillNames(entry, in: directory), let full = try? self.entry(entry.node) {
      parameters = full
    } else {
      parameters.attr.st_ino = ino_t(entry.node.rawValue)
      parameters.attr.st_mode = entry.type
    }
    return fuse_add_direntry_plus(request, place, free, entry.name, &parameters, next)
  }

  private func listing(of node: NodeNumber) throws(Errno) -> DirectoryListing {
    func entry(
      _ name: [UInt8], _ node: NodeNumber, _ kind: FileKind, isDot: Bool = false
    ) -> DirectoryListing.Entry {
      let text = name.map { CChar(bitPattern: $0) } + [0]
      return DirectoryListing.Entry(
        name: text, node: node, type: Self.typeBits(kind), isDot: isDot)
    }
    var listing = DirectoryListing()
    listing.entries.append(entry([0x2e], node, .directory, isDot: true))
    var above = NodeNumber.mountRoot
    if node != .mountRoot && node.inode != .root {
      above = NodeNumber(slot: node.slot, try world(node.slot).parent(of: node.inode))
    }
    listing.entries.append(entry([0x2e, 0x2e], above, .directory, isDot: true))
    if node == .mountRoot {
      for slot in worlds.indices where worlds[slot] != nil {
        listing.entries.append(entry(names[slot], NodeNumber(slot: slot, .root), .directory))
      }
      return listing
    }
    for item in try world(node.slot).entries(of: node.inode) {
      listing.entries.append(
        entry(item.name, NodeNumber(slot: node.slot, item.inode), item.kind))
    }
    return listing
  }
}
