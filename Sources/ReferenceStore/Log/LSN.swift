/// A log sequence number: strictly increasing over the whole life of a store, never given twice.
public struct LSN: RawRepresentable, Hashable, Comparable, Sendable {
  /// The number; 0 is before the first mutation.
  public let rawValue: UInt64

  /// Makes a sequence number.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Before the first mutation.
  public static let zero = LSN(rawValue: 0)

  /// Above every number that a file may hold; a number at or beyond it is no sequence number, so
  /// that damaged bytes cannot use up the numbers.
  static let highest = LSN(rawValue: 1 << 62)

  /// The number after this one.
  var next: LSN {
    precondition(rawValue < .max, "2^64 mutations are out of reach")
    return LSN(rawValue: rawValue + 1)
  }

  /// Orders by age.
  public static func < (left: LSN, right: LSN) -> Bool { left.rawValue < right.rawValue }
}
