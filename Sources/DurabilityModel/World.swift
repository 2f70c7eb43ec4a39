// A stand-in, to be replaced by the model: files in memory, nothing ever lost.
public import StorageInterface

public final class World {
  struct Inode {
    var kind: FileKind
    var mode: UInt16
    var user: UInt32
    var group: UInt32
    var links: UInt32
    var data: [UInt8] = []
    var entries: [(name: [UInt8], inode: InodeNumber)] = []
    var modified: UInt64 = 0
  }
  var inodes: [UInt32: Inode] = [:]
  var handles: [InodeNumber?] = []
  var next: UInt32 = 2
  var operations: UInt64 = 0
  public var log: [String] = []
  public var recording = false

  public init() {
    inodes[1] = Inode(kind: .directory, mode: 0o755, user: 0, group: 0, links: 2)
  }
  func note(_ text: @autoclosure () -> String) {
    operations += 1
    if recording { log.append(text()) }
  }
  func inode(_ n: InodeNumber) throws(Errno) -> Inode {
    guard let i = inodes[n.rawValue] else { throw .noSuchFile }
    return i
  }
  public func attributes(_ inode: InodeNumber) throws(Errno) -> Attributes {
    let i = try self.inode(inode)
    return Attributes(
      inode: inode, kind: i.kind, mode: i.mode, linkCount: i.links, user: i.user, group: i.group,
      size: UInt64(i.data.count), blocks: UInt64((i.data.count + 511) / 512), modified: i.modified)
  }
  public func lookup(_ name: [UInt8], in directory: InodeNumber) throws(Errno) -> InodeNumber {
    let d = try inode(directory)
    guard d.kind == .directory else { throw .notDirectory }
    guard let e = d.entries.first(where: { $0.name == name }) else { throw .noSuchFile }
    return e.inode
  }
  func add(_ name: [UInt8], _ directory: InodeNumber, _ i: Inode) throws(Errno) -> InodeNumber {
    guard try inode(directory).kind == .directory else { throw .notDirectory }
    if (try? lookup(name, in: directory)) != nil { throw .fileExists }
    let n = InodeNumber(next)
    next += 1
    inodes[n.rawValue] = i
    inodes[directory.rawValue]?.entries.append((name, n))
    return n
  }
  public func create(
    _ name: [UInt8], in directory: InodeNumber, mode: UInt16, user: UInt32, group: UInt32
  ) throws(Errno) -> InodeNumber {
    note("create \(String(decoding: name, as: UTF8.self))")
    return try add(
      name, directory, Inode(kind: .regular, mode: mode, user: user, group: group, links: 1))
  }
  public func makeDirectory(
    _ name: [UInt8], in directory: InodeNumber, mode: UInt16, user: UInt32, group: UInt32
  ) throws(Errno) -> InodeNumber {
    note("mkdir \(String(decoding: name, as: UTF8.self))")
    return try add(
      name, directory, Inode(kind: .directory, mode: mode, user: user, group: group, links: 2))
  }
  public func makeSymbolicLink(
    _ name: [UInt8], in directory: InodeNumber, target: [UInt8], user: UInt32, group: UInt32
  ) throws(Errno) -> InodeNumber {
    note("symlink \(String(decoding: name, as: UTF8.self))")
    var i = Inode(kind: .symbolicLink, mode: 0o777, user: user, group: group, links: 1)
    i.data = target
    return try add(name, directory, i)
  }
  public func readLink(_ n: InodeNumber) throws(Errno) -> [UInt8] {
    let i = try inode(n)
    guard i.kind == .symbolicLink else { throw .invalidArgument }
    return i.data
  }
  public func link(
    _ n: InodeNumber, as name: [UInt8], in directory: InodeNumber
  ) throws(Errno) {
    note("link \(String(decoding: name, as: UTF8.self))")
    _ = try inode(n)
    if (try? lookup(name, in: directory)) != nil { throw .fileExists }
    inodes[directory.rawValue]?.entries.append((name, n))
    inodes[n.rawValue]?.links += 1
  }
  func drop(_ name: [UInt8], _ directory: InodeNumber) {
    guard let n = try? lookup(name, in: directory) else { return }
    inodes[directory.rawValue]?.entries.removeAll { $0.name == name }
    inodes[n.rawValue]?.links -= 1
  }
  public func unlink(_ name: [UInt8], in directory: InodeNumber) throws(Errno) {
    note("unlink \(String(decoding: name, as: UTF8.self))")
    let n = try lookup(name, in: directory)
    if try inode(n).kind == .directory { throw .isDirectory }
    drop(name, directory)
  }
  public func removeDirectory(_ name: [UInt8], in directory: InodeNumber) throws(Errno) {
    note("rmdir \(String(decoding: name, as: UTF8.self))")
    let n = try lookup(name, in: directory)
    let i = try inode(n)
    guard i.kind == .directory else { throw .notDirectory }
    guard i.entries.isEmpty else { throw .directoryNotEmpty }
    drop(name, directory)
    inodes[n.rawValue] = nil
  }
  public func rename(
    _ name: [UInt8], in directory: InodeNumber, to newName: [UInt8],
    in newDirectory: InodeNumber, _ mode: RenameMode
  ) throws(Errno) {
    note("rename")
    let n = try lookup(name, in: directory)
    let target = try? lookup(newName, in: newDirectory)
    switch mode {
    case .noReplace:
      if target != nil { throw .fileExists }
    case .exchange:
      guard let target else { throw .noSuchFile }
      for (d, k, v) in [(directory, name, target), (newDirectory, newName, n)] {
        if let x = inodes[d.rawValue]?.entries.firstIndex(where: { $0.name == k }) {
          inodes[d.rawValue]?.entries[x].inode = v
        }
      }
      return
    case .replace: break
    }
    if target == n { return }
    drop(newName, newDirectory)
    inodes[directory.rawValue]?.entries.removeAll { $0.name == name }
    inodes[newDirectory.rawValue]?.entries.append((newName, n))
  }
  public func entries(of directory: InodeNumber) throws(Errno) -> [DirectoryEntry] {
    let d = try inode(directory)
    guard d.kind == .directory else { throw .notDirectory }
    return d.entries.map {
      DirectoryEntry(
        name: $0.name, inode: $0.inode, kind: inodes[$0.inode.rawValue]?.kind ?? .regular)
    }
  }
  public func open(_ n: InodeNumber, truncating: Bool) throws(Errno) -> HandleID {
    _ = try inode(n)
    if truncating {
      note("truncate")
      inodes[n.rawValue]?.data = []
    }
    handles.append(n)
    return HandleID(UInt32(handles.count - 1))
  }
  public func release(_ handle: HandleID) { handles[Int(handle.rawValue)] = nil }
  func target(_ handle: HandleID) throws(Errno) -> InodeNumber {
    guard Int(handle.rawValue) < handles.count, let n = handles[Int(handle.rawValue)] else {
      throw .badFileDescriptor
    }
    return n
  }
  public func read(
    _ handle: HandleID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    let i = try inode(target(handle))
    guard offset < UInt64(i.data.count) else { return 0 }
    let count = min(buffer.count, i.data.count - Int(offset))
    i.data.withUnsafeBytes {
      buffer.copyMemory(from: .init(rebasing: $0[Int(offset)..<Int(offset) + count]))
    }
    return count
  }
  public func write(
    _ handle: HandleID, at offset: UInt64, _ bytes: UnsafeRawBufferPointer,
    _ durability: WriteDurability
  ) throws(Errno) -> Int {
    let n = try target(handle)
    note("write \(offset) \(bytes.count)\(durability == .synchronous ? " synchronous" : "")")
    guard offset + UInt64(bytes.count) < 1 << 32 else { throw .fileTooLarge }
    let end = Int(offset) + bytes.count
    guard let slot = inodes.index(forKey: n.rawValue) else { throw .noSuchFile }
    if inodes.values[slot].data.count < end {
      inodes.values[slot].data.append(
        contentsOf: repeatElement(0, count: end - inodes.values[slot].data.count))
    }
    inodes.values[slot].data.withUnsafeMutableBytes {
      UnsafeMutableRawBufferPointer(rebasing: $0[Int(offset)..<end]).copyMemory(from: bytes)
    }
    inodes.values[slot].modified = operations
    return bytes.count
  }
  public func setSize(_ n: InodeNumber, to size: UInt64) throws(Errno) {
    note("size \(size)")
    guard size < 1 << 32 else { throw .fileTooLarge }
    var data = try inode(n).data
    if data.count > Int(size) {
      data.removeLast(data.count - Int(size))
    } else {
      data.append(contentsOf: repeatElement(0, count: Int(size) - data.count))
    }
    inodes[n.rawValue]?.data = data
  }
  public func setMode(_ n: InodeNumber, _ mode: UInt16) throws(Errno) {
    _ = try inode(n)
    inodes[n.rawValue]?.mode = mode
  }
  public func setOwner(_ n: InodeNumber, user: UInt32, group: UInt32) throws(Errno) {
    _ = try inode(n)
    inodes[n.rawValue]?.user = user
    inodes[n.rawValue]?.group = group
  }
  public func synchronize(_ handle: HandleID, dataOnly: Bool) throws(Errno) {
    note("sync\(dataOnly ? " data" : "")")
    _ = try target(handle)
  }
  public func synchronizeDirectory(_ n: InodeNumber, dataOnly: Bool) throws(Errno) {
    note("syncdir\(dataOnly ? " data" : "")")
    _ = try inode(n)
  }
}
