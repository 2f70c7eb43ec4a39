import Determinism
import SubjectProtocol
import Testing

@Suite("Numbers are rounded once and written exactly")
struct JSONNumberTests {
  static func double(_ text: String) throws -> Double? {
    guard case .number(let number) = try JSONParser.parse(Array(text.utf8)) else { return nil }
    return number
  }

  /// The text as a component of a vector.
  static func float(_ text: String) -> Float? {
    let line = Array("{\"op\":\"put\",\"id\":\"a\",\"vector\":[\(text)]}".utf8)
    guard case .request(.mutate(.put(_, let value), _), _) = RequestDecoder.decode(line) else {
      return nil
    }
    return value.vector.first
  }

  /// A random decimal number with up to 25 digits.
  static func decimal(_ generator: inout PRNG) -> String {
    var text = generator.chance(1, in: 3) ? "-" : ""
    text += String(generator.number(in: 1...9))
    for _ in 0..<generator.below(12) { text += String(generator.below(10)) }
    if generator.chance(2, in: 3) {
      text += "."
      for _ in 0..<generator.number(in: 1...13) { text += String(generator.below(10)) }
    }
    if generator.chance(1, in: 2) { text += "e\(generator.number(in: -330...300))" }
    return text
  }

  @Test("Random decimals become the nearest Float64")
  func nearestDouble() throws {
    var generator = PRNG(Seed(1))
    for _ in 0..<20_000 {
      let text = Self.decimal(&generator)
      let expected = try #require(Double(text))
      guard expected.isFinite else { continue }
      #expect(try Self.double(text)?.bitPattern == expected.bitPattern, "\(text)")
    }
  }

  @Test("Random decimals become the nearest Float32, and those beyond it are refused")
  func nearestFloat() throws {
    var generator = PRNG(Seed(2))
    for _ in 0..<20_000 {
      var text = Self.decimal(&generator)
      if generator.chance(1, in: 2), let at = text.firstIndex(of: "e") {
        text = text[..<at] + "e\(generator.number(in: -60...40))"
      }
      let expected = try #require(Float(text))
      let found = Self.float(text)
      #expect(found?.bitPattern == (expected.isFinite ? expected.bitPattern : nil), "\(text)")
    }
  }

  @Test("A decimal next to the middle of two Float32 values is not rounded twice")
  func midpoints() throws {
    var generator = PRNG(Seed(3))
    for _ in 0..<5_000 {
      let exponent = UInt32(generator.number(in: 1...253)) << 23
      let low = Float(bitPattern: exponent | UInt32(generator.below(1 << 23)))
      let middle = (Double(low) + Double(low.nextUp)) / 2
      let text = middle.description
      // The same number with digits added, and its neighbours in Float64.
      let parts = text.split(separator: "e", omittingEmptySubsequences: false)
      let exponentText = parts.count > 1 ? "e" + parts[1] : ""
      let longer = parts[0] + "0000000000000000000000001" + exponentText
      for candidate in [
        text, String(longer), middle.nextUp.description, middle.nextDown.description,
      ] {
        let expected = try #require(Float(candidate))
        #expect(Self.float(candidate)?.bitPattern == expected.bitPattern, "\(candidate)")
      }
    }
  }

  @Test("Every Float32 survives a line, bit for bit")
  func floatRoundTrip() {
    var generator = PRNG(Seed(4))
    var values: [Float] = [
      0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0x1p24, -0x1p23,
    ]
    for exponent in 0..<255 {
      for _ in 0..<20 {
        let bits = UInt32(exponent) << 23 | UInt32(generator.below(1 << 23))
        values.append(Float(bitPattern: bits | (generator.chance(1, in: 2) ? 1 << 31 : 0)))
      }
    }
    values += [Float(bitPattern: 0x7FC0_0000), .infinity, -.infinity]
    let request = Request.mutate(
      .put(RecordKey(id: [0x61]), RecordValue(vector: values)), transaction: nil)
    let line = RequestEncoder.line(request, number: nil)
    guard case .request(.mutate(.put(_, let back), _), nil) = RequestDecoder.decode(line) else {
      Issue.record("the line is not read back")
      return
    }
    #expect(RecordValue.sameBits(values, back.vector))
  }

  @Test(
    "Numbers have one canonical text",
    arguments: [
      (0.0, "0"), (-0.0, "-0.0"), (1, "1"), (-15, "-15"), (1e15, "1000000000000000"),
      (0x1p53, "9007199254740992"), (0.1, "0.1"), (-2.5, "-2.5"), (1e300, "1e+300"),
      (.leastNonzeroMagnitude, "5e-324"),
    ] as [(Double, String)])
  func canonicalText(number: Double, text: String) {
    #expect(String(decoding: JSONWriter.text(.number(number)), as: UTF8.self) == text)
  }

  @Test("Every Float64 survives, bit for bit")
  func doubleRoundTrip() throws {
    var random = RandomValues(Seed(5))
    for _ in 0..<20_000 {
      let number = random.double()
      let text = JSONWriter.text(.number(number))
      guard case .number(let back) = try JSONParser.parse(text) else { continue }
      #expect(back.bitPattern == number.bitPattern)
    }
  }

  @Test(
    "Whole numbers are exact up to 2⁶⁴ − 1, however they are written",
    arguments: [
      ("0", 0), ("-0", 0), ("7", 7), ("7.0", 7), ("70e-1", 7), ("1e3", 1000),
      ("18446744073709551615", UInt64.max), ("9007199254740993", 9_007_199_254_740_993),
      ("18446744073709551616", nil), ("-1", nil), ("1.5", nil), ("1e17", nil), ("1e400", nil),
      ("\"1\"", nil), ("99999999999999999999999999", nil),
    ] as [(String, UInt64?)])
  func wholeNumbers(text: String, value: UInt64?) {
    let decoded = RequestDecoder.decode(Array("{\"op\":\"begin\",\"transaction\":\(text)}".utf8))
    if let value {
      #expect(decoded == .request(.begin(transaction: value), number: nil))
    } else if case .request = decoded {
      Issue.record("\(text) was read as a whole number")
    }
  }
}
