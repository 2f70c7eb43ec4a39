extension JSON5Parser {
  /// Reads a string in double or single quotes.
  mutating func readString() throws(ScenarioError) -> [UInt8] {
    let start = self
    let quote = byte
    var string: [UInt8] = []
    advance()
    while let byte {
      if byte == quote {
        advance()
        return string
      }
      if byte == 0x0A || byte == 0x0D {
        throw error("the line ends inside a string; \\n is a line feed")
      }
      if byte == 0x5C {
        try readEscape(into: &string)
      } else {
        string.append(byte)
        advance()
      }
    }
    throw start.error("a string that does not end")
  }

  /// Reads what follows a backslash.
  private mutating func readEscape(into string: inout [UInt8]) throws(ScenarioError) {
    let start = self
    advance()
    guard let byte else { throw start.error("a string that does not end") }
    switch byte {
    case 0x62: string.append(0x08)
    case 0x66: string.append(0x0C)
    case 0x6E: string.append(0x0A)
    case 0x72: string.append(0x0D)
    case 0x74: string.append(0x09)
    case 0x76: string.append(0x0B)
    case 0x30:
      if let next = self.byte(after: 1), (0x30...0x39).contains(next) {
        throw start.error("an octal escape, which JSON5 does not have")
      }
      string.append(0x00)
    case 0x31...0x39: throw start.error("an octal escape, which JSON5 does not have")
    case 0x78:
      string.appendScalar(try readHex(2, start))
      return
    case 0x75:
      string.appendScalar(try readUnicodeEscape(start))
      return
    case 0x0D:
      // A line that goes on: CR LF counts as one end.
      if self.byte(after: 1) == 0x0A { advance() }
    case 0x0A: break
    case 0xE2 where self.byte(after: 1) == 0x80 && (self.byte(after: 2) ?? 0) | 1 == 0xA9:
      advance()
      advance()
    default: string.append(byte)
    }
    advance()
  }

  /// Reads `uXXXX`, or two of them that are a surrogate pair.
  private mutating func readUnicodeEscape(
    _ start: JSON5Parser
  ) throws(ScenarioError) -> UInt32 {
    let code = try readHex(4, start)
    guard code & 0xF800 == 0xD800 else { return code }
    guard code < 0xDC00, byte == 0x5C, byte(after: 1) == 0x75 else {
      throw start.error("half of a surrogate pair")
    }
    advance()
    let low = try readHex(4, start)
    guard low & 0xFC00 == 0xDC00 else { throw start.error("half of a surrogate pair") }
    return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
  }

  /// Reads the letter at the cursor and `count` hex digits.
  private mutating func readHex(
    _ count: Int, _ start: JSON5Parser
  ) throws(ScenarioError) -> UInt32 {
    advance()
    var code: UInt32 = 0
    for _ in 0..<count {
      guard let byte, let digit = Self.hexValue(byte) else {
        throw start.error("an escape without its \(count) hex digits")
      }
      code = code << 4 | UInt32(digit)
      advance()
    }
    return code
  }

  /// The value of a hex digit.
  private static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  /// Reads a number, decimal or hex, with or without a sign.
  mutating func readNumber() throws(ScenarioError) -> JSON5Node.Value {
    let start = self
    var text = ""
    while let byte, Self.isNumberByte(byte) {
      text.unicodeScalars.append(Unicode.Scalar(byte))
      advance()
    }
    let isNegative = text.hasPrefix("-")
    let digits = text.hasPrefix("+") || isNegative ? String(text.dropFirst()) : text
    if digits == "Infinity" || digits == "NaN" {
      throw start.error("\(text) is no number that a scenario can use")
    }
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
      let hex = digits.dropFirst(2)
      guard !hex.isEmpty, hex.utf8.allSatisfy({ Self.hexValue($0) != nil }) else {
        throw start.error("\(text) is no number")
      }
      guard let whole = Int((isNegative ? "-" : "") + hex, radix: 16) else {
        throw start.error("\(text) has more than 64 bits")
      }
      return .number(Double(whole), whole: whole)
    }
    guard Self.isDecimal(Array(digits.utf8)), let number = Double(Self.padded(digits)) else {
      throw start.error("\(text) is no number")
    }
    guard number.isFinite else { throw start.error("\(text) is too large") }
    let value = isNegative ? -number : number
    return .number(value, whole: Int(text) ?? Self.whole(value))
  }

  /// The number as a whole one, where Float64 holds it exactly.
  private static func whole(_ value: Double) -> Int? {
    guard value.magnitude <= 0x1p53 else { return nil }
    let whole = Int(value)
    return Double(whole) == value ? whole : nil
  }

  private static func isNumberByte(_ byte: UInt8) -> Bool {
    isNameByte(byte) || byte == 0x2B || byte == 0x2D || byte == 0x2E
  }

  /// Whether `digits` are a decimal number of JSON5 without its sign.
  private static func isDecimal(_ digits: [UInt8]) -> Bool {
    var index = 0
    func run() -> Int { digits[index...].prefix { (0x30...0x39).contains($0) }.count }
    let whole = run()
    // 007 might be octal, so it is refused, as JSON5 has it.
    if whole > 1, digits[0] == 0x30 { return false }
    index += whole
    var fraction = 0
    if index < digits.count, digits[index] == 0x2E {
      index += 1
      fraction = run()
      index += fraction
    }
    guard whole + fraction > 0 else { return false }
    if index < digits.count, digits[index] | 0x20 == 0x65 {
      index += 1
      if index < digits.count, digits[index] == 0x2B || digits[index] == 0x2D { index += 1 }
      let exponent = run()
      guard exponent > 0 else { return false }
      index += exponent
    }
    return index == digits.count
  }

  /// `digits` with a digit on both sides of the point, as the standard library wants it.
  private static func padded(_ digits: String) -> String {
    guard let point = digits.firstIndex(of: ".") else { return digits }
    let whole = digits[..<point]
    let rest = digits[digits.index(after: point)...]
    let needsZero = rest.utf8.first.map { !(0x30...0x39).contains($0) } ?? true
    return (whole.isEmpty ? "0" : whole) + "." + (needsZero ? "0" : "") + rest
  }
}

extension [UInt8] {
  /// Appends the UTF-8 of the scalar with this number, which is no surrogate.
  fileprivate mutating func appendScalar(_ code: UInt32) {
    guard let scalar = Unicode.Scalar(code) else {
      preconditionFailure("a surrogate is no scalar; the callers pair them")
    }
    append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }
}
