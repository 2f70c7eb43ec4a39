import Determinism
import Testing

@Suite("Seeds and the generator")
struct SeedTests {
  @Test("A seed is read as decimal, as hex, or as a commit hash of exactly 40 digits")
  func parsing() {
    #expect(Seed(parsing: "0")?.value == 0)
    #expect(Seed(parsing: "18446744073709551615")?.value == .max)
    #expect(Seed(parsing: "0x5EED")?.value == 0x5EED)
    #expect(Seed(parsing: "0X00000000000000005eed")?.value == 0x5EED)
    let hash = "0123456789abcdef" + String(repeating: "f", count: 24)
    #expect(Seed(parsing: hash)?.value == 0x0123_4567_89AB_CDEF)
    // Forty decimal digits are a hash as well, not a number that is too large.
    let digits = String(repeating: "1234567890", count: 4)
    #expect(Seed(parsing: digits)?.value == 0x1234_5678_9012_3456)
  }

  @Test(
    "Anything else is no seed",
    arguments: [
      "", " 1", "1 ", "+1", "-1", "0x", "0xg", "0x-1", "18446744073709551616",
      "0x10000000000000000", "abc", String(repeating: "a", count: 39),
      String(repeating: "a", count: 41), String(repeating: "g", count: 40), "1\u{301}", "１",
    ])
  func refused(text: String) {
    #expect(Seed(parsing: text) == nil)
  }

  @Test("A seed reads back what it printed")
  func roundTrip() {
    for value in [0, 1, 0x5EED, 1 << 63, UInt64.max] {
      let seed = Seed(value)
      #expect(Seed(parsing: seed.text) == seed)
      #expect(seed.text.utf8.count == 18 && seed.description == seed.text)
    }
  }

  @Test("Derived seeds are frozen, and depend on every name, its place and its borders")
  func derived() {
    let seed = Seed(0x5EED)
    #expect(seed.derived("faults").text == "0x2167de27497159bb")
    #expect(seed.derived("faults", "wal-#.log").text == "0xb46d08aec2519cf6")
    #expect(seed.derived("epoch", 3).text == "0xfd2f3d4bbc05a812")
    let all = [
      seed.derived("a", "b"), seed.derived("ab"), seed.derived("b", "a"),
      seed.derived("a", "b", ""),
      seed.derived("", "ab"), seed.derived("a"), seed.derived("a", 0), seed.derived("a", 1),
      seed.derived("a", -1), seed.derived("a", "0"), Seed(0x5EEE).derived("a"),
      seed.derived("e\u{301}"), seed.derived("\u{e9}"), seed,
    ]
    #expect(Set(all).count == all.count)
  }

  @Test("Drawing from one derived generator never moves another")
  func independence() {
    let seed = Seed(7)
    var first = PRNG(seed.derived("workload"))
    for _ in 0..<100 { _ = first.next() }
    var second = PRNG(seed.derived("faults"))
    var again = PRNG(seed.derived("faults"))
    #expect(second.next() == again.next())
  }
}

@Suite("The pseudo-random generator")
struct PRNGTests {
  @Test("xoshiro256**, seeded by splitmix64, gives the published sequence")
  func goldenVectors() {
    // Computed from the authors' C code (prng.di.unimi.it), splitmix64 filling the state.
    var zero = PRNG(Seed(0))
    #expect(
      (0..<5).map { _ in zero.next() } == [
        0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A, 0x1A5F_849D_4933_E6E0,
        0x6AA5_94F1_262D_2D2C, 0xBBA5_AD4A_1F84_2E59,
      ])
    var other = PRNG(Seed(0x5EED))
    #expect(
      (0..<5).map { _ in other.next() } == [
        0xEF33_F170_5524_4B74, 0xE1F5_9111_2FB5_051B, 0xD8AB_0564_0214_863A,
        0xF985_E1F2_FB89_7B03, 0xAF87_A5F7_E6CE_1408,
      ])
  }

  @Test("Every kind of draw is frozen")
  func frozenDraws() {
    var generator = PRNG(Seed(1))
    #expect((0..<8).map { _ in generator.below(10) } == [7, 5, 5, 3, 6, 1, 0, 3])
    #expect((0..<8).map { _ in generator.number(in: -3...3) } == [3, 0, 3, 3, 3, 1, 1, 3])
    #expect(
      (0..<8).map { _ in generator.chance(1, in: 2) } == [
        true, true, true, true, true, true, false, true,
      ])
    #expect(
      (0..<8).map { _ in generator.pick(["a", "b", "c"]) } == [
        "b", "a", "b", "c", "c", "c", "a", "c",
      ])
    #expect(
      (0..<8).map { _ in generator.index(weights: [0, 1, 5, 0, 2]) } == [2, 2, 2, 2, 2, 4, 2, 2])
    var elements = Array(0..<8)
    generator.shuffle(&elements)
    #expect(elements == [6, 5, 4, 1, 3, 2, 7, 0])
  }

  @Test("Draws keep to their bounds and reach each of them")
  func bounds() {
    var generator = PRNG(Seed(2))
    var below: Set<Int> = []
    var numbers: Set<Int> = []
    var indices: Set<Int> = []
    for _ in 0..<1000 {
      below.insert(generator.below(5))
      numbers.insert(generator.number(in: -1...1))
      indices.insert(generator.index(weights: [1, 0, 3]))
      #expect(generator.below(1) == 0)
      let (always, never) = (generator.chance(1, in: 1), generator.chance(0, in: 3))
      #expect(always && !never)
      #expect(generator.number(in: 7...7) == 7)
      #expect(generator.below(.max) >= 0)
    }
    #expect(below == [0, 1, 2, 3, 4] && numbers == [-1, 0, 1] && indices == [0, 2])
  }

  @Test("A shuffle only changes the order")
  func shuffle() {
    var generator = PRNG(Seed(3))
    var orders: Set<[Int]> = []
    for _ in 0..<200 {
      var elements = [0, 1, 2]
      generator.shuffle(&elements)
      #expect(elements.sorted() == [0, 1, 2])
      orders.insert(elements)
    }
    #expect(orders.count == 6)
    var none: [Int] = []
    generator.shuffle(&none)
    #expect(none.isEmpty)
  }
}

@Suite("Digests")
struct DigestTests {
  static func digest(_ bytes: [UInt8]) -> Digest {
    var hasher = DigestHasher()
    hasher.combine(bytes)
    return hasher.finish()
  }

  @Test("The digest of fixed bytes is the same on every machine")
  func goldenValues() {
    #expect(DigestHasher().finish().text == "c5a3244fa7854c4e8e506534ca9ab8d3")
    #expect(Self.digest([]).text == "494d79101587b2c6c04cc57ab0b08af1")
    #expect(Self.digest(Array("abc".utf8)).text == "5cd364a1495a37d196c6cae7968adca7")
    #expect(Self.digest(Array(0..<64)).text == "b30816cb38d4dbc03feb549175a775e1")
    var hasher = DigestHasher()
    hasher.combine(UInt64(17))
    hasher.combine(Digest(high: 1, low: 2))
    #expect(hasher.finish().text == "31e9d93797d1f71eeb97e641a43a6287")
  }

  @Test("Contents that differ in a byte, in length or in their borders have different digests")
  func distinct() {
    var seen: Set<Digest> = []
    var count = 0
    for length in 0...40 {
      seen.insert(Self.digest([UInt8](repeating: 0, count: length)))
      count += 1
      for index in 0..<length {
        for bit in [UInt8(1), 0x80] {
          var bytes = [UInt8](repeating: 0, count: length)
          bytes[index] = bit
          seen.insert(Self.digest(bytes))
          count += 1
        }
      }
    }
    #expect(seen.count == count)
    var split = DigestHasher()
    split.combine([1, 2])
    split.combine([3])
    var other = DigestHasher()
    other.combine([1])
    other.combine([2, 3])
    #expect(split.finish() != other.finish())
    #expect(split.finish() != Self.digest([1, 2, 3]))
  }

  @Test("Bytes are hashed the same wherever they lie in memory")
  func alignment() {
    let bytes: [UInt8] = Array(0..<50)
    for shift in 0..<16 {
      let padded = [UInt8](repeating: 0xEE, count: shift) + bytes
      var hasher = DigestHasher()
      padded.withUnsafeBytes {
        hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[shift...]))
      }
      #expect(hasher.finish() == Self.digest(bytes))
    }
  }

  @Test("A sum of digests does not depend on the order, and members can be taken out again")
  func multisets() {
    let a = Digest(high: .max, low: .max)
    let b = Self.digest([1])
    let c = Self.digest([2])
    #expect(a + b + c == c + b + a)
    #expect(a + b - a == b && b - b == .zero && b + .zero == b)
    #expect(Digest(high: 0, low: .max) + Digest(high: 0, low: 1) == Digest(high: 1, low: 0))
    #expect(Digest(high: 1, low: 0) - Digest(high: 0, low: 1) == Digest(high: 0, low: .max))
    #expect(b + b != .zero && b + b != b)
  }

  @Test("Digests order as numbers of 128 bits")
  func order() {
    #expect(Digest(high: 0, low: .max) < Digest(high: 1, low: 0))
    #expect(Digest(high: 1, low: 0) < Digest(high: 1, low: 1))
    #expect(!(Digest.zero < Digest.zero))
  }

  @Test("A digest reads back what it printed, and nothing else")
  func text() {
    let digest = Digest(high: 0xAB, low: 1)
    #expect(digest.text == "00000000000000ab0000000000000001")
    #expect(Digest(parsing: digest.text) == digest)
    #expect(Digest(parsing: "") == nil)
    #expect(Digest(parsing: String(repeating: "0", count: 31)) == nil)
    #expect(Digest(parsing: String(repeating: "0", count: 33)) == nil)
    #expect(Digest(parsing: "+" + String(repeating: "0", count: 31)) == nil)
    #expect(Digest(parsing: String(repeating: "A", count: 32)) == nil)
    #expect(Digest(parsing: String(repeating: "é", count: 16)) == nil)
  }
}
