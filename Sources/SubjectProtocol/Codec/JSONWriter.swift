/// Writes JSON texts in one canonical form: equal values with equal signs of zero, equal bytes.
///
/// Keys are sorted by byte; numbers are the shortest text that reads back as the same Float64,
/// whole ones up to 2⁵³ without point and exponent, negative zero as `-0.0`; strings escape only
/// what RFC 8259 requires; there is no whitespace.
public enum JSONWriter {
  /// The text of `value`, whose numbers are finite.
  public static func text(_ value: JSONValue) -> [UInt8] {
    var out: [UInt8] = []
    out.appendJSON(value)
    return out
  }
}

extension [UInt8] {
  /// Appends letters that need no escape.
  @inline(__always)
  mutating func appendText(_ text: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends `value` in its canonical form; with `foldsZero`, −0 is written as 0.
  mutating func appendJSON(_ value: JSONValue, foldsZero: Bool = false) {
    switch value {
    case .null: appendText("null")
    case .bool(true): appendText("true")
    case .bool(false): appendText("false")
    case .number(let number): appendJSONNumber(foldsZero && number == 0 ? 0 : number)
    case .string(let string): appendJSONString(string)
    case .array(let elements):
      append(0x5B)
      for (index, element) in elements.enumerated() {
        if index > 0 { append(0x2C) }
        appendJSON(element, foldsZero: foldsZero)
      }
      append(0x5D)
    case .object(let members):
      append(0x7B)
      let sorted = members.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      for (index, member) in sorted.enumerated() {
        if index > 0 { append(0x2C) }
        appendJSONString(member.key)
        append(0x3A)
        appendJSON(member.value, foldsZero: foldsZero)
      }
      append(0x7D)
    }
  }

  /// Appends a finite number.
  ///
  /// Whole numbers are told by a conversion there and back: `rounded` would call libm, which the
  /// pure targets do not link.
  mutating func appendJSONNumber(_ number: Double) {
    precondition(number.isFinite, "JSON has no infinite number and no NaN")
    if number.magnitude <= 0x1p53, Double(Int64(number)) == number {
      appendWhole(Int64(number), isNegativeZero: number == 0 && number.sign == .minus)
    } else {
      append(contentsOf: number.description.utf8)
    }
  }

  /// Appends a vector's component: the shortest text that reads back as the same Float32, and
  /// strings for what JSON has no number for.
  mutating func appendComponent(_ number: Float) {
    if number.magnitude < 0x1p24, Float(Int64(number)) == number {
      appendWhole(Int64(number), isNegativeZero: number == 0 && number.sign == .minus)
    } else if number.isFinite {
      var text = number.description
      text.withUTF8 { append(contentsOf: $0) }
    } else if number.isNaN {
      appendText("\"nan\"")
    } else {
      appendText(number > 0 ? "\"inf\"" : "\"-inf\"")
    }
  }

  private mutating func appendWhole(_ number: Int64, isNegativeZero: Bool) {
    if isNegativeZero {
      appendText("-0.0")
    } else {
      if number < 0 { append(0x2D) }
      appendUnsigned(number.magnitude)
    }
  }

  /// Appends a whole number's digits.
  mutating func appendUnsigned(_ number: UInt64) {
    if number < 10 {
      append(UInt8(truncatingIfNeeded: number) &+ 0x30)
      return
    }
    var divisor: UInt64 = 10
    while number / divisor >= 10 { divisor &*= 10 }
    var rest = number
    while divisor > 0 {
      append(UInt8(truncatingIfNeeded: rest / divisor) &+ 0x30)
      rest %= divisor
      divisor /= 10
    }
  }

  /// Appends `string`, which is UTF-8, as a JSON string.
  mutating func appendJSONString(_ string: some Collection<UInt8>) {
    append(0x22)
    let copied: Void? = string.withContiguousStorageIfAvailable { appendEscaped($0) }
    if copied == nil { Array(string).withUnsafeBufferPointer { appendEscaped($0) } }
    append(0x22)
  }

  private mutating func appendEscaped(_ string: UnsafeBufferPointer<UInt8>) {
    let bytes = string.span
    var start = 0
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte >= 0x20, byte != 0x22, byte != 0x5C {
        index &+= 1
        continue
      }
      append(contentsOf: string[start..<index])
      appendEscape(byte)
      index &+= 1
      start = index
    }
    append(contentsOf: string[start..<index])
  }

  private mutating func appendEscape(_ byte: UInt8) {
    append(0x5C)
    switch byte {
    case 0x08: append(0x62)
    case 0x09: append(0x74)
    case 0x0A: append(0x6E)
    case 0x0C: append(0x66)
    case 0x0D: append(0x72)
    case 0x22, 0x5C: append(byte)
    default:
      appendText("u00")
      append(0x30 &+ (byte >> 4))
      append(byte & 0xF &+ (byte & 0xF < 10 ? 0x30 : 0x57))
    }
  }
}
