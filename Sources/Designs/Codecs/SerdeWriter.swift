/// Writes JSON as serde_json writes it: compact, or pretty with two spaces.
struct SerdeWriter {
  private(set) var output: [UInt8] = []

  /// The compact text of `value`.
  static func text(_ value: SerdeValue) -> [UInt8] {
    var writer = SerdeWriter()
    writer.write(value, indent: nil)
    return writer.output
  }

  /// The text of `value` with an element a line.
  static func prettyText(_ value: SerdeValue) -> [UInt8] {
    var writer = SerdeWriter()
    writer.write(value, indent: 0)
    return writer.output
  }

  private mutating func write(_ value: SerdeValue, indent: Int?) {
    switch value {
    case .null: append("null")
    case .bool(let flag): append(flag ? "true" : "false")
    case .unsigned(let number): append(String(number))
    case .signed(let number): append(String(number))
    case .float(let number): append(RyuText.text(number))
    case .single(let number): append(RyuText.text(number))
    case .string(let text): write(text)
    case .array(let elements):
      list(elements.count, "[", "]", indent) { writer, index, inner in
        writer.write(elements[index], indent: inner)
      }
    case .object(let members):
      list(members.count, "{", "}", indent) { writer, index, inner in
        writer.write(members[index].key)
        writer.append(inner == nil ? ":" : ": ")
        writer.write(members[index].value, indent: inner)
      }
    }
  }

  private mutating func list(
    _ count: Int, _ opening: String, _ closing: String, _ indent: Int?,
    element: (inout SerdeWriter, Int, Int?) -> Void
  ) {
    append(opening)
    let inner = indent.map { $0 + 1 }
    for index in 0..<count {
      if index > 0 { append(",") }
      newLine(inner)
      element(&self, index, inner)
    }
    if count > 0 { newLine(indent) }
    append(closing)
  }

  private mutating func newLine(_ indent: Int?) {
    if let indent { append("\n" + String(repeating: "  ", count: indent)) }
  }

  private mutating func append(_ text: String) { output += text.utf8 }

  /// Escapes what JSON demands and nothing else.
  private mutating func write(_ text: [UInt8]) {
    output.append(0x22)
    for byte in text {
      switch byte {
      case 0x22: append("\\\"")
      case 0x5C: append("\\\\")
      case 0x08: append("\\b")
      case 0x0C: append("\\f")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case ..<0x20:
        let digits = String(byte, radix: 16)
        append("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
      default: output.append(byte)
      }
    }
    output.append(0x22)
  }
}

/// The shortest decimal text of a floating-point number, laid out as the crate ryu lays it out.
enum RyuText {
  /// The text of `number`; `null` where JSON has none.
  static func text(_ number: Double) -> String {
    guard number.isFinite else { return "null" }
    return layOut(number.description, isNegative: number.sign == .minus, fixed: 16, small: -5)
  }

  /// The text of `number`; `null` where JSON has none.
  static func text(_ number: Float) -> String {
    guard number.isFinite else { return "null" }
    return layOut(number.description, isNegative: number.sign == .minus, fixed: 13, small: -6)
  }

  /// Lays the digits of `description` out: plain up to 10 to the power of `fixed`, plain fractions
  /// above 10 to the power of `small`, else with an exponent.
  private static func layOut(
    _ description: String, isNegative: Bool, fixed: Int, small: Int
  ) -> String {
    let sign = isNegative ? "-" : ""
    var (digits, exponent) = parts(description)
    guard !digits.isEmpty else { return sign + "0.0" }
    let point = digits.count + exponent
    if exponent >= 0 && point <= fixed {
      return sign + String(digits) + String(repeating: "0", count: exponent) + ".0"
    }
    if point > 0 && point <= fixed {
      return sign + String(digits[..<point]) + "." + String(digits[point...])
    }
    if point > small && point <= 0 {
      return sign + "0." + String(repeating: "0", count: -point) + String(digits)
    }
    let first = String(digits.removeFirst())
    return sign + first + (digits.isEmpty ? "" : "." + String(digits)) + "e\(point - 1)"
  }

  /// The significant digits of a number's text, without zeros at either end, and the power of ten
  /// that stands behind the last.
  private static func parts(_ description: String) -> (digits: [Character], exponent: Int) {
    var digits: [Character] = []
    var exponent = 0
    var isFraction = false
    var rest = Substring(description)
    if let mark = rest.firstIndex(where: { $0 == "e" || $0 == "E" }) {
      exponent = Int(rest[rest.index(after: mark)...]) ?? 0
      rest = rest[..<mark]
    }
    for character in rest where character != "-" {
      if character == "." {
        isFraction = true
        continue
      }
      digits.append(character)
      if isFraction { exponent -= 1 }
    }
    while digits.last == "0" {
      digits.removeLast()
      exponent += 1
    }
    return (Array(digits.drop { $0 == "0" }), exponent)
  }
}
