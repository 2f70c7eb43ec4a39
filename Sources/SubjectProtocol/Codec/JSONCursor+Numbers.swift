/// The digits of a JSON number: its value is `mantissa` · 10^`exponent` unless `isTruncated`.
private struct ScannedNumber {
  var start: Int
  var isNegative = false
  var mantissa: UInt64 = 0
  var exponent = 0
  /// Whether there were more digits than `mantissa` can hold; then only the text has the value.
  var isTruncated = false
  /// Whether the text is digits alone.
  var isPlainInteger = true
}

/// The powers of ten that Float64 holds exactly.
private let exactPowersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]

extension JSONCursor {
  /// Reads a number as the Float64 nearest to it (ties to even).
  mutating func readDouble() throws(JSONError) -> Double {
    let number = try scanNumber()
    let magnitude: Double
    if number.mantissa == 0, !number.isTruncated {
      magnitude = 0
    } else if let quick = number.quickMagnitude, number.mantissa <= 1 << 53 {
      // Both operands are exact, so the one operation rounds once (Clinger 1990).
      magnitude = quick
    } else {
      return try slowDouble(number)
    }
    return number.isNegative ? -magnitude : magnitude
  }

  /// Reads a number as the Float32 nearest to it (ties to even), rounding once.
  mutating func readFloat() throws(JSONError) -> Float {
    let number = try scanNumber()
    if number.mantissa == 0, !number.isTruncated { return number.isNegative ? -0.0 : 0.0 }
    // `quick` is off by at most two units in its last place, which matters only next to a midpoint
    // of two Float32 values: there, and for subnormals, the slow path decides.
    if let quick = number.quickMagnitude, quick >= Double(Float.leastNormalMagnitude) {
      let low = Int(truncatingIfNeeded: quick.bitPattern & 0x1FFF_FFFF)
      if abs(low &- 0x1000_0000) > 4 {
        let value = Float(quick)
        guard value.isFinite else { throw errorAt(number.start, .numberBeyondRange) }
        return number.isNegative ? -value : value
      }
    }
    guard let value = Float(text(from: number.start)), value.isFinite else {
      throw errorAt(number.start, .numberBeyondRange)
    }
    return value
  }

  /// Reads a whole number from 0 to 2⁶⁴ − 1, or returns nil if the number there is none.
  ///
  /// Also `1.0` and `1e0` are whole; past 2⁵³ only plain digits are, as the value is exact.
  mutating func readUnsigned() throws(JSONError) -> UInt64? {
    let number = try scanNumber()
    if number.isPlainInteger, !number.isTruncated {
      return number.isNegative && number.mantissa != 0 ? nil : number.mantissa
    }
    if number.isPlainInteger { return UInt64(text(from: number.start)) }
    let value = try slowDouble(number)
    guard value >= 0, value <= 0x1p53 else { return nil }
    let whole = UInt64(value)
    return Double(whole) == value ? whole : nil
  }

  /// The value by the standard library's correctly rounded conversion.
  private func slowDouble(_ number: ScannedNumber) throws(JSONError) -> Double {
    guard let value = Double(text(from: number.start)), value.isFinite else {
      throw errorAt(number.start, .numberBeyondRange)
    }
    return value
  }

  private func errorAt(_ offset: Int, _ reason: JSONError.Reason) -> JSONError {
    JSONError(offset: offset, reason: reason)
  }

  private func text(from start: Int) -> String {
    bytes.extracting(start..<offset).withUnsafeBufferPointer {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// Whether the next byte is a digit.
  @inline(__always)
  private var atDigit: Bool { offset < bytes.count && bytes[offset] &- 0x30 < 10 }

  /// Reads the number that starts here by the grammar of RFC 8259, section 6.
  private mutating func scanNumber() throws(JSONError) -> ScannedNumber {
    skipWhitespace()
    var number = ScannedNumber(start: offset)
    if offset < bytes.count, bytes[offset] == 0x2D {
      number.isNegative = true
      offset &+= 1
    }
    guard atDigit else {
      throw unexpected(number.isNegative ? "a digit" : "a value")
    }
    if bytes[offset] == 0x30 {
      offset &+= 1
      if atDigit { throw unexpected("no digit after a leading zero") }
    } else {
      scanDigits(into: &number, afterPoint: false)
    }
    if offset < bytes.count, bytes[offset] == 0x2E {
      number.isPlainInteger = false
      offset &+= 1
      guard atDigit else { throw unexpected("a digit") }
      scanDigits(into: &number, afterPoint: true)
    }
    if offset < bytes.count, bytes[offset] | 0x20 == 0x65 {
      number.isPlainInteger = false
      offset &+= 1
      try scanExponent(into: &number)
    }
    return number
  }

  @inline(__always)
  private mutating func scanDigits(into number: inout ScannedNumber, afterPoint: Bool) {
    while offset < bytes.count {
      let digit = bytes[offset] &- 0x30
      guard digit < 10 else { return }
      if number.mantissa < 1_000_000_000_000_000_000 {
        number.mantissa = number.mantissa &* 10 &+ UInt64(digit)
        if afterPoint { number.exponent &-= 1 }
      } else {
        number.isTruncated = true
      }
      offset &+= 1
    }
  }

  private mutating func scanExponent(into number: inout ScannedNumber) throws(JSONError) {
    var isNegative = false
    if offset < bytes.count, bytes[offset] == 0x2B || bytes[offset] == 0x2D {
      isNegative = bytes[offset] == 0x2D
      offset &+= 1
    }
    guard atDigit else { throw unexpected("a digit") }
    var exponent = 0
    while atDigit {
      // The limit only keeps the sum from overflowing; such a number takes the slow path.
      if exponent < 1_000_000 { exponent = exponent &* 10 &+ Int(bytes[offset] &- 0x30) }
      offset &+= 1
    }
    number.exponent &+= isNegative ? -exponent : exponent
  }
}

extension ScannedNumber {
  /// The magnitude by one multiplication or division, where the power of ten is exact.
  @inline(__always)
  var quickMagnitude: Double? {
    guard !isTruncated, exponent >= -22, exponent <= 22 else { return nil }
    let value = Double(mantissa)
    return exponent < 0 ? value / exactPowersOfTen[-exponent] : value * exactPowersOfTen[exponent]
  }
}
