public import StorageInterface

extension World {
  /// What `name` names in `directory`.
  public func lookup(_ name: [UInt8], in number: InodeNumber) throws(Errno) -> InodeNumber {
    try check(.lookup, name: name)
    return try find(name, in: number)
  }

  /// As `lookup`, within a call that is no lookup itself.
  func find(_ name: [UInt8], in number: InodeNumber) throws(Errno) -> InodeNumber {
    let index = try directoryIndex(number)
    guard name.count <= Self.longestName else { throw .nameTooLong }
    guard let found = disk.inodes[index].cachedEntries[name] else { throw .noSuchFile }
    return found
  }

  /// Whether `name` still names `inode` in `directory`, as it did when somebody looked.
  public func names(
    _ name: [UInt8], _ inode: InodeNumber, in directory: InodeNumber
  ) -> Bool {
    disk.entry(name, in: directory) == inode
  }

  /// The directory that holds the name of directory `number`: what `..` leads to.
  public func parent(of number: InodeNumber) throws(Errno) -> InodeNumber {
    try directory(number).parent
  }

  /// The entries of a directory, without `.` and `..`, in an order that its names alone decide.
  public func entries(of number: InodeNumber) throws(Errno) -> [DirectoryEntry] {
    let index = try directoryIndex(number)
    try check(.readdir, number)
    return disk.inodes[index].cachedEntries.entries.map {
      let kind = disk.isAlive($0.inode) ? disk.inodes[Int($0.inode.rawValue)].kind : .regular
      return DirectoryEntry(name: $0.name, inode: $0.inode, kind: kind)
    }
  }

  /// Creates an empty file. Volatile until a barrier of the directory.
  public func create(
    _ name: [UInt8], in parent: InodeNumber, mode: UInt16, user: UInt32, group: UInt32
  ) throws(Errno) -> InodeNumber {
    try make(name, in: parent, .regular, .create, mode: mode, user: user, group: group)
  }

  /// Creates a directory. Volatile until a barrier of its parent.
  public func makeDirectory(
    _ name: [UInt8], in parent: InodeNumber, mode: UInt16, user: UInt32, group: UInt32
  ) throws(Errno) -> InodeNumber {
    try make(name, in: parent, .directory, .mkdir, mode: mode, user: user, group: group)
  }

  /// Creates a symbolic link. Volatile until a barrier of its directory.
  public func makeSymbolicLink(
    _ name: [UInt8], in parent: InodeNumber, target: [UInt8], user: UInt32, group: UInt32
  ) throws(Errno) -> InodeNumber {
    try make(
      name, in: parent, .symbolicLink, .symlink, mode: 0o777, user: user, group: group,
      target: target)
  }

  /// Creates a pipe, a socket's name or a device. Volatile until a barrier of its directory.
  public func makeSpecial(
    _ name: [UInt8], in parent: InodeNumber, _ kind: FileKind, device: UInt32, mode: UInt16,
    user: UInt32, group: UInt32
  ) throws(Errno) -> InodeNumber {
    let target: [UInt8]
    switch kind {
    case .pipe, .socket: target = []
    case .characterDevice, .blockDevice:
      target = (0..<4).map { UInt8(truncatingIfNeeded: device >> ($0 * 8)) }
    case .regular, .directory, .symbolicLink: throw .invalidArgument
    }
    return try make(
      name, in: parent, kind, .create, mode: mode, user: user, group: group, target: target)
  }

  private func make(
    _ name: [UInt8], in parent: InodeNumber, _ kind: FileKind, _ operation: FaultableOperation,
    mode: UInt16, user: UInt32, group: UInt32, target: [UInt8] = []
  ) throws(Errno) -> InodeNumber {
    let directory = try mutableDirectory(parent)
    try checkName(name)
    // A set-group-ID directory hands its group down, and directories the bit too (inode_init_owner
    // of Linux).
    let inherits = disk.inodes[directory].mode & 0o2000 != 0
    let group = inherits ? disk.inodes[directory].group : group
    let mode = inherits && kind == .directory ? mode | 0o2000 : mode
    guard disk.inodes[directory].cachedEntries[name] == nil else { throw .fileExists }
    try check(operation, name: name)
    if kind == .directory { try claim(pages: 1) }
    let number = disk.nextInode
    perform(
      .create(
        directory: parent, name: name, inode: number, kind: kind, mode: mode & 0o7777, user: user,
        group: group, target: target), name: name)
    return number
  }

  /// The target of a symbolic link.
  public func readLink(_ number: InodeNumber) throws(Errno) -> [UInt8] {
    let inode = try inode(number)
    guard inode.kind == .symbolicLink else { throw .invalidArgument }
    try check(.readlink, number)
    return inode.target
  }

  /// Gives a file one more name. Volatile until a barrier of the directory.
  public func link(
    _ number: InodeNumber, as name: [UInt8], in parent: InodeNumber
  ) throws(Errno) {
    let index = try index(number)
    guard disk.inodes[index].kind != .directory else { throw .notPermitted }
    guard disk.inodes[index].names > 0 else { throw .noSuchFile }
    guard disk.inodes[index].names < 65000 else { throw .tooManyLinks }
    let directory = try mutableDirectory(parent)
    try checkName(name)
    guard disk.inodes[directory].cachedEntries[name] == nil else { throw .fileExists }
    try check(.link, name: name)
    perform(.link(inode: number, directory: parent, name: name), name: name)
  }

  /// Takes a name of a file away. Volatile until a barrier of the directory.
  public func unlink(_ name: [UInt8], in parent: InodeNumber) throws(Errno) {
    let number = try find(name, in: parent)
    guard disk.inodes[Int(number.rawValue)].kind != .directory else { throw .isDirectory }
    try check(.unlink, name: name)
    perform(.unlink(directory: parent, name: name), name: name)
  }

  /// Removes an empty directory. Volatile until a barrier of its parent.
  public func removeDirectory(_ name: [UInt8], in parent: InodeNumber) throws(Errno) {
    let number = try find(name, in: parent)
    guard try directory(number).cachedEntries.isEmpty else { throw .directoryNotEmpty }
    try check(.rmdir, name: name)
    perform(.removeDirectory(directory: parent, name: name), name: name)
  }

  /// Renames. Volatile until barriers of both directories; what one of them alone keeps is told at
  /// `PendingName`.
  public func rename(
    _ name: [UInt8], in parent: InodeNumber, to newName: [UInt8], in newParent: InodeNumber,
    _ mode: RenameMode
  ) throws(Errno) {
    let number = try find(name, in: parent)
    let isDirectory = disk.inodes[try index(number)].kind == .directory
    let target = try mutableDirectory(newParent)
    try checkName(newName)
    let replaced = disk.inodes[target].cachedEntries[newName]
    if replaced == nil && mode == .exchange { throw .noSuchFile }
    if replaced != nil && mode == .noReplace { throw .fileExists }
    if isDirectory && isBelow(newParent, number) { throw .invalidArgument }
    // Two names of one inode, or one name twice: nothing happens (POSIX, rename).
    if replaced == number { return }
    if let replaced {
      let old = try index(replaced)
      let replacesDirectory = disk.inodes[old].kind == .directory
      if mode == .exchange {
        if replacesDirectory && isBelow(parent, replaced) { throw .invalidArgument }
      } else if replacesDirectory {
        guard isDirectory else { throw .isDirectory }
        guard disk.inodes[old].cachedEntries.isEmpty else { throw .directoryNotEmpty }
      } else if isDirectory {
        throw .notDirectory
      }
    }
    // By the new name, as the recording keeps it: a fault's place comes from there.
    try check(.rename, name: newName)
    perform(
      .rename(
        directory: parent, name: name, newDirectory: newParent, newName: newName, mode: mode),
      name: newName)
  }

  /// Whether directory `inner` is `outer` or lies below it.
  private func isBelow(_ inner: InodeNumber, _ outer: InodeNumber) -> Bool {
    var next = inner
    while next != outer {
      guard next != .root, let directory = disk[next] else { return false }
      next = directory.parent
    }
    return true
  }

  /// A directory that still has its name: nothing can be put into a removed one.
  private func mutableDirectory(_ number: InodeNumber) throws(Errno) -> Int {
    let index = try directoryIndex(number)
    guard disk.inodes[index].names > 0 else { throw .noSuchFile }
    return index
  }

  private func checkName(_ name: [UInt8]) throws(Errno) {
    guard name.count <= Self.longestName else { throw .nameTooLong }
    guard !name.isEmpty, !name.contains(0), !name.contains(0x2F), name != [0x2E],
      name != [0x2E, 0x2E]
    else { throw .invalidArgument }
  }

  /// The longest name, in bytes (`NAME_MAX` of Linux).
  private static var longestName: Int { 255 }
}
