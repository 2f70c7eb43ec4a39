import Determinism
@testable import DurabilityModel
import Testing

@Suite("A directory's entries")
struct DirectoryMapTests {
  @Test(
    "Are those of a dictionary, in the order of their names",
    arguments: 1...6 as ClosedRange<UInt64>)
  func matchesADictionary(seed: UInt64) {
    var generator = PRNG(Seed(seed))
    var map = DirectoryMap()
    var expected: [[UInt8]: InodeNumber] = [:]
    var clone = map
    var cloned = expected
    // Few names and many, so that chunks divide, empty and vanish.
    let range = generator.pick([50, 2_000, 5_000])
    for step in 0..<12_000 {
      let name = Array("\(generator.below(range))".utf8)
      let grows = (step / 3_000) % 2 == 0
      if generator.chance(grows ? 3 : 1, in: 4) {
        let inode = InodeNumber(UInt32(step))
        #expect(map.set(name, to: inode) == expected.updateValue(inode, forKey: name))
      } else {
        #expect(map.remove(name) == expected.removeValue(forKey: name))
      }
      if step % 4_000 == 0 { (clone, cloned) = (map, expected) }
      #expect(map.count == expected.count)
    }
    for (map, expected) in [(map, expected), (clone, cloned)] {
      let entries = map.entries
      #expect(map.isEmpty == expected.isEmpty)
      #expect(entries.count == expected.count)
      #expect(entries.allSatisfy { expected[$0.name] == $0.inode && map[$0.name] == $0.inode })
      let order = zip(entries, entries.dropFirst())
      #expect(order.allSatisfy { $0.name.lexicographicallyPrecedes($1.name) })
    }
  }

  @Test("Tens of thousands of them are made, listed, made durable and removed")
  func large() throws {
    let lab = World(disk: Disk(parameters: DiskParameters()))
    let names = (0..<40_000).map { Array("file-\($0 * 7919 % 40_000)".utf8) }
    for name in names {
      _ = try lab.create(name, in: .root, mode: 0o644, user: 0, group: 0)
    }
    #expect(try lab.entries(of: .root).count == names.count)
    try lab.synchronizeDirectory(.root, dataOnly: false)
    let kept = lab.disk
    #expect(kept.pendingCount == 0)
    for name in names { try lab.unlink(name, in: .root) }
    #expect(try lab.entries(of: .root).isEmpty)
    // The removals are pending: a power cut may undo each of them, and the clone never saw them.
    let none = PowerLossChoice(names: Array(repeating: false, count: names.count), files: [])
    #expect(lab.disk.afterPowerLoss(none).stateDigest() == kept.stateDigest())
  }
}
