import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

/// What a failed fsync leaves on each file system, rule by rule (disk.md, "A failed fsync has an
/// after-state"; groundtruth, section 2).
@Suite("The after-states of a failed fsync")
struct AfterStateTests {
  /// A durable file "a" of `bytes`, in a world whose request 1 meets one failing fdatasync.
  func lab(
    _ bytes: [UInt8], _ after: AfterFailedBarrier, lost: LostPages = .all, error: Errno = .ioError
  ) throws -> (lab: Lab, inode: InodeNumber, handle: HandleID) {
    let fault = Fault(
      request: 1, operation: .fdatasync, role: FileRole(name: "*"), nth: 1, error: error,
      after: after, lost: lost)
    let lab = Lab(faults: [fault])
    let file = try lab.durableFile("a", bytes)
    lab.world.beginRequest(1)
    return (lab, file.inode, file.handle)
  }

  /// Every content of "a" that a power cut may leave.
  func contents(_ lab: Lab, _ inode: InodeNumber) -> Set<[UInt8]> {
    Set(lab.disk.states().map { $0.bytes(inode) })
  }

  static let dataStates: [AfterFailedBarrier] = [
    .ext4, .xfs, .btrfs, .ext4Journal, .redirty, .btrfs2020,
  ]
  static let likeExt4: [AfterFailedBarrier] = [.ext4, .xfs, .btrfs]

  // MARK: Data that could not be written.

  @Test(
    "ext4, xfs, btrfs: an overwrite is clean, new in the cache, old on the disk",
    arguments: likeExt4)
  func overwrite(after: AfterFailedBarrier) throws {
    let (lab, inode, handle) = try lab(filled(1, 4096), after)
    try lab.write(handle, filled(2, 4096), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    #expect(lab.disk.bytes(inode) == filled(2, 4096))
    try lab.sync(handle)
    #expect(contents(lab, inode) == [filled(1, 4096)])
  }

  @Test(
    "ext4, xfs, btrfs: a page rewritten as a whole is durable at the next fsync",
    arguments: likeExt4)
  func rewritten(after: AfterFailedBarrier) throws {
    let (lab, inode, handle) = try lab(filled(1, 4096), after)
    try lab.write(handle, filled(2, 4096), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.write(handle, filled(3, 4096), at: 0)
    try lab.sync(handle)
    #expect(contents(lab, inode) == [filled(3, 4096)])
  }

  @Test("ext4: a failed append has the old size until the next commit, then the new one with zeros")
  func appendOnExt4() throws {
    let (lab, inode, handle) = try lab(filled(1, 4096), .ext4)
    try lab.write(handle, filled(2, 8192), at: 4096)
    #expect(failure { try lab.sync(handle) } == .ioError)
    let zeros = filled(1, 4096) + filled(0, 8192)
    #expect(contents(lab, inode) == [filled(1, 4096), zeros])
    try lab.sync(handle)
    #expect(contents(lab, inode) == [zeros])
  }

  @Test(
    "xfs, btrfs: a failed append keeps the old size, whatever is synced",
    arguments: [
      AfterFailedBarrier.xfs, .btrfs,
    ])
  func appendOnXFS(after: AfterFailedBarrier) throws {
    let (lab, inode, handle) = try lab(filled(1, 4096), after)
    try lab.write(handle, filled(2, 8192), at: 4096)
    #expect(failure { try lab.sync(handle) } == .ioError)
    #expect(lab.disk.bytes(inode).count == 12_288, "a process goes on seeing the new size")
    try lab.sync(handle)
    #expect(contents(lab, inode) == [filled(1, 4096)])
  }

  @Test(
    "xfs, btrfs: data written behind a failed append carries the size past a hole",
    arguments: [
      AfterFailedBarrier.xfs, .btrfs,
    ])
  func holeOnXFS(after: AfterFailedBarrier) throws {
    let (lab, inode, handle) = try lab(filled(1, 4096), after)
    try lab.write(handle, filled(2, 8192), at: 4096)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.write(handle, filled(3, 4096), at: 12_288)
    try lab.sync(handle)
    #expect(contents(lab, inode) == [filled(1, 4096) + filled(0, 8192) + filled(3, 4096)])
  }

  @Test("xfs: rewriting the first of two lost pages carries the size to the end of that page")
  func sizeByPageOnXFS() throws {
    let (lab, inode, handle) = try lab(filled(1, 4096), .xfs)
    try lab.write(handle, filled(2, 8000), at: 4096)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.write(handle, filled(3, 10), at: 4096)
    try lab.sync(handle)
    #expect(contents(lab, inode) == [filled(1, 4096) + filled(3, 10) + filled(2, 4086)])
    try lab.write(handle, filled(4, 10), at: 8192)
    try lab.sync(handle)
    #expect(contents(lab, inode) == [lab.disk.bytes(inode)])
    #expect(lab.disk[inode]?.isClean == true)
  }

  @Test("xfs: the size of a truncation is in the log and survives a failed write-back")
  func truncationOnXFS() throws {
    let (lab, inode, handle) = try lab(filled(1, 12_288), .xfs)
    try lab.write(handle, filled(2, 100), at: 0)
    try lab.world.setSize(handle, to: 4096)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.sync(handle)
    #expect(contents(lab, inode) == [filled(1, 4096)])
  }

  @Test("(e) Twenty appends after one failed: ext4 loses the first page, xfs and btrfs nothing")
  func laterAppends() throws {
    for after in Self.likeExt4 {
      let (lab, inode, handle) = try lab([], after)
      try lab.write(handle, filled(9, 300), at: 0)
      #expect(failure { try lab.sync(handle) } == .ioError)
      for number in 1...20 {
        try lab.write(handle, filled(UInt8(number), 300), at: UInt64(number * 300))
        try lab.sync(handle)
      }
      let cache = lab.disk.bytes(inode)
      let expected = after == .ext4 ? filled(0, 4096) + cache[4096...] : cache
      #expect(contents(lab, inode) == [expected], "\(after)")
    }
  }

  @Test("btrfs-2020: cache and size revert to what the disk has")
  func revert() throws {
    let (lab, inode, handle) = try lab(filled(1, 5000), .btrfs2020)
    try lab.write(handle, filled(2, 6000), at: 100)
    #expect(failure { try lab.sync(handle) } == .ioError)
    #expect(lab.disk.bytes(inode) == filled(1, 5000))
    try lab.sync(handle)
    #expect(contents(lab, inode) == [filled(1, 5000)])
    try lab.write(handle, filled(3, 200), at: 5000)
    try lab.sync(handle)
    #expect(contents(lab, inode) == [filled(1, 5000) + filled(3, 200)])
  }

  @Test("redirty: pages stay dirty, and a retry writes them")
  func redirty() throws {
    let (lab, inode, handle) = try lab(filled(1, 100), .redirty)
    try lab.write(handle, filled(2, 8000), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    #expect(contents(lab, inode).contains(filled(1, 100)))
    try lab.sync(handle)
    #expect(contents(lab, inode) == [filled(2, 8000)])
  }

  @Test("ext4-journal: new, or after a checkpoint old, also where a retry answered 0")
  func journaledData() throws {
    let (lab, inode, handle) = try lab(filled(1, 4096), .ext4Journal)
    try lab.write(handle, filled(2, 4096), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.sync(handle)
    let seen = contents(lab, inode)
    #expect(seen.contains(filled(1, 4096)) && seen.contains(filled(2, 4096)))
    // Written again it is as any other page.
    try lab.write(handle, filled(3, 10), at: 0)
    try lab.sync(handle)
    #expect(contents(lab, inode) == [filled(3, 10) + filled(2, 4086)])
  }

  @Test("ext4-journal: behind a failed append the new size may show garbage")
  func journaledAppend() throws {
    let (lab, inode, handle) = try lab(filled(1, 4096), .ext4Journal)
    try lab.write(handle, filled(2, 4096), at: 4096)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.sync(handle)
    let seen = contents(lab, inode)
    #expect(seen.allSatisfy { $0.count == 8192 && $0.starts(with: filled(1, 4096)) })
    #expect(seen.contains(filled(1, 4096) + filled(2, 4096)))
    #expect(seen.contains { $0[4096...].contains(0xFF) })
  }

  @Test("ext4-journal: what is in doubt goes with the page that a truncation cuts off")
  func doubtIsCutOff() throws {
    let (lab, inode, handle) = try lab(filled(1, 8192), .ext4Journal)
    try lab.write(handle, filled(2, 8192), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.world.setSize(handle, to: 0)
    try lab.sync(handle)
    #expect(contents(lab, inode) == [[]])
  }

  // MARK: Siblings.

  @Test(
    "Siblings in the batch may be written, and a later fsync covers them", arguments: dataStates)
  func siblings(after: AfterFailedBarrier) throws {
    for (lost, old) in [(LostPages.first, 0), (.last, 2)] {
      let (lab, inode, handle) = try lab(filled(1, 12_288), after, lost: lost)
      try lab.write(handle, filled(2, 12_288), at: 0)
      #expect(failure { try lab.sync(handle) } == .ioError)
      let before = contents(lab, inode)
      #expect(before.contains(filled(1, 12_288)), "\(after): none of them need be there")
      try lab.sync(handle)
      var expected = filled(2, 12_288)
      expected.replaceSubrange(old * 4096..<old * 4096 + 4096, with: filled(1, 4096))
      let seen = contents(lab, inode)
      switch after {
      case .redirty: #expect(seen == [filled(2, 12_288)])
      case .ext4Journal: #expect(seen.isSuperset(of: [filled(2, 12_288), expected]))
      default: #expect(seen == [expected], "\(after), \(lost)")
      }
    }
  }

  @Test(
    "Which pages of a batch are lost",
    arguments: [
      (LostPages.all, [1, 2, 5, 6, 7]), (.first, [1]), (.last, [7]), (.alternate, [1, 5, 7]),
    ])
  func lostPages(lost: LostPages, expected: [Int]) {
    var pages = RangeSet(1..<3)
    pages.insert(5..<8)
    #expect(Array(lost.select(pages).ranges.joined()) == expected)
    #expect(lost.select(RangeSet()).isEmpty)
    #expect(Array(lost.select(RangeSet(4..<5)).ranges.joined()) == [4])
  }

  // MARK: Which after-state it is.

  @Test(
    "The persistence model picks the after-state; a scenario, and then a fault, may name another")
  func choice() throws {
    var parameters = DiskParameters()
    for (model, after) in [
      (PersistenceModelName.posixMin, AfterFailedBarrier.ext4), (.ext4Ordered, .ext4),
      (.xfs, .xfs), (.btrfs, .btrfs), (.lazyfs, .ext4),
    ] {
      parameters.model = model
      parameters.afterFailedBarrier = nil
      #expect(parameters.afterState == after)
      parameters.afterFailedBarrier = .redirty
      #expect(parameters.afterState == .redirty)
    }
    let fault = Fault(
      request: 1, operation: .fdatasync, role: FileRole(name: "*"), nth: 1, error: .ioError,
      after: .btrfs2020)
    let lab = Lab(parameters, faults: [fault])
    let file = try lab.durableFile("a", filled(1, 10))
    lab.world.beginRequest(1)
    try lab.write(file.handle, filled(2, 10), at: 0)
    #expect(failure { try lab.sync(file.handle) } == .ioError)
    #expect(lab.disk.bytes(file.inode) == filled(1, 10))
  }

  // MARK: Synchronous writes.

  @Test(
    "O_SYNC, O_DSYNC: a failed write leaves the after-state for its own range", arguments: likeExt4)
  func synchronousWrite(after: AfterFailedBarrier) throws {
    let fault = Fault(
      request: 1, operation: .write, role: FileRole(name: "*"), nth: 1, error: .ioError,
      after: after)
    let lab = Lab(faults: [fault])
    let file = try lab.durableFile("a", filled(1, 12_288))
    let other = try lab.open("a")
    try lab.write(file.handle, filled(5, 10), at: 8192)
    lab.world.beginRequest(1)
    #expect(
      failure { try lab.write(file.handle, filled(2, 4096), at: 0, .synchronous) } == .ioError)
    #expect(lab.world.failedBarriers == 1)
    #expect(lab.disk.bytes(file.inode).starts(with: filled(2, 4096)))
    // It told its own description, and no other.
    try lab.sync(file.handle)
    #expect(failure { try lab.sync(other) } == .ioError)
    try lab.sync(other)
    // The rest of the file was not part of it.
    #expect(
      contents(lab, file.inode) == [filled(1, 8192) + filled(5, 10) + filled(1, 4086)])
  }

  @Test("A synchronous write that leaves a prefix failed before its barrier")
  func synchronousPrefix() throws {
    let fault = Fault(
      request: 1, operation: .write, role: FileRole(name: "*"), nth: 1, error: .noSpace,
      leaving: 100)
    let lab = Lab(faults: [fault])
    let file = try lab.durableFile("a", filled(1, 4096))
    lab.world.beginRequest(1)
    #expect(
      failure { try lab.write(file.handle, filled(2, 4096), at: 0, .synchronous) } == .noSpace)
    #expect(lab.world.failedBarriers == 0)
    try lab.sync(file.handle)
    #expect(contents(lab, file.inode) == [filled(2, 100) + filled(1, 3996)])
  }

  // MARK: A flush that failed, and pages in doubt.

  @Test("flush: the caller alone is told, the data is in doubt, and the next barrier covers it")
  func flush() throws {
    let (lab, inode, handle) = try lab(filled(1, 4096), .flush)
    let other = try lab.open("a")
    try lab.write(handle, filled(2, 4096), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    #expect(contents(lab, inode).isSuperset(of: [filled(1, 4096), filled(2, 4096)]))
    #expect(failure { try lab.world.synchronizeFileSystem(other) } == nil)
    try lab.sync(other)
    #expect(contents(lab, inode) == [filled(2, 4096)])
  }

  @Test("ext4-journal: a page dropped from the cache is read from its place, and stays in doubt")
  func droppedInDoubt() throws {
    let (lab, inode, handle) = try lab(filled(1, 4096), .ext4Journal)
    try lab.write(handle, filled(2, 4096), at: 0)
    #expect(failure { try lab.sync(handle) } == .ioError)
    for _ in 0..<2 {
      try lab.world.adviseDontNeed(range: 0..<4096, of: handle)
      #expect(lab.disk.bytes(inode) == filled(1, 4096))
      try lab.sync(handle)
      #expect(contents(lab, inode).isSuperset(of: [filled(1, 4096), filled(2, 4096)]))
    }
    try lab.write(handle, filled(3, 10), at: 0)
    #expect(lab.disk.bytes(inode) == filled(3, 10) + filled(1, 4086))
    try lab.sync(handle)
    #expect(contents(lab, inode) == [filled(3, 10) + filled(1, 4086)])
  }

  @Test("ext4-journal: an append dropped from the cache shows what the blocks held, ever the same")
  func droppedAppend() throws {
    let (lab, inode, handle) = try lab(filled(1, 4096), .ext4Journal)
    try lab.write(handle, filled(2, 4096), at: 4096)
    #expect(failure { try lab.sync(handle) } == .ioError)
    try lab.sync(handle)
    try lab.world.adviseDontNeed(range: 0..<8192, of: handle)
    let shown = lab.disk.bytes(inode)
    #expect(shown.count == 8192 && Array(shown[..<4096]) == filled(1, 4096))
    #expect(shown[4096...] != filled(2, 4096)[...] && shown[4096...].contains { $0 != 0 })
    try lab.world.adviseDontNeed(range: 0..<8192, of: handle)
    #expect(lab.disk.bytes(inode) == shown)
    let journalled = filled(1, 4096) + filled(2, 4096)
    #expect(contents(lab, inode).isSuperset(of: [shown, journalled]))
  }
}
