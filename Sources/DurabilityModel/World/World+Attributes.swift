public import StorageInterface

// Permissions, owners, times and extended attributes.
extension World {
  /// Changes the permission bits.
  public func setMode(_ number: InodeNumber, _ mode: UInt16) throws(Errno) {
    try setAttributes(number, mode: mode, user: nil, group: nil)
  }

  /// Changes the owner; nil leaves a part as it is.
  public func setOwner(_ number: InodeNumber, user: UInt32?, group: UInt32?) throws(Errno) {
    try setAttributes(number, mode: nil, user: user, group: group)
  }

  /// Changes permission bits and owner in one step; nil leaves a part as it is.
  public func setAttributes(
    _ number: InodeNumber, mode: UInt16?, user: UInt32?, group: UInt32?
  ) throws(Errno) {
    let inode = try inode(number)
    try check(.setattr, number)
    perform(
      .setAttributes(
        inode: number, mode: (mode ?? inode.mode) & 0o7777, user: user ?? inode.user,
        group: group ?? inode.group),
      number)
  }

  /// Sets times (utimensat).
  public func setTimes(
    _ number: InodeNumber, accessed: TimeChange, modified: TimeChange
  ) throws(Errno) {
    _ = try inode(number)
    try check(.setattr, number)
    guard accessed != .keep || modified != .keep else { return }
    perform(.setTimes(inode: number, accessed: accessed, modified: modified), number)
  }

  /// Takes the set-user-ID bit away, and the set-group-ID bit of a program, as a write by somebody
  /// who is not root does (`file_remove_privs` of Linux).
  public func dropPrivileges(_ handle: HandleID) {
    guard let number = try? description(handle).inode, disk.isAlive(number),
      disk.inodes[Int(number.rawValue)].mode & 0o6000 != 0, let inode = disk[number]
    else { return }
    let isProgramOfGroup = inode.mode & 0o2010 == 0o2010
    let mode = inode.mode & ~(isProgramOfGroup ? 0o6000 : 0o4000)
    guard mode != inode.mode else { return }
    perform(
      .setAttributes(inode: number, mode: mode, user: inode.user, group: inode.group), number)
  }

  /// Whether an inode has extended attributes at all: asked before every write of a cached file.
  public func hasExtendedAttributes(_ number: InodeNumber) -> Bool {
    guard disk.isAlive(number) else { return false }
    return disk.inodes[Int(number.rawValue)].rareBox?.value.extended.isEmpty == false
  }

  /// The value of an extended attribute.
  ///
  /// - Throws: `ENODATA` when there is none.
  public func extendedAttribute(
    _ name: [UInt8], of number: InodeNumber
  ) throws(Errno) -> [UInt8] {
    let inode = try inode(number)
    try check(.getxattr, number)
    guard let rare = inode.rareBox?.value, let index = rare.index(of: name) else { throw .noData }
    return rare.extended[index].value
  }

  /// The names of the extended attributes, in their order as bytes.
  public func extendedAttributes(of number: InodeNumber) throws(Errno) -> [[UInt8]] {
    let inode = try inode(number)
    try check(.listxattr, number)
    return inode.rareBox?.value.extended.map(\.name) ?? []
  }

  /// Sets an extended attribute.
  ///
  /// - Throws: `ERANGE` for a name that is none, `E2BIG` for a value above 64 KiB, `ENOSPC` when
  ///   the attributes of the file would exceed what it has room for; `EEXIST` and `ENODATA` by
  ///   `mode`.
  public func setExtendedAttribute(
    _ name: [UInt8], of number: InodeNumber, to value: [UInt8], _ mode: ExtendedAttributeMode
  ) throws(Errno) {
    let rare = try inode(number).rare
    try check(.setxattr, number)
    guard !name.isEmpty, name.count <= 255, !name.contains(0) else { throw .outOfRange }
    guard value.count <= Self.largestAttribute else { throw .tooBig }
    let index = rare.index(of: name)
    if index != nil && mode == .create { throw .fileExists }
    if index == nil && mode == .replace { throw .noData }
    var room = Self.roomForAttributes - name.count - 1 - value.count
    for attribute in rare.extended where attribute.name != name {
      room -= attribute.name.count + 1 + attribute.value.count
    }
    guard room >= 0 else { throw .noSpace }
    perform(.setExtendedAttribute(inode: number, name: name, value: value), number)
  }

  /// Removes an extended attribute.
  ///
  /// - Throws: `ENODATA` when there is none.
  public func removeExtendedAttribute(_ name: [UInt8], of number: InodeNumber) throws(Errno) {
    let inode = try inode(number)
    try check(.removexattr, number)
    guard inode.rareBox?.value.index(of: name) != nil else { throw .noData }
    perform(.setExtendedAttribute(inode: number, name: name, value: nil), number)
  }

  /// The largest value in bytes (`XATTR_SIZE_MAX` of Linux).
  private static var largestAttribute: Int { 65_536 }

  /// How many bytes all names and values of one file may have. Above the largest value, and low
  /// enough that a list of the names never exceeds `XATTR_LIST_MAX` by much: the kernel then says
  /// E2BIG.
  private static var roomForAttributes: Int { 131_072 }
}
