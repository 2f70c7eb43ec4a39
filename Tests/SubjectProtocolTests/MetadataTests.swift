import Determinism
import SubjectProtocol
import Testing

@Suite("Metadata has one canonical form")
struct MetadataTests {
  static func canonical(_ text: String) throws -> String {
    String(decoding: try Metadata(parsing: Array(text.utf8)).canonical, as: UTF8.self)
  }

  @Test(
    "Equal objects have equal bytes",
    arguments: [
      ("{}", ""), (" { } ", ""), (#"{"b":1,"a":2}"#, #"{"a":2,"b":1}"#),
      (#"{"a":1.0,"b":1e0,"c":-0.0,"d":-0}"#, #"{"a":1,"b":1,"c":0,"d":0}"#),
      (#"{"z":{"b":[-0.0,{}],"a":null},"a":true}"#, #"{"a":true,"z":{"a":null,"b":[0,{}]}}"#),
      (#"{"\u0061\/":"\u00e9\u001f\n"}"#, "{\"a/\":\"\u{E9}\\u001f\\n\"}"),
      (#"{"aa":1,"a":2,"":3}"#, #"{"":3,"a":2,"aa":1}"#),
    ])
  func oneForm(text: String, expected: String) throws {
    #expect(try Self.canonical(text) == expected)
  }

  @Test(
    "What is no object, or has a key twice, is refused",
    arguments: ["[]", "1", "null", "", #"{"a":1,"a":1}"#, #"{"b":1,"a":2,"\u0062":3}"#, "{} {}"])
  func refuses(text: String) {
    #expect(throws: JSONError.self) { _ = try Metadata(parsing: Array(text.utf8)) }
  }

  @Test("The form from text and the form from a value are the same", arguments: 0..<300)
  func agrees(index: Int) throws {
    let seed = Seed(0x3E7A).derived("metadata", index)
    var random = RandomValues(seed)
    let members = random.members(depth: 4)
    var shuffled = members
    random.generator.shuffle(&shuffled)
    let metadata = Metadata(members: members)
    #expect(Metadata(JSONValue.object(shuffled)) == metadata, "seed \(seed)")
    let text = JSONWriter.text(.object(shuffled))
    #expect(try Metadata(parsing: text) == metadata, "seed \(seed)")
    // Canonical text is its own canonical form, and means the same value.
    #expect(try Metadata(parsing: metadata.text) == metadata, "seed \(seed)")
    #expect(try JSONParser.parse(metadata.text) == .object(members), "seed \(seed)")
  }

  @Test("Different values have different forms", arguments: 0..<200)
  func distinguishes(index: Int) {
    let seed = Seed(0x3E7B).derived("metadata", index)
    var random = RandomValues(seed)
    let left = random.members(depth: 2)
    let right = random.members(depth: 2)
    let same = JSONValue.object(left) == .object(right)
    #expect((Metadata(members: left) == Metadata(members: right)) == same, "seed \(seed)")
  }

  @Test("No value but an object is metadata")
  func onlyObjects() {
    #expect(Metadata(JSONValue.array([])) == nil)
    #expect(Metadata(JSONValue.emptyObject) == .empty)
  }
}
