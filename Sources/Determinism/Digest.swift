/// A 128-bit content digest: equal contents have equal digests, on every machine.
///
/// Not cryptographic. With a million states the chance that two different ones share a digest is
/// below 2⁻⁸⁸.
public struct Digest: Hashable, Sendable, Comparable {
  /// The upper 64 bits.
  public var high: UInt64
  /// The lower 64 bits.
  public var low: UInt64

  /// Makes a digest of its two halves.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The digest of nothing; the neutral element of `+`.
  public static let zero = Digest(high: 0, low: 0)

  /// A digest is a hash already: tables take it as it is, where the library would compute one of
  /// its own each time.
  public func _rawHashValue(seed: Int) -> Int { Int(truncatingIfNeeded: low) ^ seed }

  /// Adds the digest to another hash.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(high)
    hasher.combine(low)
  }

  /// Orders digests as 128-bit numbers.
  public static func < (left: Digest, right: Digest) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }

  /// The digest of a multiset is the sum of its members' digests: the order does not matter.
  public static func + (left: Digest, right: Digest) -> Digest {
    let (low, carry) = left.low.addingReportingOverflow(right.low)
    return Digest(high: left.high &+ right.high &+ (carry ? 1 : 0), low: low)
  }

  /// Takes a member out of a multiset's digest.
  public static func - (left: Digest, right: Digest) -> Digest {
    let (low, borrow) = left.low.subtractingReportingOverflow(right.low)
    return Digest(high: left.high &- right.high &- (borrow ? 1 : 0), low: low)
  }

  /// Reads what `text` printed; nil for anything else.
  public init?(parsing text: String) {
    // `UInt64(_:radix:)` would take a sign and capitals, which `text` never prints.
    let isPrinted = text.utf8.allSatisfy {
      ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66)
    }
    guard isPrinted, text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
      let low = UInt64(text.suffix(16), radix: 16)
    else { return nil }
    self.init(high: high, low: low)
  }

  /// 32 hex digits.
  public var text: String {
    func hex(_ value: UInt64) -> String {
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
    return hex(high) + hex(low)
  }
}

extension Digest: Codable {
  /// Reads the text form.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let digest = Digest(parsing: text) else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath, debugDescription: "a digest has 32 hex digits"))
    }
    self = digest
  }

  /// Writes the text form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// Computes a `Digest` of a sequence of numbers and bytes by 64×64→128-bit multiplications.
///
/// The construction is that of the wyhash family: two accumulators, each folded with a product of
/// its inputs and odd constants.
public struct DigestHasher: Sendable {
  private var a: UInt64 = 0xA076_1D64_78BD_642F
  private var b: UInt64 = 0xE703_7ED1_A0B4_28DB

  private static let k0: UInt64 = 0x8EBC_6AF0_9C88_C6E3
  private static let k1: UInt64 = 0x5899_65CC_7537_4CC3
  private static let k2: UInt64 = 0x1D8E_4E27_C47D_124F
  private static let k3: UInt64 = 0xEB44_ACCA_B455_D165

  /// A hasher that has seen nothing.
  public init() {}

  @inline(__always)
  private static func fold(_ x: UInt64, _ y: UInt64) -> UInt64 {
    let product = x.multipliedFullWidth(by: y)
    return product.high ^ product.low
  }

  /// Adds one number.
  @inline(__always)
  public mutating func combine(_ value: UInt64) {
    a = Self.fold(a ^ value, Self.k0) &+ Self.k2
    b = Self.fold(b ^ value, Self.k1) ^ (a >> 32 | a << 32)
  }

  /// Adds a digest.
  public mutating func combine(_ digest: Digest) {
    combine(digest.high)
    combine(digest.low)
  }

  /// Adds bytes, and then their count.
  public mutating func combine(bytes: UnsafeRawBufferPointer) {
    var offset = 0
    let count = bytes.count
    while offset &+ 16 <= count {
      let x = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      let y = UInt64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self))
      a = Self.fold(a ^ x, y ^ Self.k0)
      b = Self.fold(b ^ y, x ^ Self.k1) &+ x
      offset &+= 16
    }
    let rest = count &- offset
    if rest >= 8 {
      let tail = UInt64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      combine(tail ^ Self.k3)
      combine(Self.last(rest &- 8, of: bytes))
    } else {
      combine(Self.last(rest, of: bytes) ^ Self.k3)
      combine(0)
    }
    // Apart from the bytes: together in one word, a ninth byte of 1 would read as a length of 8.
    combine(UInt64(count))
  }

  /// The last `rest` bytes (fewer than 8) as a number, the first of them lowest.
  @inline(__always)
  private static func last(_ rest: Int, of bytes: UnsafeRawBufferPointer) -> UInt64 {
    if rest == 0 { return 0 }
    if bytes.count >= 8 {
      let word = bytes.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self)
      return UInt64(littleEndian: word) >> UInt64(8 &* (8 &- rest))
    }
    var value: UInt64 = 0
    let start = bytes.count &- rest
    for index in 0..<rest { value |= UInt64(bytes[start &+ index]) << UInt64(8 &* index) }
    return value
  }

  /// Adds bytes, and then their count.
  public mutating func combine(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { combine(bytes: $0) }
  }

  /// The digest of everything added so far.
  public func finish() -> Digest {
    let high = Self.fold(a ^ Self.k2, b ^ Self.k1)
    let low = Self.fold(b ^ Self.k3, a ^ Self.k0 ^ high)
    return Digest(high: high, low: low)
  }
}
