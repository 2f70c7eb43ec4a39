import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("Write-back steps, eviction, syncfs and mapped stores")
struct WriteBackTests {
  @Test("Pages written back are durable; the size stays pending, the other pages too")
  func durablePages() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 12288))
    try lab.write(file.handle, filled(2, 12288), at: 0)
    try lab.world.writeBack(file.inode, pages: 1..<2, .durable)
    let states = lab.disk.states().map { $0.bytes(file.inode) }
    #expect(states.allSatisfy { Array($0[4096..<8192]) == filled(2, 4096) })
    #expect(states.contains(filled(1, 4096) + filled(2, 4096) + filled(1, 4096)))
    #expect(states.contains(filled(2, 12288)))
  }

  @Test("An append written back: the old size, or the new one with its data and no garbage")
  func durableAppend() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 10))
    try lab.write(file.handle, filled(2, 5000), at: 10)
    try lab.world.writeBack(file.inode, pages: nil, .durable)
    let states = Set(lab.disk.states().map { $0.bytes(file.inode) })
    #expect(states == [filled(1, 10), filled(1, 10) + filled(2, 5000)])
    // A later write to the same place: dropped, it leaves what was written back, and never garbage.
    try lab.write(file.handle, filled(3, 5000), at: 10)
    for state in lab.disk.states() {
      #expect(state.bytes(file.inode).dropFirst(10).allSatisfy { $0 == 2 || $0 == 3 })
    }
  }

  @Test("Only dirty pages are written back: what a truncation gave back follows the size")
  func writeBackAndTruncation() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 12288))
    try lab.world.setSize(file.handle, to: 100)
    try lab.world.writeBack(file.inode, pages: nil, .durable)
    let old = lab.disk.keeping([.none], size: 0).bytes(file.inode)
    #expect(old == filled(1, 100) + filled(0, 3996) + filled(1, 8192))
    #expect(lab.disk.keeping([.all], size: 1).bytes(file.inode) == filled(1, 100))
  }

  @Test("A page in the device's volatile cache is in doubt as before")
  func deviceCache() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 8192))
    try lab.write(file.handle, filled(2, 8192), at: 0)
    let before = lab.disk.trees
    try lab.world.writeBack(range: 0..<1, of: file.handle, wait: .write)
    #expect(lab.disk.trees.isSuperset(of: [["a": filled(1, 8192)], ["a": filled(2, 8192)]]))
    #expect(
      lab.disk.trees.isSuperset(
        of: before.filter { !$0.isEmpty && $0["a"]?.count == 8192 }
          .filter { Set($0["a"] ?? []).count == 1 }))
    try lab.sync(file.handle)
    #expect(lab.disk.trees == [["a": filled(2, 8192)]])
  }

  @Test("A later barrier cannot fail for what the device has taken already")
  func deviceCacheAndFailure() throws {
    let lab = Lab(faults: [
      Fault(
        request: 0, operation: .fdatasync, role: FileRole(name: "*"), nth: 1, error: .ioError)
    ])
    let file = try lab.durableFile("a", filled(1, 8192))
    try lab.write(file.handle, filled(2, 8192), at: 0)
    try lab.world.writeBack(range: 0..<4096, of: file.handle, wait: .write)
    #expect(failure { try lab.sync(file.handle) } == .ioError)
    // The first page is pending still, the second is lost: the next barrier covers the first.
    try lab.sync(file.handle)
    #expect(lab.disk.trees == [["a": filled(2, 4096) + filled(1, 4096)]])
  }

  @Test("A failed write-back is reported at the next barrier of each description, once")
  func lateError() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 100))
    try lab.write(file.handle, filled(2, 100), at: 0)
    try lab.world.writeBack(file.inode, pages: nil, .failed(.noSpace, .ext4))
    #expect(lab.disk.bytes(file.inode) == filled(2, 100), "the cache shows the new content")
    #expect(failure { try lab.sync(file.handle) } == .noSpace)
    #expect(failure { try lab.sync(file.handle) } == nil)
    #expect(lab.disk.trees == [["a": filled(1, 100)]])
  }

  @Test("syncfs reports a failed write-back once, through its own counter; sync reports none")
  func fileSystemError() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 100))
    try lab.write(file.handle, filled(2, 100), at: 0)
    try lab.world.writeBack(file.inode, pages: nil, .failed(.ioError, .ext4))
    #expect(failure { try lab.sync(file.handle) } == .ioError)
    let later = try lab.open("a")
    #expect(failure { try lab.world.synchronizeFileSystem(nil) } == nil)
    #expect(failure { try lab.world.synchronizeFileSystem(later) } == .ioError)
    #expect(failure { try lab.world.synchronizeFileSystem(later) } == nil)
    let latest = try lab.open("a")
    #expect(failure { try lab.world.synchronizeFileSystem(latest) } == nil)
  }

  @Test("sync_file_range that waits consumes the report of its description; one that does not, not")
  func syncFileRangeConsumes() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 100))
    try lab.write(file.handle, filled(2, 100), at: 0)
    try lab.world.writeBack(file.inode, pages: nil, .failed(.ioError, .ext4))
    try lab.world.writeBack(range: 0..<100, of: file.handle, wait: .write)
    #expect(
      failure { try lab.world.writeBack(range: 0..<100, of: file.handle, wait: .waitAfter) }
        == .ioError)
    #expect(failure { try lab.sync(file.handle) } == nil)
  }

  @Test("Eviction drops the cached pages and the error that nobody has seen")
  func eviction() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 100))
    try lab.write(file.handle, filled(2, 100), at: 0)
    try lab.world.writeBack(file.inode, pages: nil, .failed(.ioError, .ext4))
    try lab.world.evict(file.inode)
    #expect(lab.disk.bytes(file.inode) == filled(2, 100), "not while it is open")
    lab.world.release(file.handle)
    try lab.world.evict(file.inode)
    #expect(lab.disk.bytes(file.inode) == filled(1, 100))
    let handle = try lab.open("a")
    #expect(failure { try lab.sync(handle) } == nil)
  }

  @Test(
    "DONTNEED drops clean pages and keeps the error; a page dropped so can be written again")
  func dontNeed() throws {
    for drops in [false, true] {
      let lab = Lab()
      let file = try lab.durableFile("a", [])
      try lab.write(file.handle, filled(2, 4096), at: 0)
      try lab.world.writeBack(file.inode, pages: nil, .failed(.ioError, .ext4))
      if drops {
        try lab.world.adviseDontNeed(range: 0..<4096, of: file.handle)
        #expect(lab.disk.bytes(file.inode) == filled(0, 4096))
      }
      #expect(failure { try lab.sync(file.handle) } == .ioError)
      try lab.write(file.handle, filled(3, 4096), at: 0)
      try lab.sync(file.handle)
      #expect(lab.disk.trees == [["a": filled(drops ? 3 : 0, 4096)]])
    }
  }

  @Test("A recording under other parameters is the same calls on another disk")
  func recordingUnder() throws {
    let lab = Lab()
    _ = try lab.durableFile("a", filled(1, 100))
    let recording = try #require(lab.world.recording)
    var parameters = DiskParameters(model: .xfs)
    parameters.sectorSize = 4096
    let other = recording.under(parameters)
    #expect(other.start.parameters == parameters)
    #expect(other.operations.map(\.operation) == recording.operations.map(\.operation))
  }
}
