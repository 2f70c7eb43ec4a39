import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

/// Faults of calls that are no errors: short transfers, delays, calls that hang; and full quotas.
@Suite("Short, slow and hanging calls, and quotas")
struct CallFaultTests {
  func fault(_ operation: FaultableOperation, _ effect: FaultEffect, nth: Int = 1) -> Fault {
    Fault(request: 1, operation: operation, role: FileRole(name: "*"), nth: nth, effect)
  }

  func read(_ lab: Lab, _ handle: HandleID, _ count: Int, at offset: UInt64 = 0) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0xEE, count: count)
    let got = try buffer.withUnsafeMutableBytes {
      try lab.world.read(handle, at: offset, into: $0)
    }
    return Array(buffer[..<got])
  }

  func written(_ lab: Lab, _ handle: HandleID, _ bytes: [UInt8], at offset: UInt64 = 0) throws
    -> Int
  {
    try bytes.withUnsafeBytes { try lab.world.write(handle, at: offset, $0, .volatile) }
  }

  @Test("A short read gives so many bytes, once")
  func shortRead() throws {
    let lab = Lab(faults: [fault(.read, .short(3), nth: 2)])
    let file = try lab.durableFile("a", [1, 2, 3, 4, 5])
    lab.world.beginRequest(1)
    #expect(try read(lab, file.handle, 5).count == 5)
    #expect(try read(lab, file.handle, 5) == [1, 2, 3])
    #expect(try read(lab, file.handle, 5).count == 5)
    #expect(lab.world.firedFaults == 1)
    // Never more than there is.
    let other = Lab(faults: [fault(.read, .short(30))])
    let small = try other.durableFile("a", [1, 2])
    other.world.beginRequest(1)
    #expect(try read(other, small.handle, 5) == [1, 2])
  }

  @Test("A short write writes so many bytes and says so; the next one goes on")
  func shortWrite() throws {
    let lab = Lab(faults: [fault(.write, .short(100))])
    let file = try lab.durableFile("a", [])
    lab.world.beginRequest(1)
    #expect(try written(lab, file.handle, filled(1, 1000)) == 100)
    #expect(lab.disk.bytes(file.inode) == filled(1, 100))
    #expect(try written(lab, file.handle, filled(1, 900), at: 100) == 900)
    try lab.sync(file.handle)
    #expect(lab.disk.trees == [["a": filled(1, 1000)]])
  }

  @Test("A slow call is announced, and otherwise goes as any other")
  func slow() throws {
    let lab = Lab(faults: [fault(.write, .slow(milliseconds: 30))])
    let file = try lab.durableFile("a", [])
    var waited: [Int] = []
    lab.world.onDelay = { waited.append($0) }
    lab.world.beginRequest(1)
    try lab.write(file.handle, [1], at: 0)
    try lab.write(file.handle, [2], at: 1)
    #expect(waited == [30])
    #expect(lab.disk.bytes(file.inode) == [1, 2])
  }

  @Test(
    "A call that hangs changes nothing and never returns", arguments: FaultableOperation.allCases)
  func hangs(operation: FaultableOperation) throws {
    let lab = Lab(faults: [fault(operation, .hangs)])
    let file = try lab.durableFile("a", [1])
    let before = lab.disk.stateDigest()
    lab.world.beginRequest(1)
    #expect(failure { try lab.world.admit(operation, file.inode) } == World.neverReturns)
    #expect(lab.world.hangs == 1)
    #expect(lab.disk.stateDigest() == before)
    // Other threads of a process go on.
    try lab.sync(file.handle)
  }

  @Test("A subject without a process of its own is stuck in its first call that hangs")
  func staysHung() throws {
    let lab = Lab(faults: [fault(.write, .hangs)])
    let file = try lab.durableFile("a", [1])
    lab.world.staysHung = true
    lab.world.beginRequest(1)
    #expect(failure { try lab.write(file.handle, [2], at: 0) } == World.neverReturns)
    #expect(failure { try lab.sync(file.handle) } == World.neverReturns)
    #expect(failure { try lab.create("b") } == World.neverReturns)
    #expect(lab.disk.bytes(file.inode) == [1])
  }

  // MARK: Quotas.

  func quotaLab(pages: Int, _ kind: Quota.Kind = .diskIsFull) -> Lab {
    var parameters = DiskParameters()
    parameters.quota = Quota(bytes: UInt64(pages * Page.size), kind)
    return Lab(parameters)
  }

  @Test(
    "A full quota writes what fits, then nothing; space given back can be used again",
    arguments: [
      (Quota.Kind.diskIsFull, Errno.noSpace), (.quotaIsUsedUp, .quotaExceeded),
    ])
  func quota(kind: Quota.Kind, error: Errno) throws {
    let lab = quotaLab(pages: 3, kind)
    let handle = try lab.open(try lab.create("a"))
    #expect(try written(lab, handle, filled(1, 8000)) == 8000)
    #expect(try lab.world.space().freeBlocks == 1)
    #expect(try written(lab, handle, filled(2, 8000), at: 8000) == 12_288 - 8000)
    #expect(lab.world.hindrances == 1)
    #expect(failure { _ = try written(lab, handle, [3], at: 12_288) } == error)
    #expect(failure { try lab.makeDirectory("d") } == error)
    #expect(try written(lab, handle, filled(4, 5000)) == 5000, "no new page")
    try lab.world.setSize(handle, to: 4096)
    #expect(try lab.world.space().freeBlocks == 2)
    #expect(try written(lab, handle, filled(5, 4096), at: 4096) == 4096)
    #expect(try lab.world.space().blocks == 3)
  }

  @Test("A removed file gives its space back when it is closed")
  func removed() throws {
    let lab = quotaLab(pages: 2)
    let handle = try lab.open(try lab.create("a"))
    #expect(try written(lab, handle, filled(1, 8192)) == 8192)
    try lab.unlink("a")
    #expect(try lab.world.space().freeBlocks == 0)
    lab.world.release(handle)
    #expect(try lab.world.space().freeBlocks == 2)
  }

  @Test("Space that fallocate gave is used by the write that follows")
  func preallocated() throws {
    let lab = quotaLab(pages: 2)
    let handle = try lab.open(try lab.create("a"))
    try lab.world.allocate(handle, at: 0, length: 8192, .extend)
    #expect(try lab.world.space().freeBlocks == 0)
    #expect(failure { try lab.world.allocate(handle, at: 8192, length: 1, .extend) } == .noSpace)
    #expect(try written(lab, handle, filled(1, 8192)) == 8192)
    #expect(failure { _ = try written(lab, handle, [1], at: 8192) } == .noSpace)
  }

  @Test("A power cut may bring more back than the quota allows: then there is no room, and no trap")
  func cutAboveQuota() throws {
    let lab = quotaLab(pages: 2)
    let file = try lab.durableFile("a", filled(1, 8192))
    try lab.unlink("a")
    lab.world.release(file.handle)
    _ = try lab.durableFile("b", filled(2, 8192))
    for state in lab.disk.states() {
      let again = Lab(state)
      #expect(try again.world.space().freeBlocks == 0)
      let handle = try again.open("b")
      #expect(failure { _ = try written(again, handle, [1], at: 8192) } == .noSpace)
    }
    // The quota is the world's: without it the same disk has room.
    let roomy = Lab(lab.disk)
    roomy.world.quota = nil
    #expect(try written(roomy, try roomy.open("b"), [1], at: 8192) == 1)
  }

  @Test("Random histories never use more than the quota, and what is free is what remains")
  func property() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      var history = RandomHistory(Seed(seed).derived("quota"))
      history.lab.world.quota = Quota(bytes: UInt64(6 * Page.size))
      for _ in 0..<80 {
        history.step()
        let lab = history.lab
        let counted = lab.disk.usedPages { number in
          lab.world.descriptions.contains { $0?.inode == number }
        }
        let free = try lab.world.space().freeBlocks
        #expect(counted <= 6, "seed \(seed)")
        #expect(Int(free) == 6 - counted, "seed \(seed)")
      }
    }
  }
}
