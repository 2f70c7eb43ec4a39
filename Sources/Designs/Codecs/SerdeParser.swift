/// Reads JSON as serde_json reads it with its default features: numbers with a point or an exponent
/// to the best of one multiplication or division ("best-effort", as the crate's feature list has it
/// where `float_roundtrip` is off), so that not every double comes back as it was written.
struct SerdeParser {
  private let input: [UInt8]
  private var offset = 0
  private var depth = 0

  private init(_ input: [UInt8]) { self.input = input }

  /// The one value that `input` holds.
  static func parse(_ input: [UInt8]) throws(SerdeFailure) -> SerdeValue {
    var parser = SerdeParser(input)
    let value = try parser.value()
    parser.skipSpace()
    guard parser.offset == input.count else { throw .trailingCharacters }
    return value
  }

  private var next: UInt8? { offset < input.count ? input[offset] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      offset += 1
    }
  }

  private mutating func value() throws(SerdeFailure) -> SerdeValue {
    skipSpace()
    guard let byte = next else { throw .unexpectedEnd }
    switch byte {
    case 0x6E: return try literal("null", .null)
    case 0x74: return try literal("true", .bool(true))
    case 0x66: return try literal("false", .bool(false))
    case 0x22: return .string(try string())
    case 0x5B: return try array()
    case 0x7B: return try object()
    case 0x2D:
      offset += 1
      return try number(isPositive: false)
    case 0x30...0x39: return try number(isPositive: true)
    default: throw .syntax
    }
  }

  private mutating func literal(
    _ text: String, _ value: SerdeValue
  ) throws(SerdeFailure) -> SerdeValue {
    for byte in text.utf8 {
      guard let found = next else { throw .unexpectedEnd }
      guard found == byte else { throw .syntax }
      offset += 1
    }
    return value
  }

  private mutating func enter() throws(SerdeFailure) {
    depth += 1
    // serde_json refuses the 128th level.
    guard depth < 128 else { throw .recursionLimit }
    offset += 1
  }

  /// Whether another element follows, before `closing`.
  private mutating func another(
    _ closing: UInt8, isFirst: Bool
  ) throws(SerdeFailure) -> Bool {
    skipSpace()
    guard let byte = next else { throw .unexpectedEnd }
    if byte == closing {
      offset += 1
      depth -= 1
      return false
    }
    if isFirst { return true }
    guard byte == 0x2C else { throw .syntax }
    offset += 1
    skipSpace()
    guard next != closing else { throw .syntax }
    return true
  }

  private mutating func array() throws(SerdeFailure) -> SerdeValue {
    try enter()
    var elements: [SerdeValue] = []
    while try another(0x5D, isFirst: elements.isEmpty) { elements.append(try value()) }
    return .array(elements)
  }

  private mutating func object() throws(SerdeFailure) -> SerdeValue {
    try enter()
    var members: [(key: [UInt8], value: SerdeValue)] = []
    while try another(0x7D, isFirst: members.isEmpty) {
      guard next == 0x22 else { throw next == nil ? .unexpectedEnd : .syntax }
      let key = try string()
      skipSpace()
      guard let colon = next else { throw .unexpectedEnd }
      guard colon == 0x3A else { throw .syntax }
      offset += 1
      members.append((key, try value()))
    }
    return .object(members)
  }
}

// MARK: Strings

extension SerdeParser {
  private mutating func string() throws(SerdeFailure) -> [UInt8] {
    offset += 1
    var text: [UInt8] = []
    while true {
      guard let byte = next else { throw .unexpectedEnd }
      offset += 1
      switch byte {
      case 0x22:
        guard String(validating: text, as: UTF8.self) != nil else { throw .syntax }
        return text
      case 0x5C: try escape(into: &text)
      case ..<0x20: throw .syntax
      default: text.append(byte)
      }
    }
  }

  private mutating func escape(into text: inout [UInt8]) throws(SerdeFailure) {
    guard let byte = next else { throw .unexpectedEnd }
    offset += 1
    switch byte {
    case 0x22, 0x5C, 0x2F: text.append(byte)
    case 0x62: text.append(0x08)
    case 0x66: text.append(0x0C)
    case 0x6E: text.append(0x0A)
    case 0x72: text.append(0x0D)
    case 0x74: text.append(0x09)
    case 0x75:
      var scalar = try hexadecimal()
      if (0xD800...0xDBFF).contains(scalar) {
        guard next == 0x5C, offset + 1 < input.count, input[offset + 1] == 0x75 else {
          throw .syntax
        }
        offset += 2
        let low = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(low) else { throw .syntax }
        scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let unicode = Unicode.Scalar(scalar) else { throw .syntax }
      text += Array(String(Character(unicode)).utf8)
    default: throw .syntax
    }
  }

  private mutating func hexadecimal() throws(SerdeFailure) -> UInt32 {
    guard offset + 4 <= input.count else { throw .unexpectedEnd }
    var value: UInt32 = 0
    for byte in input[offset..<offset + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw .syntax }
      value = value << 4 | UInt32(digit)
    }
    offset += 4
    return value
  }
}

// MARK: Numbers

extension SerdeParser {
  private mutating func digit() -> UInt64? {
    guard let byte = next, (0x30...0x39).contains(byte) else { return nil }
    offset += 1
    return UInt64(byte - 0x30)
  }

  private mutating func number(isPositive: Bool) throws(SerdeFailure) -> SerdeValue {
    guard let first = digit() else { throw next == nil ? .unexpectedEnd : .syntax }
    var significand = first
    if first == 0 {
      guard next.map({ (0x30...0x39).contains($0) }) != true else { throw .syntax }
    } else {
      while let digit = digit() {
        guard let longer = Self.appending(digit, to: significand) else {
          return try longNumber(isPositive, significand)
        }
        significand = longer
      }
    }
    switch next {
    case 0x2E: return .float(try fraction(isPositive, significand, 0))
    case 0x65, 0x45: return .float(try exponent(isPositive, significand, 0))
    default: break
    }
    if isPositive { return .unsigned(significand) }
    // −0 and what no i64 holds become doubles.
    let negative = Int64(bitPattern: 0 &- significand)
    return negative >= 0 ? .float(-Double(significand)) : .signed(negative)
  }

  /// `significand` with `digit` behind it; nil where 64 bits do not hold that.
  private static func appending(_ digit: UInt64, to significand: UInt64) -> UInt64? {
    let (tens, overflow) = significand.multipliedReportingOverflow(by: 10)
    let (sum, carry) = tens.addingReportingOverflow(digit)
    return overflow || carry ? nil : sum
  }

  /// The rest of a whole number too long for 64 bits: its digits only count.
  private mutating func longNumber(
    _ isPositive: Bool, _ significand: UInt64
  ) throws(SerdeFailure) -> SerdeValue {
    var power = 1
    while digit() != nil { power += 1 }
    switch next {
    case 0x2E: return .float(try fraction(isPositive, significand, power))
    case 0x65, 0x45: return .float(try exponent(isPositive, significand, power))
    default: return .float(try Self.double(isPositive, significand, power))
    }
  }

  private mutating func fraction(
    _ isPositive: Bool, _ start: UInt64, _ powerBefore: Int
  ) throws(SerdeFailure) -> Double {
    offset += 1
    var significand = start
    var power = powerBefore
    var isEmpty = true
    while let digit = digit() {
      isEmpty = false
      guard let longer = Self.appending(digit, to: significand) else {
        // What does not fit is left out.
        while self.digit() != nil {}
        break
      }
      significand = longer
      power -= 1
    }
    guard !isEmpty else { throw next == nil ? .unexpectedEnd : .syntax }
    if next == 0x65 || next == 0x45 { return try exponent(isPositive, significand, power) }
    return try Self.double(isPositive, significand, power)
  }

  private mutating func exponent(
    _ isPositive: Bool, _ significand: UInt64, _ power: Int
  ) throws(SerdeFailure) -> Double {
    offset += 1
    var isUp = true
    if next == 0x2B || next == 0x2D {
      isUp = next == 0x2B
      offset += 1
    }
    guard let first = digit() else { throw next == nil ? .unexpectedEnd : .syntax }
    var exponent = Int(first)
    while let digit = digit() {
      exponent = exponent * 10 + Int(digit)
      guard exponent <= Int(Int32.max) else {
        if significand != 0 && isUp { throw .numberOutOfRange }
        while self.digit() != nil {}
        return isPositive ? 0 : -0.0
      }
    }
    return try Self.double(isPositive, significand, power + (isUp ? exponent : -exponent))
  }

  /// One multiplication with, or division by, a power of ten.
  private static func double(
    _ isPositive: Bool, _ significand: UInt64, _ power: Int
  ) throws(SerdeFailure) -> Double {
    var value = Double(significand)
    var power = power
    while abs(power) >= powersOfTen.count {
      if value == 0 { return isPositive ? 0 : -0.0 }
      guard power < 0 else { throw .numberOutOfRange }
      value /= 1e308
      power += 308
    }
    if power >= 0 {
      value *= powersOfTen[power]
      guard value.isFinite else { throw .numberOutOfRange }
    } else {
      value /= powersOfTen[-power]
    }
    return isPositive ? value : -value
  }

  /// The doubles nearest to 1e0, 1e1 … 1e308.
  private static let powersOfTen: [Double] = (0...308).map { power in
    guard let value = Double("1e\(power)") else { preconditionFailure("it is a number") }
    return value
  }
}
