import Determinism
import SubjectProtocol

/// Makes the values that a run stores: no two vectors are equal, so that an old value, or a part of
/// one, is told from the right one wherever it shows up.
struct ValueSource {
  private let seed: Seed
  private let dimension: Int
  private let sizes: Scenario.RecordBytes
  private let hasMetadata: Bool
  private let hasNonFinite: Bool
  private let hasNUL: Bool
  /// Sizes at which something ends: sectors, pages, blocks, write buffers and the segments of the
  /// subject, where an option says how long they are.
  private let edges: [Int]

  init(_ scenario: Scenario, seed: Seed, features: Set<Feature>) {
    self.seed = seed.derived("values")
    dimension = scenario.dimension
    sizes = scenario.recordBytes
    hasMetadata = features.contains(.metadata)
    hasNonFinite = features.contains(.nonFinite)
    hasNUL = features.contains(.nulIDs)
    let segment = scenario.segmentBytes.map { [$0] } ?? []
    edges = (Self.edges + segment).filter { scenario.recordBytes.contains($0) }
  }

  private static let edges = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536]

  /// The value of put number `count`, which is from 1 and below 2²⁴; `idBytes` is its id's length.
  func value(_ count: Int, idBytes: Int) -> RecordValue {
    precondition(count > 0 && count < 1 << 24, "a put's number must be exact as Float32")
    var generator = PRNG(seed.derived("put", count))
    let vector = vector(count, &generator)
    guard hasMetadata else { return RecordValue(vector: vector) }
    return RecordValue(vector: vector, metadata: metadata(count, idBytes, &generator))
  }

  /// A vector to search for: finite, not zero, and of the stored vectors' size.
  func query(_ generator: inout PRNG, puts: Int) -> [Float] {
    let scale = Float(generator.number(in: 1...max(1, puts)))
    var query = [scale]
    for _ in 1..<max(1, dimension) { query.append(scale * Self.fraction(&generator)) }
    return query
  }

  /// The first component is the put's number. The others have random mantissas, so that no byte of
  /// them looks like a zero of the disk, and grow with the first, so that cosines differ.
  private func vector(_ count: Int, _ generator: inout PRNG) -> [Float] {
    var vector = [Float(count)]
    for _ in 1..<max(1, dimension) { vector.append(Float(count) * Self.fraction(&generator)) }
    if dimension > 1, generator.chance(1, in: 8) {
      var special: [Float] = [
        -0.0, Float(bitPattern: 0x8000_0001), Float(bitPattern: 0x007F_FFFF),
        .leastNonzeroMagnitude,
      ]
      if hasNonFinite { special += [Float(bitPattern: 0x7FC0_0000), .infinity, -.infinity] }
      vector[generator.number(in: 1...(dimension - 1))] = generator.pick(special)
    }
    return vector
  }

  /// A number between −1 and 1 with 24 random bits, never 0.
  private static func fraction(_ generator: inout PRNG) -> Float {
    let magnitude = Float(2 * generator.below(1 << 23) + 1) / Float(1 << 24)
    return generator.chance(1, in: 2) ? magnitude : -magnitude
  }

  /// Absent, small, nested, awkward or of a drawn size, mostly small.
  private func metadata(_ count: Int, _ idBytes: Int, _ generator: inout PRNG) -> Metadata {
    let number = member("n", .number(Double(count)))
    if generator.chance(sizes.share, in: 100) { return padded(number, idBytes, &generator) }
    switch generator.index(weights: [5, 6, 2, 2, 2]) {
    case 0: return .empty
    case 1: return Metadata(members: [number])
    case 2:
      let inner = JSONValue.object([
        member("", .null), member("deep", .array([.bool(true), .object([]), .array([])])), number,
      ])
      return Metadata(members: [member("nested", .array([inner, .string([])]))])
    case 3:
      let doubles: [Double] = [
        0.1, 0.30000000000000004, 1e21, 1e-7, 0x1p53, -1.5e300, .greatestFiniteMagnitude,
        .leastNonzeroMagnitude, .leastNormalMagnitude, 2_251_799_813_685_249.5, 1e308,
        0x1p53 - 1, 0x1p53 + 2,
      ]
      let pair = [generator.pick(doubles), -generator.pick(doubles)]
      return Metadata(members: [number, member("doubles", .array(pair.map(JSONValue.number)))])
    default:
      // Two keys that are one as Swift strings, and a text with every kind of escape.
      return Metadata(members: [
        member("\u{E9}", .number(Double(count))), member("e\u{301}", .bool(false)),
        member("text", .string(awkwardText(count))),
      ])
    }
  }

  /// Text with every kind of escape.
  private func awkwardText(_ count: Int) -> [UInt8] {
    let zero = hasNUL ? "\0" : ""
    return Array("\"\\\u{1}\u{7F}\r\n\u{2028}\u{1F600}\(zero)\(count)".utf8)
  }

  /// Metadata that brings the record to a drawn size: near a multiple of a sector or page often,
  /// since there a record's end, or the next one's header, is torn off.
  ///
  /// What a subject adds to a record is not known; it is drawn too, so that every framing of up to
  /// 64 bytes meets the edge for some records.
  private func padded(
    _ number: JSONValue.Member, _ idBytes: Int, _ generator: inout PRNG
  ) -> Metadata {
    let size: Int
    if edges.isEmpty || generator.chance(1, in: 3) {
      let least = min(sizes.minimum, sizes.maximum)
      size = generator.number(in: least...min(sizes.maximum, max(least, 1024)))
    } else {
      size = generator.pick(edges) + generator.number(in: -1...1) - generator.below(65)
    }
    let bare = Metadata(members: [number, member("pad", .string([]))]).canonical.count
    let length = max(0, size - 4 * dimension - idBytes - bare)
    return Metadata(members: [number, member("pad", .string(Self.letters(length, &generator)))])
  }

  /// Random letters that JSON writes without escapes, so that their count is the text's.
  private static func letters(_ count: Int, _ generator: inout PRNG) -> [UInt8] {
    var letters: [UInt8] = []
    letters.reserveCapacity(count)
    var bits: UInt64 = 0
    for index in 0..<count {
      if index % 12 == 0 { bits = generator.next() }
      letters.append(0x5E + UInt8(truncatingIfNeeded: bits & 31))
      bits >>= 5
    }
    return letters
  }

  private func member(_ key: String, _ value: JSONValue) -> JSONValue.Member {
    JSONValue.Member(key: Array(key.utf8), value: value)
  }
}

extension Scenario.RecordBytes {
  /// Whether a record of `size` bytes is within the bounds.
  fileprivate func contains(_ size: Int) -> Bool { size >= minimum && size <= maximum }
}
