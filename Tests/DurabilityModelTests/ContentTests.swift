import Determinism
@testable import DurabilityModel
import StorageInterface
import Testing

@Suite("Sets of ranges and file content")
struct ContentTests {
  @Test("A set of ranges agrees with a set of numbers, over random histories")
  func rangeSets() {
    var generator = PRNG(Seed(5))
    for _ in 0..<200 {
      var ranges = RangeSet()
      var numbers: Set<Int> = []
      for _ in 0..<20 {
        let start = generator.below(30)
        let range = start..<start + generator.below(8)
        if generator.chance(2, in: 3) {
          ranges.insert(range)
          numbers.formUnion(range)
        } else {
          ranges.remove(range)
          numbers.subtract(range)
        }
        #expect(ranges.ranges.flatMap { Array($0) } == numbers.sorted())
        #expect(
          zip(ranges.ranges, ranges.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }
        )
        #expect(ranges.isEmpty == numbers.isEmpty)
        #expect((0..<40).allSatisfy { ranges.contains($0) == numbers.contains($0) })
        let bounds = generator.below(20)..<20 + generator.below(20)
        #expect(
          ranges.intersection(bounds).ranges.flatMap { Array($0) }
            == numbers.intersection(bounds).sorted())
        #expect(
          ranges.complement(in: bounds).ranges.flatMap { Array($0) }
            == Set(bounds).subtracting(numbers).sorted())
      }
    }
  }

  @Test("Content agrees with an array of bytes, and clones do not change with each other")
  func content() {
    var generator = PRNG(Seed(6))
    var content = FileContent()
    var bytes = filled(0, 20_000)
    var clones: [(FileContent, [UInt8])] = []
    for _ in 0..<150 {
      let start = generator.below(15_900)
      let length = generator.pick([0, 1, 511, 4096, 4000])
      if generator.chance(2, in: 3) {
        let new = filled(UInt8(generator.below(256)), length)
        new.withUnsafeBytes { content.write($0, at: UInt64(start)) }
        bytes.replaceSubrange(start..<start + length, with: new)
      } else {
        content.zero(UInt64(start)..<UInt64(start + length))
        bytes.replaceSubrange(start..<start + length, with: filled(0, length))
      }
      #expect(Self.bytes(of: content) == bytes)
      if generator.chance(1, in: 10) { clones.append((content, bytes)) }
    }
    #expect(!clones.isEmpty)
    for (clone, bytes) in clones { #expect(Self.bytes(of: clone) == bytes) }
  }

  @Test("Equal bytes have equal digests however they came about; a hole is not a page of zeros")
  func contentDigests() {
    func digest(_ content: FileContent, _ size: UInt64) -> Digest {
      var hasher = DigestHasher()
      content.combine(size: size, into: &hasher)
      return hasher.finish()
    }
    var whole = FileContent()
    filled(1, 6000).withUnsafeBytes { whole.write($0, at: 0) }
    var parts = FileContent()
    for start in stride(from: 5000, through: 0, by: -1000) {
      filled(1, 1000).withUnsafeBytes { parts.write($0, at: UInt64(start)) }
    }
    #expect(digest(whole, 6000) == digest(parts, 6000))
    #expect(digest(whole, 6000) != digest(whole, 5999))
    var changed = whole
    [UInt8(2)].withUnsafeBytes { changed.write($0, at: 5999) }
    #expect(digest(changed, 6000) != digest(whole, 6000))
    #expect(digest(changed, 5999) == digest(whole, 5999))
    var zeros = FileContent()
    filled(0, 4096).withUnsafeBytes { zeros.write($0, at: 0) }
    #expect(digest(zeros, 4096) != digest(FileContent(), 4096))
    zeros.zero(0..<4096)
    #expect(digest(zeros, 4096) == digest(FileContent(), 4096))
  }

  @Test("A state's digest tells content, size, holes, names, links, kinds and times apart")
  func stateDigests() throws {
    var digests: [Digest] = []
    func add(_ build: (Lab) throws -> Void) rethrows {
      let lab = Lab()
      try build(lab)
      digests.append(lab.disk.afterPowerLoss(lab.disk.choice(keepingAll: true)).stateDigest())
    }
    add { _ in }
    try add { try $0.create("a") }
    try add { try $0.create("b") }
    try add { try $0.makeDirectory("a") }
    try add {
      _ = try $0.world.makeSymbolicLink([0x61], in: .root, target: [0x62], user: 0, group: 0)
    }
    try add { try $0.write(try $0.open(try $0.create("a")), [0], at: 0) }
    try add { try $0.write(try $0.open(try $0.create("a")), [1], at: 0) }
    try add { try $0.write(try $0.open(try $0.create("a")), [1, 0], at: 0) }
    try add { try $0.world.setSize(try $0.create("a"), to: 1) }
    try add { try $0.world.link(try $0.create("a"), as: [0x62], in: .root) }
    try add {
      try $0.create("a")
      try $0.create("b")
    }
    try add {
      try $0.create("a", in: try $0.makeDirectory("d"))
    }
    try add {
      try $0.makeDirectory("d")
      try $0.create("a")
    }
    try add { try $0.world.setMode(try $0.create("a"), 0o600) }
    #expect(Set(digests).count == digests.count)
  }

  static func bytes(of content: FileContent) -> [UInt8] {
    var buffer = filled(0xAA, 20_000)
    buffer.withUnsafeMutableBytes { content.read(at: 0, into: $0) }
    return buffer
  }
}
