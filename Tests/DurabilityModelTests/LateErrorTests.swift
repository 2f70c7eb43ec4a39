import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

/// Write-back that fails without a call, and who is told (disk.md: "Each failure is reported once
/// to every description open at the time, and once to one opened later if nobody has seen it yet").
@Suite("Late errors and who is told of them")
struct LateErrorTests {
  /// A durable file "wal-1" of one page, whose next change is written back and lost.
  func lab(
    _ error: Errno = .ioError, after: AfterFailedBarrier? = nil, more: [Fault] = []
  ) throws -> (lab: Lab, inode: InodeNumber, handle: HandleID) {
    let role = FileRole(name: "wal-#")
    let late = Fault(
      .background(.writeBack, role: role, file: 1, nth: 2),
      .fails(FaultEffect.Failure(error, after: after)))
    let lab = Lab(faults: [late] + more)
    let file = try lab.durableFile("wal-1", filled(1, 4096))
    return (lab, file.inode, file.handle)
  }

  @Test(
    "(d) A late error comes at the next barrier, and is blamed on what that was about",
    arguments: [
      Errno.ioError, .noSpace, .quotaExceeded,
    ])
  func late(error: Errno) throws {
    let (lab, inode, handle) = try lab(error)
    try lab.write(handle, filled(2, 4096), at: 0)
    #expect(lab.world.firedFaults == 1 && lab.world.failedBarriers == 0)
    #expect(lab.disk.bytes(inode) == filled(2, 4096))
    // Nothing was wrong with this one.
    try lab.write(handle, filled(3, 10), at: 8192)
    #expect(failure { try lab.sync(handle) } == error)
    #expect(lab.world.failedBarriers == 1)
    try lab.sync(handle)
    let state = lab.disk.afterPowerLoss(lab.disk.choice(keepingAll: true))
    #expect(state.bytes(inode).starts(with: filled(1, 4096)))
    #expect(state.bytes(inode).suffix(10) == filled(3, 10)[...])
  }

  @Test("Every description open at the time is told once, later ones nothing once one was told")
  func toldOnce() throws {
    let (lab, _, first) = try lab()
    let second = try lab.open("wal-1")
    try lab.write(first, filled(2, 10), at: 0)
    #expect(failure { try lab.sync(second) } == .ioError)
    let later = try lab.open("wal-1")
    try lab.sync(later)
    #expect(failure { try lab.sync(first) } == .ioError)
    for handle in [first, second, later] { try lab.sync(handle) }
  }

  @Test("One opened later is told if nobody has seen it, also in the next process")
  func toldLater() throws {
    let (lab, inode, handle) = try lab(.noSpace)
    try lab.write(handle, filled(2, 10), at: 0)
    lab.world.release(handle)
    let again = Lab(lab.disk.afterProcessCrash())
    let reopened = try again.open("wal-1")
    #expect(failure { try again.sync(reopened) } == .noSpace)
    try again.sync(try again.open("wal-1"))
    #expect(again.disk.hasUnseenError(inode) == false)
  }

  @Test("A synchronous write tells, and msync, which is a fsync here, does")
  func synchronousWrite() throws {
    let (lab, _, handle) = try lab()
    let other = try lab.open("wal-1")
    try lab.write(handle, filled(2, 10), at: 0)
    #expect(failure { try lab.write(handle, filled(3, 10), at: 20, .synchronous) } == .ioError)
    try lab.write(handle, filled(3, 10), at: 20, .synchronous)
    #expect(failure { try lab.world.synchronize(other, dataOnly: false) } == .ioError)
  }

  @Test("A synchronous write tells of the write-back of its own bytes too")
  func ownWriteBack() throws {
    let (lab, _, handle) = try lab(.noSpace)
    #expect(failure { try lab.write(handle, filled(2, 10), at: 0, .synchronous) } == .noSpace)
    #expect(lab.world.failedBarriers == 1)
    try lab.write(handle, filled(3, 10), at: 20, .synchronous)
  }

  @Test("sync_file_range consumes the report of its description, and of no other")
  func syncFileRange() throws {
    let (lab, _, handle) = try lab()
    let other = try lab.open("wal-1")
    try lab.write(handle, filled(2, 10), at: 0)
    let flags: World.SyncFileRangeFlags = [.waitBefore, .write, .waitAfter]
    #expect(failure { try lab.world.writeBack(range: 0..<10, of: handle, wait: flags) } == .ioError)
    try lab.sync(handle)
    #expect(failure { try lab.sync(other) } == .ioError)
  }

  @Test("syncfs is told through its own counter, once a description, and leaves the files' alone")
  func syncfs() throws {
    let (lab, _, handle) = try lab(.noSpace)
    let other = try lab.durableFile("b", [1])
    try lab.write(handle, filled(2, 10), at: 0)
    #expect(failure { try lab.world.synchronizeFileSystem(other.handle) } == .noSpace)
    try lab.world.synchronizeFileSystem(other.handle)
    #expect(failure { try lab.world.synchronizeFileSystem(handle) } == .noSpace)
    #expect(failure { try lab.sync(handle) } == .noSpace)
    // One opened after syncfs was told hears nothing of it there.
    try lab.world.synchronizeFileSystem(try lab.open("b"))
  }

  @Test("An inode that left the cache tells nobody")
  func evicted() throws {
    let evict = Fault(
      .background(.evict, role: FileRole(name: "wal-#"), file: 1, nth: 2), .done)
    let (lab, inode, handle) = try lab(more: [evict])
    try lab.write(handle, filled(2, 4096), at: 0)
    // It is open: its clean pages go, its error stays.
    #expect(lab.disk.bytes(inode) == filled(1, 4096))
    #expect(lab.disk.hasUnseenError(inode))
    lab.world.release(handle)
    try lab.world.evict(inode)
    try lab.sync(try lab.open("wal-1"))
  }

  @Test("An early write-back is durable: no power cut takes it")
  func early() throws {
    let done = Fault(
      .background(.writeBack, role: FileRole(name: "a"), file: 1, nth: 2), .done)
    let lab = Lab(faults: [done])
    let file = try lab.durableFile("a", filled(1, 4096))
    try lab.write(file.handle, filled(2, 4096), at: 0)
    #expect(lab.disk.trees == [["a": filled(2, 4096)]])
  }

  @Test("A place of background work: the role, which file of it, after which of its changes")
  func place() throws {
    let second = Fault(
      .background(.writeBack, role: FileRole(name: "wal-#"), file: 2, nth: 2),
      .fails(FaultEffect.Failure(.ioError)))
    let lab = Lab(faults: [second])
    let first = try lab.open(try lab.create("wal-7"))
    let snapshot = try lab.open(try lab.create("snapshot"))
    let other = try lab.open(try lab.create("wal-3"))
    for handle in [first, snapshot] {
      for _ in 0..<4 { try lab.write(handle, [1], at: 0) }
      try lab.sync(handle)
    }
    try lab.write(other, [1], at: 0)
    #expect(lab.world.faults.notFired.count == 1)
    try lab.write(other, [1], at: 1)
    #expect(lab.world.faults.notFired.isEmpty)
    #expect(failure { try lab.sync(other) } == .ioError)
    for handle in [first, snapshot, other] { try lab.sync(handle) }
  }

  @Test(
    "A recording with late errors, played again, is the same disk",
    arguments: 1...12 as ClosedRange<UInt64>)
  func replayed(seed: UInt64) throws {
    var generator = PRNG(Seed(seed).derived("late"))
    var faults = RandomHistory.failingBarriers
    for role in ["a", "b", "c"] {
      let effect: FaultEffect = .fails(
        FaultEffect.Failure(
          generator.pick([.ioError, .noSpace]),
          after: generator.pick([.ext4, .xfs, .btrfs, .ext4Journal, .redirty, .btrfs2020]),
          lost: generator.pick(LostPages.allCases)))
      for (work, effect) in [(Fault.BackgroundWork.writeBack, effect), (.evict, .done)] {
        faults.append(
          Fault(
            .background(
              work, role: FileRole(name: role), file: 1, nth: generator.number(in: 1...8)),
            effect))
      }
    }
    var history = RandomHistory(Seed(seed).derived("late history"), faults: faults)
    for _ in 0..<60 { history.step() }
    let recording = try #require(history.lab.world.recording)
    var disk = recording.start
    for recorded in recording.operations { disk.apply(recorded.operation) }
    #expect(disk.stateDigest() == history.lab.disk.stateDigest(), "seed \(seed)")
    for state in disk.states() {
      // What a power cut leaves is at rest: nothing pending, nothing in doubt, no error.
      #expect(state.pendingCount == 0 && state.health == .working, "seed \(seed)")
      #expect(state.inodes.allSatisfy { $0.isClean && !$0.errors.isUnseen }, "seed \(seed)")
    }
  }
}
