import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("What a barrier covers")
struct BarrierTests {
  @Test("fsync and fdatasync cover data and size of that inode, completed before the call")
  func wholeFile() throws {
    for dataOnly in [false, true] {
      let lab = Lab()
      let file = try lab.durableFile("a", filled(1, 1000))
      try lab.write(file.handle, filled(2, 3000), at: 500)
      try lab.world.setSize(file.handle, to: 2000)
      try lab.world.synchronize(file.handle, dataOnly: dataOnly)
      let covered = filled(1, 500) + filled(2, 1500)
      #expect(lab.disk.trees == [["a": covered]])
      #expect(lab.disk.pendingCount == 0)
      // What comes after the call is not covered, and leaves what was covered alone.
      try lab.write(file.handle, filled(3, 100), at: 2000)
      for state in lab.disk.states() {
        #expect(state.bytes(file.inode).prefix(2000).elementsEqual(covered))
      }
      #expect(lab.disk.trees.contains(["a": covered]))
    }
  }

  @Test("A barrier of one file covers no other file and no name")
  func onlyThatFile() throws {
    let lab = Lab()
    let a = try lab.durableFile("a", [])
    let b = try lab.durableFile("b", [])
    try lab.write(a.handle, [1], at: 0)
    try lab.write(b.handle, [2], at: 0)
    try lab.create("c")
    try lab.sync(b.handle)
    let trees = lab.disk.trees
    #expect(trees.allSatisfy { $0["b"] == [2] })
    #expect(Set(trees.map { $0["a"] }).isSuperset(of: [[], [1]]))
    #expect(Set(trees.map { $0["c"] }) == [nil, []])
  }

  @Test("A directory's barrier covers its own entries and no other directory's")
  func onlyThatDirectory() throws {
    let lab = Lab()
    let directory = try lab.makeDirectory("d")
    try lab.syncRoot()
    try lab.create("a", in: directory)
    try lab.create("b")
    try lab.syncRoot()
    let trees = Set(lab.disk.states().map { $0.tree.keys.sorted() })
    #expect(trees == [["b", "d/"], ["b", "d/", "d/a"]])
  }

  @Test("A synchronous write covers its own sectors and the size it needs, and nothing else")
  func synchronousWrite() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", [])
    try lab.write(file.handle, filled(1, 1024), at: 0)
    try lab.write(file.handle, filled(2, 512), at: 1024, .synchronous)
    let all = Set(lab.disk.states().map { $0.bytes(file.inode) })
    for bytes in all {
      #expect(bytes.count == 1536 && bytes.suffix(512).elementsEqual(filled(2, 512)))
    }
    #expect(all.contains(filled(1, 1024) + filled(2, 512)))
    // The size took no data along: what stands before may be zeros, or garbage.
    #expect(all.contains(filled(0, 1024) + filled(2, 512)))
    let garbage = lab.disk.keeping([.none], size: 0, garbage: .ones).bytes(file.inode)
    #expect(garbage == filled(0xFF, 1024) + filled(2, 512))
    // Covered at last, it is so for good.
    try lab.sync(file.handle)
    #expect(lab.disk.trees == [["a": filled(1, 1024) + filled(2, 512)]])
  }

  @Test("The power may go inside a synchronous write: before its barrier it is torn like any other")
  func insideSynchronousWrite() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 1024))
    var disk = lab.disk
    try lab.write(file.handle, filled(2, 1024), at: 0, .synchronous)
    let operations = try #require(lab.world.recording?.operations.suffix(2).map(\.operation))
    guard case .write = operations[0] else { throw Errno.ioError }
    #expect(operations[1] == .synchronizeRange(inode: file.inode, range: 0..<1024))
    disk.apply(operations[0])
    let inside = Set(disk.states().map { $0.bytes(file.inode) })
    #expect(
      inside == [
        filled(1, 1024), filled(2, 1024), filled(2, 512) + filled(1, 512),
        filled(1, 512) + filled(2, 512),
      ])
    disk.apply(operations[1])
    #expect(Set(disk.states().map { $0.bytes(file.inode) }) == [filled(2, 1024)])
  }

  @Test("After a synchronous write no size below its end is permitted, whatever was pending")
  func synchronousWriteAfterTruncation() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 1000))
    try lab.world.setSize(file.handle, to: 0)
    try lab.write(file.handle, filled(2, 600), at: 0, .synchronous)
    let states = lab.disk.states().map { $0.bytes(file.inode) }
    #expect(Set(states.map(\.count)) == [600, 1000])
    for bytes in states { #expect(bytes.prefix(600).elementsEqual(filled(2, 600))) }
    var choice = lab.disk.choice(keepingAll: true)
    choice.files[0].size = 0
    choice.files[0].exactSize = 300
    #expect(!lab.disk.accepts(choice), "an append does not end inside what a barrier covered")
  }

  @Test("A synchronous write inside the file leaves the pending sizes pending")
  func synchronousOverwrite() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 1024))
    try lab.write(file.handle, filled(2, 1000), at: 1024)
    try lab.write(file.handle, filled(3, 10), at: 0, .synchronous)
    for state in lab.disk.states() {
      #expect(state.bytes(file.inode).prefix(10).elementsEqual(filled(3, 10)))
    }
    #expect(lab.disk.trees.contains { $0["a"]?.count == 1024 })
    #expect(lab.disk.trees.contains { $0["a"]?.count == 2024 })
  }

  @Test("A synchronous write brings along what lies in its sectors, and leaves the rest of a write")
  func synchronousWriteSplitsOthers() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(0, 2048))
    try lab.write(file.handle, filled(1, 2048), at: 0)
    try lab.write(file.handle, filled(2, 10), at: 600, .synchronous)
    var seen: Set<[UInt8]> = []
    for state in lab.disk.states() {
      let bytes = state.bytes(file.inode)
      #expect(Array(bytes[512..<1024]) == filled(1, 88) + filled(2, 10) + filled(1, 414))
      seen.insert(Array(bytes[..<512]))
    }
    #expect(seen == [filled(0, 512), filled(1, 512)])
  }

  @Test("A synchronous write of nothing covers nothing")
  func emptySynchronousWrite() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", [])
    try lab.write(file.handle, [1], at: 0)
    let count = lab.disk.pendingCount
    try lab.write(file.handle, [], at: 0, .synchronous)
    #expect(lab.disk.pendingCount == count)
  }

  @Test("A lying disk: barriers return, and nothing is durable")
  func lyingDisk() throws {
    var parameters = DiskParameters()
    parameters.liesAboutBarriers = true
    let lab = Lab(parameters)
    let file = try lab.durableFile("a", filled(1, 10))
    try lab.write(file.handle, filled(2, 10), at: 0, .synchronous)
    try lab.world.synchronize(file.handle, dataOnly: false)
    try lab.syncRoot()
    #expect(lab.disk.trees.isSuperset(of: [[:], ["a": []], ["a": filled(2, 10)]]))
    #expect(lab.disk.afterPowerLoss(lab.disk.choice(keepingAll: false)).tree == [:])
  }

  @Test("A process crash keeps the cache, and all that is pending stays pending")
  func processCrash() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 10))
    try lab.write(file.handle, filled(2, 20), at: 5)
    try lab.create("b")
    let crashed = lab.disk.afterProcessCrash()
    #expect(crashed.tree == lab.disk.tree && crashed.pendingCount == lab.disk.pendingCount)
    #expect(crashed.trees == lab.disk.trees)
    #expect(crashed.stateDigest() == lab.disk.stateDigest())
    #expect(
      crashed.stateDigest()
        != lab.disk.afterPowerLoss(.init(names: [true], files: [])).stateDigest())
  }

  @Test("A process crash gives up files without a name, unless a power cut may bring them back")
  func processCrashAndUnlinkedFiles() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 10))
    try lab.unlink("a")
    try lab.write(file.handle, filled(2, 10), at: 0)
    #expect(lab.disk.afterProcessCrash().trees.contains(["a": filled(1, 10)]))
    try lab.syncRoot()
    // Its states are of no interest while it is open, and it is gone when the process is.
    #expect(lab.disk.choices() == [PowerLossChoice(names: [], files: [])])
    #expect(lab.disk.inodeCount == 2 && lab.disk.afterProcessCrash().inodeCount == 1)
  }

  @Test("A removed directory with pending entries survives a process crash and a power cut")
  func processCrashAndRemovedDirectory() throws {
    let lab = Lab()
    let directory = try lab.makeDirectory("d")
    try lab.syncRoot()
    try lab.create("a", in: directory)
    try lab.unlink("a", in: directory)
    try lab.world.removeDirectory(Array("d".utf8), in: .root)
    try lab.syncRoot()
    let crashed = lab.disk.afterProcessCrash()
    for choice in crashed.choices() { #expect(crashed.afterPowerLoss(choice).tree.isEmpty) }
  }
}
