import Determinism
import Testing

@testable import DurabilityModel

@Suite("Sparse content and the bytes of writes")
struct SparseContentTests {
  /// Pages far apart: neighbours, the borders of every level of the tree, and the last page of all.
  static let places: [Int] = {
    let last = Int(FileContent.maximumSize) / Page.size - 1
    var places = [0, 1, 30, 31, 32, 33, 1023, 1024, 1025]
    for bits in stride(from: 15, to: 51, by: 5) {
      places += [1 << bits - 1, 1 << bits, 1 << bits + 7]
    }
    return places + [last - 1, last]
  }()

  @Test("A sparse file of any size agrees with a map of its pages, and so do its clones")
  func sparse() {
    var generator = PRNG(Seed(77))
    var content = FileContent()
    var expected: [Int: UInt8] = [:]
    var clones: [(FileContent, [Int: UInt8])] = []
    for round in 0..<600 {
      let index = generator.pick(Self.places)
      let offset = UInt64(index) * UInt64(Page.size)
      switch generator.below(4) {
      case 0, 1:
        filled(UInt8(round & 0xFF), Page.size).withUnsafeBytes { content.write($0, at: offset) }
        expected[index] = UInt8(round & 0xFF)
      case 2:
        content.zero(offset..<offset + UInt64(Page.size))
        expected[index] = nil
      default:
        let other = generator.pick(Self.places)
        let (low, high) = (min(index, other), max(index, other))
        guard generator.chance(1, in: 3) else { break }
        content.zero(UInt64(low * Page.size)..<UInt64(high) * UInt64(Page.size))
        expected = expected.filter { $0.key < low || $0.key >= high }
      }
      if generator.chance(1, in: 20) { clones.append((content, expected)) }
      Self.expect(content, expected)
      if expected.count > 20 {
        content.zero(from: 0)
        expected = [:]
      }
    }
    for (clone, expected) in clones { Self.expect(clone, expected) }
  }

  static func expect(_ content: FileContent, _ expected: [Int: UInt8]) {
    #expect(content.pageCount == expected.count)
    var found: [Int] = []
    var next = 0
    while let index = content.nextPage(from: next) {
      found.append(index)
      next = index + 1
    }
    #expect(found == expected.keys.sorted())
    for index in Self.places {
      var byte: UInt8 = 0xAA
      withUnsafeMutableBytes(of: &byte) {
        content.read(at: UInt64(index) * UInt64(Page.size) + 17, into: $0)
      }
      #expect(byte == expected[index] ?? 0, "page \(index)")
    }
  }

  @Test("Data and holes are found as SEEK_DATA and SEEK_HOLE would")
  func seeking() {
    var content = FileContent()
    #expect(content.firstData(from: 0) == nil)
    #expect(content.firstHole(from: 5) == 5)
    let far: UInt64 = 1 << 40
    [UInt8(1)].withUnsafeBytes { content.write($0, at: far + 5) }
    [UInt8(1)].withUnsafeBytes { content.write($0, at: far + 4096) }
    #expect(content.firstData(from: 0) == far)
    #expect(content.firstData(from: far + 9) == far + 9)
    #expect(content.firstHole(from: far + 9) == far + 8192)
    #expect(content.firstHole(from: 3) == 3)
    #expect(content.firstData(from: far + 8192) == nil)
  }

  @Test("What a write holds is what was written, at any alignment, whole or in part")
  func writtenBytes() {
    var generator = PRNG(Seed(78))
    for _ in 0..<200 {
      let offset = generator.below(3) * Page.size + generator.pick([0, 0, 1, 511, 4095])
      let length = generator.pick([0, 1, 100, 4095, 4096, 4097, 8192, 12_289])
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      let written = WrittenBytes(bytes, at: UInt64(offset))
      #expect(written.count == length)
      #expect(written == WrittenBytes(bytes, at: UInt64(offset)))
      let first = length == 0 ? 0 : generator.below(length)
      let end = generator.number(in: first...length)
      // To its own place, where pages are shared, and to a place of another alignment.
      for place in [offset + first, offset + first + generator.pick([1, 4096])] {
        var content = FileContent()
        written.apply(first..<end, to: &content, at: UInt64(place))
        var read = [UInt8](repeating: 0xAA, count: end - first)
        read.withUnsafeMutableBytes { content.read(at: UInt64(place), into: $0) }
        #expect(read == Array(bytes[first..<end]))
      }
    }
  }

  @Test("A large write is held once: cache, queue and medium share its pages")
  func sharing() throws {
    let lab = Lab()
    let file = try lab.durableFile("a", [])
    try lab.write(file.handle, filled(7, 64 * Page.size), at: 0)
    func page(_ content: FileContent?) -> ObjectIdentifier? {
      content?.page(63).map(ObjectIdentifier.init)
    }
    let cached = page(lab.disk[file.inode]?.cached)
    #expect(cached != nil)
    let kept = lab.disk.afterPowerLoss(lab.disk.choice(keepingAll: true))
    #expect(page(kept[file.inode]?.durable) == cached)
    try lab.sync(file.handle)
    #expect(page(lab.disk[file.inode]?.durable) == cached)
    try lab.write(file.handle, [1], at: 0)
    #expect(page(lab.disk[file.inode]?.cached) == cached, "only the page written to is copied")
  }
}
