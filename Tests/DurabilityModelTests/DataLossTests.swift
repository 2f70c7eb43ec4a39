import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("posix-min: what a power cut does to data and sizes")
struct DataLossTests {
  @Test("Unsynced overwrite: any subset of its sectors, each old or new")
  func overwrite() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 2048))
    try lab.write(file.handle, filled(2, 2048), at: 0)
    for subset in 0..<16 {
      let sectors = (0..<4).filter { subset & (1 << $0) != 0 }
      let state = lab.disk.keeping([.sectors(sectors)], size: 0)
      let expected = (0..<4).flatMap { filled(sectors.contains($0) ? 2 : 1, 512) }
      #expect(state.bytes(file.inode) == expected)
    }
    #expect(lab.disk.keeping([.all], size: 0).bytes(file.inode) == filled(2, 2048))
    #expect(lab.disk.keeping([.none], size: 0).bytes(file.inode) == filled(1, 2048))
  }

  @Test("Unsynced overwrite: no sector is ever torn in itself, whatever is listed")
  func sectorsAreAtomic() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 1536))
    try lab.write(file.handle, filled(2, 1100), at: 100)
    for state in lab.disk.states() {
      let bytes = state.bytes(file.inode)
      #expect(bytes.count == 1536)
      for sector in 0..<3 {
        let range = sector * 512..<sector * 512 + 512
        let new = range.map { (100..<1200).contains($0) ? UInt8(2) : 1 }
        #expect(Array(bytes[range]) == filled(1, 512) || Array(bytes[range]) == new)
      }
    }
  }

  @Test("A sector shows a snapshot of the cache: a later write brings along earlier ones to it")
  func snapshots() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(0, 512))
    try lab.write(file.handle, filled(1, 10), at: 0)
    try lab.write(file.handle, filled(2, 10), at: 20)
    let both = lab.disk.keeping([.none, .all], size: 0).bytes(file.inode)
    #expect(both[0..<10].allSatisfy { $0 == 1 } && both[20..<30].allSatisfy { $0 == 2 })
    let first = lab.disk.keeping([.all, .none], size: 0).bytes(file.inode)
    #expect(first[0..<10].allSatisfy { $0 == 1 } && first[20..<30].allSatisfy { $0 == 0 })
  }

  @Test("The order of writes to different sectors is arbitrary")
  func order() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(0, 1024))
    try lab.write(file.handle, filled(1, 512), at: 0)
    try lab.write(file.handle, filled(2, 512), at: 512)
    let all = Set(lab.disk.states().map { $0.bytes(file.inode) })
    #expect(
      all.isSuperset(of: [
        filled(0, 1024), filled(1, 512) + filled(0, 512), filled(0, 512) + filled(2, 512),
        filled(1, 512) + filled(2, 512),
      ]))
  }

  @Test("Append: size and data are independent: old, whole, short at a byte, size without data")
  func append() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 10))
    try lab.write(file.handle, filled(2, 1000), at: 10)
    let disk = lab.disk
    #expect(disk.keeping([.none], size: 0).bytes(file.inode) == filled(1, 10))
    #expect(disk.keeping([.all], size: 0).bytes(file.inode) == filled(1, 10))
    #expect(disk.keeping([.all], size: 1).bytes(file.inode) == filled(1, 10) + filled(2, 1000))
    for end in [UInt64(11), 500, 1009] {
      let state = disk.keeping([.all], size: 0, exactSize: end)
      #expect(state.bytes(file.inode) == filled(1, 10) + filled(2, Int(end) - 10))
    }
    // A hole, then data; and a prefix, then nothing.
    let hole = disk.keeping([.sectors([1])], size: 1).bytes(file.inode)
    #expect(hole == filled(1, 10) + filled(0, 502) + filled(2, 498))
    let prefix = disk.keeping([.sectors([0])], size: 1).bytes(file.inode)
    #expect(prefix == filled(1, 10) + filled(2, 502) + filled(0, 498))
    // All of these are among what is listed.
    let listed = Set(disk.states().map { $0.bytes(file.inode) })
    #expect(listed.isSuperset(of: [filled(1, 10), filled(1, 10) + filled(2, 1000), hole]))
    #expect(disk.choices().contains { $0.files[0].data == [.sectors([0])] })
    #expect(listed.contains { $0.count == 11 } && listed.contains { $0.count == 1009 })
  }

  @Test("Append: every kind of garbage is listed, in whole sectors that were never synced")
  func garbage() throws {
    let lab = Lab()
    let old = try lab.durableFile("old", filled(9, 4096))
    _ = old
    try lab.unlink("old")
    try lab.syncRoot()
    let file = try lab.durableFile("a", filled(1, 700))
    try lab.write(file.handle, filled(2, 2000), at: 700)
    let listed = Set(lab.disk.choices().flatMap(\.files).map(\.garbage))
    #expect(listed == Set(GarbageKind.allCases))
    for kind in GarbageKind.allCases {
      let bytes = lab.disk.keeping([.none], size: 1, garbage: kind, garbageSeed: 5)
        .bytes(file.inode)
      // What was synced stands; the rest of its sector is what the cache wrote there: zeros.
      #expect(Array(bytes[..<1024]) == filled(1, 700) + filled(0, 324))
      let rest = Array(bytes[1024...])
      #expect(rest.count == 1676)
      switch kind {
      case .zeros: #expect(rest == filled(0, 1676))
      case .ones: #expect(rest == filled(0xFF, 1676))
      case .staleNewest, .staleOldest: #expect(rest == filled(9, 1676))
      case .random: #expect(Set(rest).count > 100)
      case .ownRecords: #expect(rest.contains(2))
      }
    }
  }

  @Test("Random garbage depends on its seed, and on nothing else")
  func garbageSeeds() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", [])
    try lab.write(file.handle, filled(2, 1024), at: 0)
    func state(_ seed: UInt64) -> [UInt8] {
      lab.disk.keeping([.none], size: 1, garbage: .random, garbageSeed: seed).bytes(file.inode)
    }
    #expect(state(1) == state(1))
    #expect(state(1) != state(2))
    #expect(state(1)[..<512] != state(1)[512...])
  }

  @Test("Stale garbage: the newest and the oldest earlier content of this range, own content first")
  func staleGarbage() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(7, 1024))
    for value in [UInt8(8), 9] {
      try lab.world.setSize(file.handle, to: 0)
      try lab.write(file.handle, filled(value, 1024), at: 0)
    }
    try lab.world.setSize(file.handle, to: 0)
    try lab.sync(file.handle)
    _ = try lab.durableFile("other", filled(5, 4096))
    try lab.unlink("other")
    try lab.syncRoot()
    try lab.write(file.handle, filled(2, 2048), at: 0)
    let newest = lab.disk.keeping([.none], size: 1, garbage: .staleNewest).bytes(file.inode)
    let oldest = lab.disk.keeping([.none], size: 1, garbage: .staleOldest).bytes(file.inode)
    // Behind the file's own earlier content: that of the freed one.
    #expect(newest == filled(9, 1024) + filled(5, 1024))
    #expect(oldest == filled(7, 1024) + filled(5, 1024))
  }

  @Test("No garbage in synced space, in overwritten space, or where only the size grew")
  func noGarbage() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 1024))
    try lab.write(file.handle, filled(2, 1024), at: 0)
    try lab.world.setSize(file.handle, to: 8192)
    for state in lab.disk.states() {
      let bytes = state.bytes(file.inode)
      #expect(bytes.allSatisfy { $0 <= 2 })
      #expect(bytes.dropFirst(1024).allSatisfy { $0 == 0 })
    }
  }

  @Test("Truncate up: the old size, or the new one with zeros")
  func truncateUp() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 100))
    try lab.world.setSize(file.handle, to: 5000)
    let all = Set(lab.disk.states().map { $0.bytes(file.inode) })
    #expect(all == [filled(1, 100), filled(1, 100) + filled(0, 4900)])
  }

  @Test("Truncate down: size old or new, and with the old size the cut part zeroed or not")
  func truncateDown() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 1500))
    try lab.world.setSize(file.handle, to: 300)
    let disk = lab.disk
    #expect(disk.keeping([.all], size: 1).bytes(file.inode) == filled(1, 300))
    #expect(disk.keeping([.none], size: 1).bytes(file.inode) == filled(1, 300))
    #expect(disk.keeping([.none], size: 0).bytes(file.inode) == filled(1, 1500))
    #expect(disk.keeping([.all], size: 0).bytes(file.inode) == filled(1, 300) + filled(0, 1200))
    // The cut page zeroed from the new end, the others not.
    let head = disk.keeping([.sectors([0])], size: 0).bytes(file.inode)
    #expect(head == filled(1, 300) + filled(0, 212) + filled(1, 988))
    // And never bytes of the past behind the new end, should the file grow again.
    for state in disk.states() where state.bytes(file.inode).count == 300 {
      let later = Lab(state)
      let handle = try later.open("a")
      try later.world.setSize(handle, to: 1500)
      #expect(later.disk.bytes(file.inode) == filled(1, 300) + filled(0, 1200))
    }
  }

  @Test("Truncate down, then append: the old size may hold the later appends")
  func truncateThenAppend() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 2048))
    try lab.world.setSize(file.handle, to: 512)
    try lab.write(file.handle, filled(3, 512), at: 512)
    // Items: the cut, the append; sizes: 512, 1024.
    let mixed = lab.disk.keeping([.none, .all], size: 0).bytes(file.inode)
    #expect(mixed == filled(1, 512) + filled(3, 512) + filled(1, 1024))
    let zeroed = lab.disk.keeping([.all, .all], size: 0).bytes(file.inode)
    #expect(zeroed == filled(1, 512) + filled(3, 512) + filled(0, 1024))
    let new = lab.disk.keeping([.all, .all], size: 2).bytes(file.inode)
    #expect(new == filled(1, 512) + filled(3, 512))
    #expect(lab.disk.keeping([.none, .none], size: 1).bytes(file.inode) == filled(1, 512))
  }

  @Test("A truncation gives the last page back whole: grown again, the file has a hole there")
  func truncationLeavesHoles() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 6000))
    try lab.world.setSize(file.handle, to: 4096)
    try lab.world.setSize(file.handle, to: 6000)
    #expect(try lab.world.attributes(file.inode).blocks == 8)
    // The same hole whether the state was made whole or piece by piece.
    let whole = lab.disk.keeping([.all], size: 0)
    let pieces = lab.disk.keeping([.sectors(Array(8..<16))], size: 0)
    #expect(whole.stateDigest() == pieces.stateDigest())
    #expect(try World(disk: whole).attributes(file.inode).blocks == 8)
  }

  @Test("Truncation to the same size is no operation")
  func truncateToSameSize() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 100))
    let count = lab.disk.operationCount
    try lab.world.setSize(file.handle, to: 100)
    #expect(lab.disk.operationCount == count && lab.disk.pendingCount == 0)
  }

  @Test("A write behind the end leaves a hole of zeros, in the cache and in every state")
  func writeBeyondEnd() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", filled(1, 10))
    try lab.write(file.handle, filled(2, 512), at: 8192)
    #expect(lab.disk.bytes(file.inode) == filled(1, 10) + filled(0, 8182) + filled(2, 512))
    for state in lab.disk.states() {
      let bytes = state.bytes(file.inode)
      #expect(bytes.prefix(10).elementsEqual(filled(1, 10)))
      #expect(bytes.dropFirst(10).prefix(8182).allSatisfy { $0 == 0 })
    }
  }

  @Test("With sectors of 4096 bytes a smaller overwrite is whole or missing")
  func largeSectors() throws {
    var parameters = DiskParameters()
    parameters.sectorSize = 4096
    let lab = Lab(parameters)
    let file = try lab.durableFile("a", filled(1, 4096))
    try lab.write(file.handle, filled(2, 2048), at: 1024)
    let all = Set(lab.disk.states().map { $0.bytes(file.inode) })
    #expect(all == [filled(1, 4096), filled(1, 1024) + filled(2, 2048) + filled(1, 1024)])
  }

  @Test("Without tears nothing ends at a byte and no write is kept in part")
  func withoutTears() throws {
    var parameters = DiskParameters()
    parameters.tears = []
    let lab = Lab(parameters)
    let file = try lab.durableFile("a", filled(1, 512))
    try lab.write(file.handle, filled(2, 2048), at: 512)
    for choice in lab.disk.choices() { #expect(!choice.tearsAnything) }
    _ = file
  }
}
