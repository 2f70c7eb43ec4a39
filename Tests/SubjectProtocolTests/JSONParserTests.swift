import Determinism
import Foundation
import SubjectProtocol
import Testing

@Suite("JSON texts are read strictly")
struct JSONParserTests {
  static func failure(_ text: [UInt8]) -> JSONError? {
    do {
      _ = try JSONParser.parse(text)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "What RFC 8259 allows is read",
    arguments: [
      ("null", JSONValue.null), (" \t\r\ntrue ", .bool(true)), ("false", .bool(false)),
      ("0", .number(0)), ("-0", .number(-0.0)), ("-12.5e-1", .number(-1.25)),
      ("1E+2", .number(100)), ("[]", .array([])), ("{}", .object([])),
      ("[1,[2]]", .array([.number(1), .array([.number(2)])])),
      (#""\"\\\/\b\f\n\r\t""#, .string(Array("\"\\/\u{8}\u{C}\n\r\t".utf8))),
      (
        #""\u0041\u00e9\u20AC\ud83d\ude00\u0000""#,
        .string(Array("A\u{E9}\u{20AC}\u{1F600}\0".utf8))
      ),
      ("\"\u{7F}\u{E9}\u{2028}\u{10FFFF}\"", .string(Array("\u{7F}\u{E9}\u{2028}\u{10FFFF}".utf8))),
    ])
  func reads(text: String, value: JSONValue) throws {
    #expect(try JSONParser.parse(Array(text.utf8)) == value)
  }

  @Test(
    "What is no JSON is refused at its byte with its reason",
    arguments: [
      ("", 0, JSONError.Reason.endOfInput),
      ("  ", 2, .endOfInput),
      ("[1", 2, .endOfInput),
      ("[1,", 3, .endOfInput),
      ("{\"a\":", 5, .endOfInput),
      ("\"abc", 4, .endOfInput),
      ("tru", 3, .endOfInput),
      ("1 2", 2, .trailingBytes),
      ("[1,]", 3, .unexpectedByte(0x5D, expected: "a value")),
      ("{\"a\":1,}", 7, .unexpectedByte(0x7D, expected: "a key")),
      ("{,}", 1, .unexpectedByte(0x2C, expected: "a key")),
      ("[1 2]", 3, .unexpectedByte(0x32, expected: "',' or ']'")),
      ("{\"a\" 1}", 5, .unexpectedByte(0x31, expected: "':'")),
      ("01", 1, .unexpectedByte(0x31, expected: "no digit after a leading zero")),
      ("+1", 0, .unexpectedByte(0x2B, expected: "a value")),
      ("-", 1, .endOfInput),
      ("-a", 1, .unexpectedByte(0x61, expected: "a digit")),
      ("1.", 2, .endOfInput),
      (".5", 0, .unexpectedByte(0x2E, expected: "a value")),
      ("1e", 2, .endOfInput),
      ("1e+x", 3, .unexpectedByte(0x78, expected: "a digit")),
      ("NaN", 0, .unexpectedByte(0x4E, expected: "a value")),
      ("1e999", 0, .numberBeyondRange),
      ("[-1e309]", 1, .numberBeyondRange),
      ("nulL", 3, .unexpectedByte(0x4C, expected: "null")),
      (#"{"a":1,"\u0061":2}"#, 16, .duplicateKey([0x61])),
      (#""\ud800""#, 1, .loneSurrogate),
      (#""\udc00""#, 1, .loneSurrogate),
      (#""\ud800\u0041""#, 1, .loneSurrogate),
      (#""\x""#, 1, .invalidEscape),
      (#""\u12g4""#, 1, .invalidEscape),
      ("\"a\nb\"", 2, .controlCharacter),
      ("\u{FEFF}1", 0, .unexpectedByte(0xEF, expected: "a value")),
    ])
  func refuses(text: String, offset: Int, reason: JSONError.Reason) {
    #expect(Self.failure(Array(text.utf8)) == JSONError(offset: offset, reason: reason))
  }

  @Test("Composed and decomposed keys are two keys")
  func keysAreBytes() throws {
    let value = try JSONParser.parse(Array("{\"\u{E9}\":1,\"e\u{301}\":2}".utf8))
    #expect(value["e\u{301}"] == .number(2))
  }

  @Test("Exactly the depth limit is read, one level more is refused")
  func depth() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      func nested(_ depth: Int) -> [UInt8] {
        Array(
          (String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth))
            .utf8)
      }
      #expect(Self.failure(nested(JSONParser.depthLimit)) == nil)
      #expect(Self.failure(nested(JSONParser.depthLimit + 1))?.reason == .tooDeep)
      #expect(
        Self.failure(Array(String(repeating: open, count: 1_000_000).utf8))?.reason == .tooDeep)
    }
  }

  @Test("A flood of keys is read in linear time and its duplicate is found")
  func keyFlood() {
    let keys = (0..<50_000).map { "\"key-\($0)\":0" }.joined(separator: ",")
    #expect(Self.failure(Array("{\(keys)}".utf8)) == nil)
    let error = Self.failure(Array("{\(keys),\"key-7\":0}".utf8))
    #expect(error?.reason == .duplicateKey(Array("key-7".utf8)))
  }

  @Test("Strings are refused exactly where they are not UTF-8")
  func utf8() {
    func check(_ bytes: [UInt8]) {
      let isValid = String(validating: bytes, as: UTF8.self) != nil
      let isRead = Self.failure([0x22] + bytes + [0x22]) == nil
      #expect(isValid == isRead, "\(bytes)")
    }
    // Every pair of bytes from 0x80, and every first three with the edges of the fourth.
    for first in UInt8(0x80)...0xFF {
      check([first])
      for second in UInt8(0x7E)...0xFF {
        check([first, second])
        guard first >= 0xE0 else { continue }
        for third: UInt8 in [0x7F, 0x80, 0xBF, 0xC0] {
          check([first, second, third])
          if first >= 0xF0 { check([first, second, third, 0x80]) }
        }
      }
    }
  }

  @Test("Random texts are read as Foundation reads them", arguments: 0..<300)
  func agreesWithFoundation(index: Int) throws {
    let seed = Seed(0xC0DE).derived("foundation", index)
    var random = RandomValues(seed)
    // Foundation's dictionaries take composed and decomposed keys for equal.
    random.usesCombiningCharacters = false
    let value = JSONValue.array([random.value(depth: 4)])
    let foundation = try JSONSerialization.data(withJSONObject: Self.object(value))
    #expect(try JSONParser.parse(Array(foundation)) == value, "seed \(seed)")
    let decoder = JSONDecoder()
    let back = try decoder.decode(FoundationValue.self, from: Data(JSONWriter.text(value)))
    #expect(back.value == value, "seed \(seed)")
  }

  /// The value as Foundation has it.
  private static func object(_ value: JSONValue) -> Any {
    switch value {
    case .null: NSNull()
    case .bool(let bool): NSNumber(value: bool)
    case .number(let number): NSNumber(value: number)
    case .string(let bytes): NSString(string: String(decoding: bytes, as: UTF8.self))
    case .array(let elements): NSArray(array: elements.map(object))
    case .object(let members):
      NSDictionary(
        objects: members.map { object($0.value) },
        forKeys: members.map { NSString(string: String(decoding: $0.key, as: UTF8.self)) })
    }
  }
}

/// A value as Foundation's decoder reads it.
private struct FoundationValue: Decodable {
  var value: JSONValue

  init(from decoder: any Decoder) throws {
    let single = try decoder.singleValueContainer()
    if single.decodeNil() {
      value = .null
    } else if let bool = try? single.decode(Bool.self) {
      value = .bool(bool)
    } else if let number = try? single.decode(Double.self) {
      value = .number(number)
    } else if let string = try? single.decode(String.self) {
      value = .string(Array(string.utf8))
    } else if let elements = try? single.decode([FoundationValue].self) {
      value = .array(elements.map(\.value))
    } else {
      let members = try single.decode([String: FoundationValue].self)
      value = .object(
        members.map { JSONValue.Member(key: Array($0.key.utf8), value: $0.value.value) })
    }
  }
}
