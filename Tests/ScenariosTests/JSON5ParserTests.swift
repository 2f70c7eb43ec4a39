import Determinism
import Scenarios
import SubjectProtocol
import Testing

@Suite("JSON5 texts are read with their lines")
struct JSON5ParserTests {
  static func parse(_ text: String) throws(ScenarioError) -> JSON5Node {
    try JSON5Parser.parse(Array(text.utf8), file: "f.json5")
  }

  static func failure(_ text: [UInt8]) -> String? {
    do {
      _ = try JSON5Parser.parse(text, file: "f.json5")
      return nil
    } catch {
      return error.description
    }
  }

  static func string(_ text: String) -> JSONValue { .string(Array(text.utf8)) }

  @Test("Comments, names, trailing commas and both quotes are read")
  func syntax() throws {
    let text = """
      // first
      { /* in
           between */ name: 'it\\'s "x"', $_a1: [1, 2, ], "quoted key": { },
        yes: true, no: false, nothing: null, // last
      } // end
      """
    let value = try Self.parse(text).json
    #expect(value["name"] == Self.string("it's \"x\""))
    #expect(value["$_a1"] == .array([.number(1), .number(2)]))
    #expect(value["quoted key"] == .emptyObject)
    #expect(value["yes"] == .bool(true))
    #expect(value["nothing"] == .null)
  }

  @Test(
    "Numbers in every form of JSON5",
    arguments: [
      ("0", 0.0), ("+7", 7), ("-7", -7), (".5", 0.5), ("5.", 5), ("-.5e1", -5), ("1.e2", 100),
      ("0x1F", 31), ("-0xff", -255), ("0XAB", 171), ("1e-3", 0.001), ("9007199254740993", 0x1p53),
    ])
  func numbers(text: String, number: Double) throws {
    #expect(try Self.parse(text).json == .number(number))
  }

  @Test("A whole number of 64 bits is exact")
  func exactWhole() throws {
    guard case .number(_, let whole) = try Self.parse("9223372036854775807").value else {
      Issue.record("no number")
      return
    }
    #expect(whole == Int.max)
    guard case .number(_, nil) = try Self.parse("1.5").value else {
      Issue.record("1.5 is taken for a whole number")
      return
    }
  }

  @Test("Escapes stand for what JSON5 says")
  func escapes() throws {
    let text = #"'\b\f\n\r\t\v\0\x41\u00e9\ud83d\ude00\a\"\'\\\/"# + "\\\n\\\r\n'"
    let expected = "\u{8}\u{C}\n\r\t\u{B}\0A\u{E9}\u{1F600}a\"'\\/"
    #expect(try Self.parse(text).json == Self.string(expected))
  }

  @Test("Every key and value has the line and column on which it starts")
  func places() throws {
    let node = try Self.parse("{\r\n  a: 1,\n\n  b:\n    [\r 'x', /*\u{E9}*/ {c: 2}]}")
    guard case .object(let members) = node.value, case .array(let elements) = members[1].node.value
    else {
      Issue.record("\(node)")
      return
    }
    #expect((node.line, node.column) == (1, 1))
    #expect(members.map(\.line) == [2, 4])
    #expect((members[0].node.line, members[0].node.column) == (2, 6))
    #expect((members[1].node.line, members[1].node.column) == (5, 5))
    #expect((elements[0].line, elements[0].column) == (6, 2))
    #expect((elements[1].line, elements[1].column) == (6, 13))
  }

  @Test(
    "Every mistake has its line, column and reason",
    arguments: [
      ("", "1:1: the text ends where a value must stand"),
      ("{\n a: 1\n b: 2}", "3:2: 'b' where ',' or '}' must stand"),
      ("{a 1}", "1:4: '1' where ':' must stand"),
      ("{a: }", "1:5: '}' where a value must stand"),
      ("{\n a: 1,\n\n a: 2}", "4:2: the key \"a\" stands on line 2 already"),
      ("{'\\u0061': 1, a: 2}", "1:15: the key \"a\" stands on line 1 already"),
      ("[1,,2]", "1:4: ',' where a value must stand"),
      ("[1 2]", "1:4: '2' where ',' or ']' must stand"),
      ("1 2", "1:3: '2' where the end of the text must stand"),
      ("\n 'abc", "2:2: a string that does not end"),
      ("'ab\nc'", "1:4: the line ends inside a string; \\n is a line feed"),
      ("\n/* abc", "2:1: a comment that does not end"),
      ("Infinity", "1:1: Infinity is no number that a scenario can use"),
      (" -Infinity", "1:2: -Infinity is no number that a scenario can use"),
      ("[NaN]", "1:2: NaN is no number that a scenario can use"),
      ("1e999", "1:1: 1e999 is too large"),
      ("007", "1:1: 007 is no number"),
      ("0x", "1:1: 0x is no number"),
      ("1.2.3", "1:1: 1.2.3 is no number"),
      ("0xFFFFFFFFFFFFFFFFFF", "1:1: 0xFFFFFFFFFFFFFFFFFF has more than 64 bits"),
      ("yes", "1:1: yes is no value; a string stands in quotes"),
      ("{\u{E9}: 1}", "1:2: a key with characters beyond ASCII must stand in quotes"),
      (
        "{\"\u{E9}\u{E9}\": \u{E9}}", "1:8: a key with characters beyond ASCII must stand in quotes"
      ),
      ("'\\01'", "1:2: an octal escape, which JSON5 does not have"),
      ("'\\ud800'", "1:2: half of a surrogate pair"),
      ("'\\xg0'", "1:2: an escape without its 2 hex digits"),
      ("\u{0}", "1:1: a control character where a value must stand"),
    ])
  func mistakes(text: String, message: String) {
    #expect(Self.failure(Array(text.utf8)) == "f.json5:" + message)
  }

  @Test("A text that is not UTF-8 is refused at its first bad byte")
  func invalidUTF8() {
    #expect(Self.failure(Array("{}\n//".utf8) + [0xC3]) == "f.json5:2:3: the text is not UTF-8")
    #expect(Self.failure([0xFF]) == "f.json5:1:1: the text is not UTF-8")
  }

  @Test("JSON is JSON5", arguments: 0..<200)
  func readsJSON(index: Int) throws {
    let seed = Seed(0x15).derived("json", index)
    var generator = PRNG(seed)
    let value = Self.value(&generator, depth: 3)
    let text = JSONWriter.text(value)
    #expect(try JSON5Parser.parse(text, file: "f").json == value, "seed \(seed)")
  }

  @Test("No input traps", arguments: 0..<40)
  func fuzz(index: Int) {
    var generator = PRNG(Seed(0xF5).derived("json5", index))
    let alphabet = Array("{}[]:,'\"\\/*+-.0x1eEuInfNa \n\r\t$_".utf8) + [0, 0x80, 0xC3, 0xE2, 0xFF]
    for _ in 0..<200 {
      var text: [UInt8] = generator.chance(1, in: 2) ? Array("{a:[1,'x\\u0041'],".utf8) : []
      for _ in 0..<generator.below(30) { text.append(generator.pick(alphabet)) }
      if let message = Self.failure(text) { #expect(!message.utf8.contains(0x0A)) }
    }
    #expect(
      Self.failure(Array(String(repeating: "[", count: 100_000).utf8))
        == "f.json5:1:65: more than 64 levels of arrays and objects")
  }

  private static func value(_ generator: inout PRNG, depth: Int) -> JSONValue {
    switch generator.below(depth > 0 ? 6 : 4) {
    case 0: return .null
    case 1: return .bool(generator.chance(1, in: 2))
    case 2: return .number(Double(generator.number(in: -1000...1000)) / 8)
    case 3: return string(generator.pick(["", "a\"\\\u{1}\n", "\u{E9}\u{2028}\u{1F600}"]))
    case 4: return .array((0..<generator.below(4)).map { _ in value(&generator, depth: depth - 1) })
    default:
      return .object(
        (0..<generator.below(4)).map {
          .init(key: Array("k\($0)".utf8), value: value(&generator, depth: depth - 1))
        })
    }
  }
}
