/// Rows of a recovery table as letters, the lowest bit being row A.
enum RecoveryLetters {
  /// The letter of row `number`, from 0.
  static func letter(_ number: Int) -> String {
    String(UnicodeScalar(UInt8(ascii: "A") + UInt8(number)))
  }

  /// The letters of `rows`; nil for none.
  static func text(_ rows: UInt32) -> String? {
    rows == 0 ? nil : (0..<26).filter { rows >> UInt32($0) & 1 == 1 }.map(letter).joined()
  }

  /// The rows that `text` wrote; nil where it is not such a text.
  static func rows(_ text: String) -> UInt32? {
    var rows: UInt32 = 0
    for byte in text.utf8 {
      guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) else { return nil }
      rows |= 1 << UInt32(byte - UInt8(ascii: "A"))
    }
    return rows
  }
}
