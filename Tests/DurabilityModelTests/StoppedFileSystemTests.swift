import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

/// What a journal that fails makes of each file system (groundtruth, section 2 B).
@Suite("A file system that has stopped")
struct StoppedFileSystemTests {
  /// A durable file "a" of 4096 ones, an append to it, and a barrier that fails as `after` has it.
  func lab(
    _ after: AfterFailedBarrier, error: Errno = .ioError
  ) throws -> (lab: Lab, inode: InodeNumber, handle: HandleID) {
    let fault = Fault(
      request: 1, operation: .fdatasync, role: FileRole(name: "*"), nth: 1, error: error,
      after: after)
    let lab = Lab(faults: [fault])
    let file = try lab.durableFile("a", filled(1, 4096))
    lab.world.beginRequest(1)
    try lab.write(file.handle, filled(2, 4096), at: 4096)
    #expect(failure { try lab.sync(file.handle) } == error)
    return (lab, file.inode, file.handle)
  }

  func read(_ lab: Lab, _ handle: HandleID) throws {
    var buffer: [UInt8] = [0]
    try buffer.withUnsafeMutableBytes { _ = try lab.world.read(handle, at: 0, into: $0) }
  }

  @Test("ext4: EIO once, then 0 while appends are lost; the first change finds it read-only")
  func ext4() throws {
    let (lab, inode, handle) = try lab(.ext4Abort)
    try lab.sync(handle)
    try lab.sync(try lab.open("a"))
    #expect(lab.disk.states().contains { $0.bytes(inode) == filled(1, 4096) })
    try read(lab, handle)
    #expect(failure { try lab.create("b") } == .readOnlyFileSystem)
    #expect(failure { try lab.sync(handle) } == .readOnlyFileSystem)
    #expect(failure { try lab.write(handle, [3], at: 0) } == .readOnlyFileSystem)
    try read(lab, handle)
    #expect(lab.world.failedBarriers == 2)
    #expect(lab.world.hindrances == 4)
  }

  @Test("ext4: a barrier of the aborted file system still writes into space that was durable")
  func ext4Overwrite() throws {
    let fault = Fault(
      request: 1, operation: .fdatasync, role: FileRole(name: "*"), nth: 1, error: .ioError,
      after: .ext4Abort)
    let lab = Lab(faults: [fault])
    let file = try lab.durableFile("a", filled(1, 4096))
    lab.world.beginRequest(1)
    try lab.create("b")
    try lab.write(file.handle, filled(2, 4096), at: 0)
    #expect(failure { try lab.sync(file.handle) } == .ioError)
    try lab.sync(file.handle)
    try lab.syncRoot()
    #expect(Set(lab.disk.states().map { $0.bytes(file.inode) }) == [filled(2, 4096)])
    #expect(lab.disk.nameSets == [["a"], ["a", "b"]], "no name is covered any more")
  }

  @Test("xfs: shut down, every call fails with EIO, open and fstat too")
  func xfs() throws {
    let (lab, inode, handle) = try lab(.xfsShutdown)
    #expect(failure { try lab.sync(handle) } == .ioError)
    #expect(failure { _ = try lab.open("a") } == .ioError)
    #expect(failure { _ = try lab.world.size(of: handle) } == .ioError)
    #expect(failure { try read(lab, handle) } == .ioError)
    #expect(failure { try lab.create("b") } == .ioError)
    #expect(failure { try lab.syncRoot() } == .ioError)
    #expect(failure { _ = try lab.world.lookup(Array("a".utf8), in: .root) } == .ioError)
    #expect(failure { _ = try lab.world.entries(of: .root) } == .ioError)
    _ = try lab.world.space()
    #expect(lab.disk.states().contains { $0.bytes(inode) == filled(1, 4096) })
  }

  @Test(
    "btrfs, ext4 with data=journal: read-only, every barrier EROFS, reading goes on",
    arguments: [
      (AfterFailedBarrier.btrfsReadOnly, Errno.ioError), (.btrfsFlush, .ioError),
      (.ext4JournalAbort, .readOnlyFileSystem),
    ])
  func readOnly(after: AfterFailedBarrier, error: Errno) throws {
    let (lab, inode, handle) = try lab(after, error: error)
    for _ in 0..<2 { #expect(failure { try lab.sync(handle) } == .readOnlyFileSystem) }
    #expect(failure { try lab.write(handle, [3], at: 0) } == .readOnlyFileSystem)
    #expect(failure { try lab.unlink("a") } == .readOnlyFileSystem)
    #expect(failure { try lab.syncRoot() } == .readOnlyFileSystem)
    // Linux finds nothing to sync where the superblock says read-only; errors are reported there.
    let syncfs = [0, 1].map { _ in failure { try lab.world.synchronizeFileSystem(handle) } }
    switch after {
    case .btrfsReadOnly: #expect(syncfs == [.ioError, nil])
    case .btrfsFlush: #expect(syncfs == [nil, nil])
    default: #expect(syncfs == [.readOnlyFileSystem, .readOnlyFileSystem])
    }
    try read(lab, try lab.open("a"))
    #expect(lab.disk.bytes(inode).count == 8192)
    #expect(lab.disk.states().contains { $0.bytes(inode) == filled(1, 4096) })
  }

  @Test(
    "It stays stopped for the next process, is another state, and a power cut ends it",
    arguments: [
      AfterFailedBarrier.ext4Abort, .xfsShutdown, .btrfsReadOnly, .btrfsFlush, .ext4JournalAbort,
    ])
  func crashes(after: AfterFailedBarrier) throws {
    let (lab, _, _) = try lab(after)
    let crashed = lab.disk.afterProcessCrash()
    #expect(crashed.health == after.health)
    var working = crashed
    working.health = .working
    #expect(working.stateDigest() != crashed.stateDigest())
    for state in lab.disk.states() {
      #expect(state.health == .working)
      let again = Lab(state)
      try again.write(try again.open("a"), [7], at: 0)
      try again.create("b")
      try again.syncRoot()
    }
  }

  @Test("A recording played again stops in the same place")
  func replayed() throws {
    for after in AfterFailedBarrier.allCases where after.health != nil {
      let (lab, _, handle) = try lab(after)
      _ = failure { try lab.sync(handle) }
      _ = failure { try lab.create("b") }
      let recording = try #require(lab.world.recording)
      var disk = recording.start
      for recorded in recording.operations { disk.apply(recorded.operation) }
      #expect(disk.health == lab.disk.health)
      #expect(disk.stateDigest() == lab.disk.stateDigest())
    }
  }

  @Test("A directory's fsync stops the file system as a file's does")
  func directory() throws {
    let fault = Fault(
      request: 1, operation: .fsyncdir, role: FileRole(name: "/"), nth: 1, error: .ioError,
      after: .btrfsReadOnly)
    let lab = Lab(faults: [fault])
    lab.world.beginRequest(1)
    try lab.create("a")
    #expect(failure { try lab.syncRoot() } == .ioError)
    #expect(failure { try lab.syncRoot() } == .readOnlyFileSystem)
    #expect(lab.disk.nameSets == [[], ["a"]])
  }

  @Test(
    "Random histories: what was covered before it stopped survives, and nothing is covered after",
    arguments: [AfterFailedBarrier.ext4Abort, .xfsShutdown, .btrfsReadOnly, .ext4JournalAbort])
  func property(after: AfterFailedBarrier) throws {
    let limits = ExplosionLimits(exhaustiveUpTo: 8, samplesPerPoint: 3)
    var stopped = 0
    for seed in 1...8 as ClosedRange<UInt64> {
      let faults = [FaultableOperation.fsync, .fdatasync, .fsyncdir].map {
        Fault(
          request: 0, operation: $0, role: FileRole(name: "*"), nth: 3, error: .ioError,
          after: after)
      }
      var history = RandomHistory(Seed(seed).derived("stopping"), faults: faults)
      var covered: [InodeNumber: Covered] = [:]
      var names: [EntryName: InodeNumber?] = [:]
      var applied = 0
      var hasStopped = false
      for _ in 0..<60 {
        history.step()
        let disk = history.lab.disk
        let operations = try #require(history.lab.world.recording).operations
        for recorded in operations[applied...] {
          if case .stop = recorded.operation { hasStopped = true }
          switch recorded.operation {
          case .synchronize, .synchronizeDirectory: if hasStopped { continue }
          default: break
          }
          HistoryPropertyTests.follow(recorded.operation, disk, &covered, &names)
        }
        applied = operations.count
      }
      guard hasStopped else { continue }
      stopped += 1
      let disk = history.lab.disk
      for choice in disk.choices(limits, seed: Seed(seed)) {
        let state = disk.afterPowerLoss(choice)
        for (inode, known) in covered where state[inode] != nil {
          #expect(known.isKept(in: state.bytes(inode)), "\(after), seed \(seed): \(choice.text)")
        }
        for (name, inode) in names {
          let found = state.entry(name.name, in: name.directory)
          #expect(found == inode, "\(after), seed \(seed): \(choice.text)")
        }
      }
    }
    #expect(stopped > 2)
  }

  @Test("A journal may commit by itself and fail: no call is told, later barriers lose appends")
  func commitsByItself() throws {
    let fault = try Fault(reading: "write-back a file=1 nth=2 EIO state=ext4-abort")
    let lab = Lab(faults: [fault])
    let file = try lab.durableFile("a", filled(1, 4096))
    try lab.write(file.handle, filled(2, 4096), at: 4096)
    #expect(lab.disk.health == .aborted && lab.world.firedFaults == 1)
    try lab.sync(file.handle)
    #expect(lab.disk.states().contains { $0.bytes(file.inode) == filled(1, 4096) })
    #expect(failure { try lab.create("b") } == .readOnlyFileSystem)
  }
}
