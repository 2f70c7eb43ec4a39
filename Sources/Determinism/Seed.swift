/// The root of every choice in a run; the same seed gives the same bytes everywhere.
///
/// Generators are derived by *name*, never by position, so that one choice never moves another:
/// `seed.derived("faults", "wal-#.log")`.
public struct Seed: Hashable, Sendable {
  /// The 64 bits of the seed.
  public let value: UInt64

  /// Makes a seed of 64 bits.
  public init(_ value: UInt64) { self.value = value }

  /// Reads a seed as the command line takes it: decimal, `0x` hex, or a commit hash.
  ///
  /// A commit hash has exactly 40 hex digits; its first 16 are the seed. Returns nil for anything
  /// else.
  public init?(parsing text: String) {
    let bytes = Array(text.utf8)
    if bytes.count == 40, bytes.allSatisfy(Self.isHexDigit) {
      guard let value = UInt64(text.prefix(16), radix: 16) else { return nil }
      self.init(value)
    } else if text.hasPrefix("0x") || text.hasPrefix("0X") {
      guard bytes.count > 2, bytes.dropFirst(2).allSatisfy(Self.isHexDigit),
        let value = UInt64(text.dropFirst(2), radix: 16)
      else { return nil }
      self.init(value)
    } else {
      guard !bytes.isEmpty, bytes.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
        let value = UInt64(text)
      else { return nil }
      self.init(value)
    }
  }

  /// The seed of the part of the run that `names` name, independent of every other part.
  public func derived(_ names: String...) -> Seed {
    var hasher = DigestHasher()
    hasher.combine(value)
    for name in names {
      hasher.combine(UInt64(name.utf8.count))
      var copy = name
      copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
    return Seed(hasher.finish().low)
  }

  /// The seed of the `index`-th member of the part of the run that `name` names.
  public func derived(_ name: String, _ index: Int) -> Seed {
    let named = derived(name)
    var hasher = DigestHasher()
    hasher.combine(named.value)
    hasher.combine(UInt64(bitPattern: Int64(index)))
    return Seed(hasher.finish().low)
  }

  /// The seed as reports print it: `0x` and 16 hex digits.
  public var text: String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46)
      || (byte >= 0x61 && byte <= 0x66)
  }
}

extension Seed: CustomStringConvertible {
  /// The same as `text`.
  public var description: String { text }
}
