import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("The world: what its calls answer")
struct WorldTests {
  let lab = Lab()
  let root = InodeNumber.root

  func name(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test("ENOENT: what is not there")
  func noSuchFile() throws {
    let gone = InodeNumber(99)
    #expect(failure { _ = try lab.world.lookup(name("a"), in: root) } == .noSuchFile)
    #expect(failure { try lab.unlink("a") } == .noSuchFile)
    #expect(failure { try lab.rename("a", to: "b") } == .noSuchFile)
    #expect(failure { try lab.world.removeDirectory(name("a"), in: root) } == .noSuchFile)
    #expect(failure { _ = try lab.world.attributes(gone) } == .noSuchFile)
    #expect(failure { _ = try lab.open(gone) } == .noSuchFile)
    #expect(failure { try lab.world.setMode(gone, 0) } == .noSuchFile)
    #expect(failure { try lab.create("a", in: gone) } == .noSuchFile)
    try lab.create("a")
    #expect(failure { try lab.rename("a", to: "b", .exchange) } == .noSuchFile)
  }

  @Test("ENOENT: nothing is created in a directory that was removed")
  func removedDirectory() throws {
    let directory = try lab.makeDirectory("d")
    let file = try lab.create("a")
    try lab.world.removeDirectory(name("d"), in: root)
    #expect(failure { try lab.create("x", in: directory) } == .noSuchFile)
    #expect(failure { try lab.rename("a", to: "x", into: directory) } == .noSuchFile)
    #expect(failure { try lab.world.link(file, as: name("x"), in: directory) } == .noSuchFile)
    try lab.world.synchronizeDirectory(directory, dataOnly: false)
  }

  @Test("ENOENT: a file without a name gets no new one")
  func linkOfUnlinked() throws {
    let file = try lab.create("a")
    try lab.unlink("a")
    #expect(failure { try lab.world.link(file, as: name("b"), in: root) } == .noSuchFile)
  }

  @Test("EEXIST: names that are taken")
  func fileExists() throws {
    let file = try lab.create("a")
    try lab.create("b")
    #expect(failure { try lab.create("a") } == .fileExists)
    #expect(failure { try lab.makeDirectory("a") } == .fileExists)
    #expect(failure { try lab.world.link(file, as: name("b"), in: root) } == .fileExists)
    #expect(failure { try lab.rename("a", to: "b", .noReplace) } == .fileExists)
    #expect(failure { try lab.rename("a", to: "a", .noReplace) } == .fileExists)
  }

  @Test("ENOTDIR: a file where a directory is needed")
  func notDirectory() throws {
    let file = try lab.create("a")
    try lab.makeDirectory("d")
    #expect(failure { try lab.create("x", in: file) } == .notDirectory)
    #expect(failure { _ = try lab.world.lookup(name("x"), in: file) } == .notDirectory)
    #expect(failure { _ = try lab.world.entries(of: file) } == .notDirectory)
    #expect(failure { try lab.world.synchronizeDirectory(file, dataOnly: true) } == .notDirectory)
    #expect(failure { try lab.world.removeDirectory(name("a"), in: root) } == .notDirectory)
    #expect(failure { try lab.rename("d", to: "a") } == .notDirectory)
  }

  @Test("EISDIR: a directory where a file is needed")
  func isDirectory() throws {
    let directory = try lab.makeDirectory("d")
    try lab.create("a")
    #expect(failure { _ = try lab.open(directory) } == .isDirectory)
    #expect(failure { try lab.world.setSize(directory, to: 0) } == .isDirectory)
    #expect(failure { try lab.unlink("d") } == .isDirectory)
    #expect(failure { try lab.rename("a", to: "d") } == .isDirectory)
    #expect(failure { try lab.world.link(directory, as: name("e"), in: root) } == .notPermitted)
  }

  @Test("ENOTEMPTY: directories with something in them")
  func notEmpty() throws {
    let directory = try lab.makeDirectory("d")
    try lab.makeDirectory("e")
    try lab.create("a", in: directory)
    #expect(
      failure { try lab.world.removeDirectory(name("d"), in: root) } == .directoryNotEmpty)
    #expect(failure { try lab.rename("e", to: "d") } == .directoryNotEmpty)
    try lab.rename("d", to: "e")
    #expect(lab.disk.names == ["e"])
  }

  @Test("EINVAL: a directory below itself, names that are none, and links read as files")
  func invalid() throws {
    let outer = try lab.makeDirectory("d")
    let inner = try lab.makeDirectory("e", in: outer)
    #expect(failure { try lab.rename("d", to: "x", into: outer) } == .invalidArgument)
    #expect(failure { try lab.rename("d", to: "x", into: inner) } == .invalidArgument)
    #expect(failure { try lab.rename("e", in: outer, to: "d", .exchange) } == .invalidArgument)
    for bad in ["", ".", "..", "a/b", "a\0"] {
      #expect(failure { try lab.create(bad) } == .invalidArgument, "\(bad)")
    }
    let file = try lab.create("a")
    #expect(failure { _ = try lab.world.readLink(file) } == .invalidArgument)
    let link = try lab.world.makeSymbolicLink(
      name("s"), in: root, target: name("a"), user: 0, group: 0)
    #expect(failure { _ = try lab.open(link) } == .invalidArgument)
    #expect(failure { try lab.world.setSize(link, to: 0) } == .invalidArgument)
  }

  @Test("ENAMETOOLONG: 255 bytes are a name, 256 are none")
  func longNames() throws {
    let longest = String(repeating: "x", count: 255)
    let inode = try lab.create(longest)
    #expect(try lab.world.lookup(name(longest), in: root) == inode)
    let tooLong = longest + "x"
    #expect(failure { try lab.create(tooLong) } == .nameTooLong)
    #expect(failure { _ = try lab.world.lookup(name(tooLong), in: root) } == .nameTooLong)
    #expect(failure { try lab.rename(longest, to: tooLong) } == .nameTooLong)
    try lab.syncRoot()
    #expect(lab.disk.nameSets == [[longest]])
  }

  @Test("EFBIG: offsets that no file can have, without a trap")
  func largeOffsets() throws {
    let file = try lab.create("a")
    let handle = try lab.open(file)
    let limit = FileContent.maximumSize
    for offset in [limit, limit - 1, UInt64(Int64.max), UInt64.max - 1, UInt64.max] {
      #expect(failure { try lab.write(handle, [1, 2], at: offset) } == .fileTooLarge)
    }
    #expect(failure { try lab.world.setSize(handle, to: limit + 1) } == .fileTooLarge)
    #expect(failure { try lab.world.setSize(handle, to: .max) } == .fileTooLarge)
    #expect(lab.disk.operationCount == 1)
    // The largest size is one, and so is its truncation, in every state.
    try lab.world.setSize(handle, to: limit)
    try lab.write(handle, [7], at: 64 << 20)
    try lab.world.setSize(handle, to: 3)
    let sizes = Set(lab.disk.states().compactMap { $0[file]?.cachedSize })
    #expect(sizes.isSuperset(of: [0, 3, limit]))
  }

  @Test("EBADF: descriptions that are closed, and those of an ended process")
  func badDescriptors() throws {
    let file = try lab.durableFile("a", [1])
    lab.world.release(file.handle)
    lab.world.release(file.handle)
    #expect(failure { try lab.sync(file.handle) } == .badFileDescriptor)
    #expect(failure { try lab.write(file.handle, [1], at: 0) } == .badFileDescriptor)
    #expect(failure { _ = try lab.world.size(of: file.handle) } == .badFileDescriptor)
    #expect(failure { try lab.sync(HandleID(.max)) } == .badFileDescriptor)
    let again = try lab.open("a")
    lab.world.closeAll()
    #expect(failure { try lab.world.setSize(again, to: 0) } == .badFileDescriptor)
  }

  @Test("EMLINK: 65,000 names, and no more")
  func tooManyLinks() throws {
    var disk = lab.disk
    disk.apply(
      .create(
        directory: root, name: name("a"), inode: disk.nextInode, kind: .regular, mode: 0, user: 0,
        group: 0, target: []))
    disk.with(InodeNumber(2)) { $0.names = 65_000 }
    let full = Lab(disk)
    #expect(
      failure { try full.world.link(InodeNumber(2), as: name("b"), in: root) } == .tooManyLinks)
  }

  @Test("A rename onto itself, or onto another name of the same file, changes nothing")
  func renameOntoItself() throws {
    let file = try lab.create("a")
    try lab.world.link(file, as: name("b"), in: root)
    let directory = try lab.makeDirectory("d")
    try lab.create("x", in: directory)
    let count = lab.disk.operationCount
    try lab.rename("a", to: "a")
    try lab.rename("a", to: "b")
    try lab.rename("a", to: "a", .exchange)
    try lab.rename("d", to: "d")
    #expect(lab.disk.operationCount == count && lab.disk.names == ["a", "b", "d"])
  }

  @Test("A rename replaces its target; an exchange swaps, whatever the two are")
  func renames() throws {
    let a = try lab.create("a")
    let b = try lab.create("b")
    let directory = try lab.makeDirectory("d")
    try lab.rename("a", to: "d", .exchange)
    #expect(try lab.world.lookup(name("d"), in: root) == a)
    #expect(try lab.world.lookup(name("a"), in: root) == directory)
    try lab.rename("d", to: "b")
    #expect(try lab.world.lookup(name("b"), in: root) == a)
    #expect(try lab.world.attributes(b).linkCount == 0)
    #expect(lab.disk.names == ["a", "b"])
  }

  @Test("Listings are sorted by bytes, and tell kinds")
  func listings() throws {
    try lab.makeDirectory("b")
    try lab.create("é")
    try lab.create("a")
    _ = try lab.world.makeSymbolicLink(name("c"), in: root, target: name("a"), user: 0, group: 0)
    let entries = try lab.world.entries(of: root)
    #expect(entries.map(\.name) == [name("a"), name("b"), name("c"), name("é")])
    #expect(entries.map(\.kind) == [.regular, .directory, .symbolicLink, .regular])
  }

  @Test("Link counts: names of a file, subdirectories of a directory")
  func linkCounts() throws {
    let file = try lab.create("a")
    try lab.world.link(file, as: name("b"), in: root)
    #expect(try lab.world.attributes(file).linkCount == 2)
    try lab.unlink("a")
    #expect(try lab.world.attributes(file).linkCount == 1)
    let directory = try lab.makeDirectory("d")
    #expect(try lab.world.attributes(directory).linkCount == 2)
    #expect(try lab.world.attributes(root).linkCount == 3)
    let inner = try lab.makeDirectory("e", in: directory)
    #expect(try lab.world.attributes(directory).linkCount == 3)
    try lab.rename("e", in: directory, to: "e")
    #expect(try lab.world.attributes(directory).linkCount == 2)
    #expect(try lab.world.attributes(root).linkCount == 4)
    #expect(try lab.world.attributes(inner).kind == .directory)
  }

  @Test("Attributes: size, blocks without holes, owner, mode and the operation of the last change")
  func attributes() throws {
    let file = try lab.create("a")
    let handle = try lab.open(file)
    try lab.write(handle, [1], at: 10_000)
    try lab.world.setMode(file, 0o170640)
    try lab.world.setOwner(file, user: 7, group: nil)
    let attributes = try lab.world.attributes(file)
    #expect(attributes.size == 10_001 && attributes.blocks == 8)
    #expect(attributes.mode == 0o640 && attributes.user == 7 && attributes.group == 0)
    #expect(attributes.modified == 2)
    #expect(try lab.world.attributes(root).modified == 1)
  }

  @Test("An unlinked file is read and written through its descriptions")
  func unlinkedFile() throws {
    let file = try lab.durableFile("a", [1, 2])
    try lab.unlink("a")
    try lab.write(file.handle, [3], at: 2)
    try lab.sync(file.handle)
    #expect(try lab.world.size(of: file.handle) == 3)
    #expect(try read(file.handle, at: 0, count: 10) == [1, 2, 3])
  }

  @Test("Reads stop at the end of the file, and holes read as zeros")
  func reads() throws {
    let file = try lab.durableFile("a", [1])
    try lab.write(file.handle, [2], at: 9000)
    #expect(try read(file.handle, at: 8999, count: 10) == [0, 2])
    #expect(try read(file.handle, at: 9001, count: 10) == [])
    #expect(try read(file.handle, at: .max, count: 10) == [])
    #expect(try read(file.handle, at: 0, count: 0) == [])
    #expect(try read(file.handle, at: 0, count: 9001) == [1] + filled(0, 8999) + [2])
  }

  @Test("A write of nothing is no operation")
  func emptyWrite() throws {
    let file = try lab.durableFile("a", [1])
    let count = lab.disk.operationCount
    try lab.write(file.handle, [], at: 500)
    #expect(lab.disk.operationCount == count)
    #expect(try lab.world.size(of: file.handle) == 1)
  }

  @Test("Renames check a deep tree without recursion")
  func deepTree() throws {
    var directory = try lab.makeDirectory("d")
    for _ in 0..<3000 { directory = try lab.makeDirectory("d", in: directory) }
    #expect(failure { try lab.rename("d", to: "x", into: directory) } == .invalidArgument)
    try lab.rename("d", to: "e")
    try lab.syncRoot()
    #expect(lab.disk.afterPowerLoss(lab.disk.choice(keepingAll: true)).inodeCount == 3002)
  }

  private func read(_ handle: HandleID, at offset: UInt64, count: Int) throws -> [UInt8] {
    var buffer = filled(0xAA, count)
    let read = try buffer.withUnsafeMutableBytes {
      try lab.world.read(handle, at: offset, into: $0)
    }
    return Array(buffer[..<read])
  }
}
