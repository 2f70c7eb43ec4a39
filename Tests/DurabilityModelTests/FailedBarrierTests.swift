import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("A failed fsync, with the after-state of ext4")
struct FailedBarrierTests {
  /// A durable file "a" of `bytes`, in a world whose request 1 meets one failing fdatasync.
  func lab(
    _ bytes: [UInt8], error: Errno = .ioError
  ) throws -> (lab: Lab, inode: InodeNumber, handle: HandleID) {
    let fault = Fault(
      request: 1, operation: .fdatasync, role: FileRole(name: "*"), nth: 1, error: error)
    let lab = Lab(faults: [fault])
    let file = try lab.durableFile("a", bytes)
    lab.world.beginRequest(1)
    return (lab, file.inode, file.handle)
  }

  @Test("(a) EIO, a retry succeeds and writes nothing: the disk keeps the old content")
  func retry() throws {
    let (lab, inode, handle) = try lab(filled(1, 4096))
    try lab.write(handle, filled(2, 4096), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    #expect(lab.disk.bytes(inode) == filled(2, 4096), "the cache goes on showing the new content")
    try lab.sync(handle)
    #expect(lab.disk.trees == [["a": filled(1, 4096)]])
  }

  @Test(
    "(b) EIO, then the process restarts: it reads the new content, which the disk does not have")
  func restart() throws {
    let (lab, inode, handle) = try lab(filled(1, 4096))
    try lab.write(handle, filled(2, 4096), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    let again = Lab(lab.disk.afterProcessCrash())
    #expect(again.disk.bytes(inode) == filled(2, 4096))
    // The failure was reported to the process before: the new one hears nothing of it.
    let reopened = try again.open("a")
    try again.sync(reopened)
    #expect(again.disk.trees == [["a": filled(1, 4096)]])
  }

  @Test("(b) A recording played again knows that the failure was reported")
  func replayedRecording() throws {
    let (lab, _, handle) = try lab(filled(1, 10))
    try lab.write(handle, filled(2, 10), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    var disk = try #require(lab.world.recording).start
    for recorded in try #require(lab.world.recording).operations { disk.apply(recorded.operation) }
    #expect(disk.stateDigest() == lab.disk.stateDigest())
    let recovery = Lab(disk.afterProcessCrash())
    try recovery.sync(try recovery.open("a"))
  }

  @Test("(c) EIO, then it goes on: writes to other pages become durable, the lost ones do not")
  func goesOn() throws {
    let (lab, _, handle) = try lab(filled(1, 8192))
    try lab.write(handle, filled(2, 10), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.write(handle, filled(3, 10), at: 5000)
    try lab.sync(handle)
    let expected = filled(1, 5000) + filled(3, 10) + filled(1, 3182)
    #expect(lab.disk.trees == [["a": expected]])
  }

  @Test(
    "(d) A failure is reported once to every description open at the time, and blamed on theirs")
  func reportedToAll() throws {
    let (lab, _, first) = try lab(filled(1, 10), error: .noSpace)
    let second = try lab.open("a")
    try lab.write(first, filled(2, 10), at: 0)
    #expect(failure { try lab.sync(first) } == .noSpace)
    let later = try lab.open("a")
    try lab.sync(later)
    try lab.sync(first)
    #expect(failure { try lab.sync(second) } == .noSpace)
    try lab.sync(second)
    #expect(lab.world.failedBarriers == 2)
  }

  @Test("A barrier that only reports an earlier failure covers nothing")
  func reportCoversNothing() throws {
    let (lab, inode, first) = try lab(filled(1, 10))
    let second = try lab.open("a")
    #expect(failure { try lab.sync(first) } == .ioError)
    try lab.write(second, filled(3, 10), at: 0)
    #expect(failure { try lab.sync(second) } == .ioError)
    let contents = Set(lab.disk.states().map { $0.bytes(inode) })
    #expect(contents == [filled(1, 10), filled(3, 10)])
    try lab.sync(second)
    #expect(lab.disk.trees == [["a": filled(3, 10)]])
  }

  @Test("A failure that nobody has seen is reported once to a description opened later")
  func unseen() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 10))
    try lab.write(file.handle, filled(2, 10), at: 0)
    var disk = lab.disk
    // As a failed write-back does, without any call of the subject.
    disk.apply(
      .failedSynchronize(
        WriteBackFailure(inode: file.inode, error: .ioError, after: .ext4, isReported: false)))
    let again = Lab(disk.afterProcessCrash())
    let first = try again.open("a")
    #expect(failure { try again.sync(first) } == .ioError)
    try again.sync(first)
    try again.sync(try again.open("a"))
    // An unseen error is part of the state, a seen one is not.
    #expect(disk.stateDigest() != again.disk.stateDigest())
    // A power cut forgets it.
    let afterCut = Lab(disk.afterPowerLoss(disk.choice(keepingAll: true)))
    try afterCut.sync(try afterCut.open("a"))
  }

  @Test("A synchronous write reports a failure its description has not seen, and covers nothing")
  func synchronousWriteReports() throws {
    let (lab, inode, first) = try lab(filled(1, 10))
    let second = try lab.open("a")
    #expect(failure { try lab.sync(first) } == .ioError)
    #expect(failure { try lab.write(second, filled(2, 10), at: 0, .synchronous) } == .ioError)
    #expect(lab.disk.bytes(inode) == filled(2, 10))
    #expect(Set(lab.disk.states().map { $0.bytes(inode) }) == [filled(1, 10), filled(2, 10)])
    try lab.write(second, filled(2, 10), at: 0, .synchronous)
    #expect(lab.disk.trees == [["a": filled(2, 10)]])
  }

  @Test(
    "(e) Later appends into a page whose first write failed are lost, although fdatasync returns 0")
  func laterAppends() throws {
    let (lab, inode, handle) = try lab([])
    try lab.write(handle, filled(1, 300), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    for number in 1..<20 {
      try lab.write(handle, filled(UInt8(number), 300), at: UInt64(number * 300))
      try lab.sync(handle)
    }
    // The first page is lost; from the second on all is well.
    let expected = lab.disk.bytes(inode).enumerated().map { $0 < 4096 ? 0 : $1 }
    #expect(lab.disk.trees == [["a": expected]])
    // Writing it twice does not help either.
    try lab.write(handle, filled(9, 300), at: 0)
    try lab.sync(handle)
    #expect(lab.disk.trees == [["a": expected]])
  }

  @Test("A failed append: old size or new size with zeros until the next commit, then the new one")
  func failedAppend() throws {
    let (lab, inode, handle) = try lab(filled(1, 100))
    try lab.write(handle, filled(2, 8000), at: 100)
    #expect(failure { try lab.sync(handle) } == .ioError)
    let contents = Set(lab.disk.states().map { $0.bytes(inode) })
    #expect(contents == [filled(1, 100), filled(1, 100) + filled(0, 8000)])
    try lab.sync(handle)
    #expect(lab.disk.trees == [["a": filled(1, 100) + filled(0, 8000)]])
  }

  @Test("An overwritten page becomes durable again when it is rewritten, all of it")
  func rewrite() throws {
    let (lab, inode, handle) = try lab(filled(1, 8192))
    try lab.write(handle, filled(2, 8192), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.write(handle, filled(3, 10), at: 0)
    // Until the barrier the rewritten page may be old, new by sectors, or hold what was lost.
    var seen: Set<[UInt8]> = []
    for state in lab.disk.states() {
      #expect(state.bytes(inode).suffix(4096).elementsEqual(filled(1, 4096)))
      seen.insert(Array(state.bytes(inode)[..<512]))
    }
    #expect(seen == [filled(1, 512), filled(3, 10) + filled(2, 502)])
    try lab.sync(handle)
    #expect(
      lab.disk.trees == [["a": filled(3, 10) + filled(2, 4086) + filled(1, 4096)]])
  }

  @Test("What a write makes dirty again is new at its crash point, also where only new states are")
  func redirtyIsNew() throws {
    let (lab, _, handle) = try lab(filled(1, 4096))
    try lab.write(handle, filled(2, 4096), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.write(handle, filled(3, 10), at: 0)
    let new = lab.disk.choices(onlyNew: true)
    // Sectors of the same page that only the failed write had touched, without the new write's.
    #expect(
      new.contains { choice in
        let bytes = lab.disk.afterPowerLoss(choice).tree["a"] ?? []
        return bytes[0] == 1 && bytes[600] == 2 || bytes[0] == 3 && bytes[600] == 1
      })
  }

  @Test("Truncation to nothing makes the file safe again, and so does a new file")
  func truncationHelps() throws {
    let (lab, inode, handle) = try lab([])
    try lab.write(handle, filled(1, 300), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.world.setSize(handle, to: 0)
    try lab.write(handle, filled(2, 300), at: 0)
    try lab.sync(handle)
    #expect(lab.disk.trees == [["a": filled(2, 300)]])
    #expect(lab.disk[inode]?.isClean == true)
    let other = try lab.durableFile("b", filled(3, 300))
    #expect(
      lab.disk.afterPowerLoss(lab.disk.choice(keepingAll: false)).bytes(other.inode)
        == filled(3, 300))
  }

  @Test("What was lost never comes back behind a truncation")
  func lostDataStaysCutOff() throws {
    let (lab, inode, handle) = try lab(filled(1, 12_288))
    try lab.write(handle, filled(2, 12_288), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.world.setSize(handle, to: 100)
    try lab.world.setSize(handle, to: 12_288)
    try lab.write(handle, filled(3, 10), at: 8192)
    try lab.sync(handle)
    let expected =
      filled(2, 100) + filled(0, 8092) + filled(3, 10) + filled(0, 4086)
    #expect(lab.disk.bytes(inode) == expected)
    #expect(lab.disk.trees == [["a": expected]])
  }

  @Test("What was written to an unwritten page does not reach the disk when the page is cut off")
  func cutUnwrittenPage() throws {
    let (lab, inode, handle) = try lab([])
    try lab.write(handle, filled(1, 300), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.write(handle, filled(2, 300), at: 300)
    try lab.world.setSize(handle, to: 0)
    for state in lab.disk.states() { #expect(state.bytes(inode).allSatisfy { $0 == 0 }) }
  }

  @Test("A truncation whose barrier failed: whole pages are given back with the size, none returns")
  func failedTruncation() throws {
    let (lab, inode, handle) = try lab(filled(1, 12_288))
    try lab.write(handle, filled(2, 12_288), at: 0)
    try lab.world.setSize(handle, to: 100)
    #expect(failure { try lab.sync(handle) } == .ioError)
    #expect(Set(lab.disk.states().map { $0.bytes(inode).count }) == [100, 12_288])
    try lab.sync(handle)
    try lab.world.setSize(handle, to: 12_288)
    try lab.sync(handle)
    let bytes = lab.disk.afterPowerLoss(lab.disk.choice(keepingAll: true)).bytes(inode)
    #expect(bytes == filled(1, 100) + filled(0, 12_188))
    // Pages behind the cut were never written: a first write to one is durable.
    try lab.write(handle, filled(4, 10), at: 8192)
    try lab.sync(handle)
    #expect(
      lab.disk.trees.allSatisfy { $0["a"]?[8192..<8202].elementsEqual(filled(4, 10)) == true })
  }

  @Test("A page cut off and written again is a first write: when it fails, it stays unwritten")
  func reusedPage() throws {
    let (lab, _, handle) = try lab(filled(1, 8192))
    try lab.world.setSize(handle, to: 0)
    try lab.write(handle, filled(2, 300), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.write(handle, filled(3, 300), at: 300)
    try lab.sync(handle)
    #expect(lab.disk.trees == [["a": filled(0, 600)]])
  }

  @Test("EINTR, EROFS and their like say that nothing was tried: a retry covers everything")
  func otherErrors() throws {
    for error in [Errno.interrupted, .readOnlyFileSystem, .noMemory] {
      let (lab, _, handle) = try lab(filled(1, 10), error: error)
      let other = try lab.open("a")
      try lab.write(handle, filled(2, 10), at: 0)
      #expect(failure { try lab.sync(handle) } == error)
      #expect(lab.world.failedBarriers == 1)
      try lab.sync(other)
      #expect(lab.disk.trees == [["a": filled(2, 10)]])
    }
  }

  @Test("EDQUOT and ENOSPC at the barrier leave the after-state of EIO")
  func fullDisk() throws {
    for error in [Errno.noSpace, .quotaExceeded] {
      let (lab, _, handle) = try lab(filled(1, 10), error: error)
      try lab.write(handle, filled(2, 10), at: 0)
      #expect(failure { try lab.sync(handle) } == error)
      try lab.sync(handle)
      #expect(lab.disk.trees == [["a": filled(1, 10)]])
    }
  }

  @Test("A failed barrier of a directory covers nothing, and a retry covers its names")
  func failedDirectoryBarrier() throws {
    let fault = Fault(
      request: 1, operation: .fsyncdir, role: FileRole(name: "/"), nth: 1, error: .ioError)
    let lab = Lab(faults: [fault])
    lab.world.beginRequest(1)
    try lab.create("a")
    #expect(failure { try lab.syncRoot() } == .ioError)
    #expect(lab.world.failedBarriers == 1)
    #expect(lab.disk.nameSets == [[], ["a"]])
    try lab.syncRoot()
    #expect(lab.disk.nameSets == [["a"]])
  }

  @Test("A process crash keeps what is lost, and a power cut ends it")
  func afterCrashes() throws {
    let (lab, inode, handle) = try lab([])
    try lab.write(handle, filled(1, 300), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    let crashed = lab.disk.afterProcessCrash()
    #expect(crashed[inode]?.unwritten.isEmpty == false && crashed[inode]?.lost.isEmpty == false)
    let again = Lab(crashed)
    let reopened = try again.open("a")
    try again.write(reopened, filled(2, 300), at: 300)
    try again.sync(reopened)
    #expect(again.disk.trees == [["a": filled(0, 600)]])
    let cut = Lab(again.disk.afterPowerLoss(again.disk.choice(keepingAll: true)))
    let afterCut = try cut.open("a")
    try cut.write(afterCut, filled(3, 300), at: 0)
    try cut.sync(afterCut)
    #expect(cut.disk.trees == [["a": filled(3, 300) + filled(0, 300)]])
  }
}
