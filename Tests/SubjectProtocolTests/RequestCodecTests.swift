import Determinism
import SubjectProtocol
import Testing

@Suite("Requests and their lines")
struct RequestCodecTests {
  static func text(_ request: Request, _ number: UInt64? = nil) -> String {
    String(decoding: RequestEncoder.line(request, number: number), as: UTF8.self)
  }

  static func decode(_ text: String) -> DecodedRequest { RequestDecoder.decode(Array(text.utf8)) }

  @Test("Lines are as protocol.md has them")
  func golden() {
    let key = RecordKey(namespace: Array("n".utf8), id: Array("a\"".utf8))
    let value = RecordValue(
      vector: [1, -0.0, 0.1, .infinity, -.infinity, Float(bitPattern: 0x7FC0_0000)],
      metadata: Metadata(members: [.init(key: Array("k".utf8), value: .number(1))]))
    #expect(
      Self.text(.mutate(.put(key, value), transaction: 3), 7)
        == #"{"op":"put","request":7,"id":"a\"","namespace":"n","#
        + #""vector":[1,-0.0,0.1,"inf","-inf","nan"],"metadata":{"k":1},"transaction":3}"# + "\n")
    #expect(
      Self.text(.batch([.delete(key), .put(RecordKey(id: [0x62]), RecordValue(vector: []))]))
        == #"{"op":"batch","operations":[{"op":"delete","id":"a\"","namespace":"n"},"#
        + #"{"op":"put","id":"b","vector":[]}]}"# + "\n")
    #expect(Self.text(.clear(namespace: nil)) == "{\"op\":\"clear\"}\n")
    #expect(Self.text(.clear(namespace: [])) == "{\"op\":\"clear\",\"namespace\":\"\"}\n")
    #expect(
      Self.text(.open(directory: "/w", dimension: 8, options: .emptyObject), 1)
        == #"{"op":"open","request":1,"directory":"/w","dimension":8,"options":{}}"# + "\n")
    #expect(
      Self.text(.hello(options: .emptyObject)) == #"{"op":"hello","protocol":1,"options":{}}"#
        + "\n")
  }

  @Test("Every request survives its line", arguments: 0..<200)
  func roundTrip(index: Int) {
    let seed = Seed(0x4E9).derived("requests", index)
    var random = RandomValues(seed)
    for operation in OperationName.allCases {
      let request = random.request(operation)
      let number = random.optionalNumber()
      let line = RequestEncoder.line(request, number: number)
      #expect(line.count { $0 == 0x0A } == 1)
      let decoded = RequestDecoder.decode(line)
      // NaN is unequal to itself, so lines are compared, which hold every bit.
      guard case .request(let back, let backNumber) = decoded else {
        Issue.record("seed \(seed): \(decoded)")
        continue
      }
      #expect(backNumber == number, "seed \(seed)")
      #expect(RequestEncoder.line(back, number: number) == line, "seed \(seed)")
      #expect(back.name == operation)
    }
  }

  @Test("Fields come in any order, unknown ones and nulls are ignored")
  func tolerance() {
    #expect(
      Self.decode(
        #"{"x":{"op":1},"vector":[1],"id":"a","metadata":null,"namespace":null,"op":"put","#
          + #""transaction":null,"request":null}"#)
        == .request(
          .mutate(.put(RecordKey(id: [0x61]), RecordValue(vector: [1])), transaction: nil),
          number: nil))
    // `id` means nothing to `flush`, so its kind does not matter either.
    #expect(
      Self.decode(#"{"op":"flush","id":{"a":[]},"request":4}"#) == .request(.flush, number: 4))
    #expect(
      Self.decode(#"{"op":"batch","operations":[{"id":"a","op":"delete"}]}"#)
        == .request(.batch([.delete(RecordKey(id: [0x61]))]), number: nil))
  }

  @Test("What version 1 does not know is unsupported and keeps its number")
  func unsupported() {
    #expect(
      Self.decode(#"{"op":"merge","vector":3,"request":9}"#)
        == .unsupported(message: #"unknown op "merge""#, number: 9))
    #expect(
      Self.decode(#"{"op":"hello","protocol":2,"request":1}"#)
        == .unsupported(message: "protocol 2 is not supported, 1 is", number: 1))
  }

  @Test(
    "What is no request is invalid, with one line that says why",
    arguments: [
      ("", "byte 0: the text ends inside a value"),
      ("[]", "byte 0: '[' where an object must stand"),
      ("{}", #"byte 0: "op" is missing"#),
      (#"{"op":7}"#, #"byte 6: "op" must be a string"#),
      (#"{"op":"put","id":"a"}"#, #"byte 0: "vector" is missing"#),
      (#"{"op":"put","vector":[]}"#, #"byte 0: "id" is missing"#),
      (
        #"{"op":"put","id":"","vector":[]}"#,
        #"byte 17: "id" must be a string of at least one byte"#
      ),
      (
        #"{"op":"put","id":"a","vector":[1,null]}"#,
        #"byte 33: "vector" must be an array of numbers"#
      ),
      (#"{"op":"put","id":"a","vector":[1e39]}"#, "byte 31: a number too large"),
      (
        #"{"op":"put","id":"a","vector":["big"]}"#,
        #"byte 31: "vector" must be of numbers, "nan", "inf" or "-inf""#
      ),
      (
        #"{"op":"put","id":"a","vector":[],"metadata":[]}"#,
        #"byte 44: "metadata" must be an object"#
      ),
      (#"{"op":"put","id":"a","id":"b"}"#, #"byte 26: the key "id" stands twice in one object"#),
      (#"{"op":"flush","x":1,"x":1}"#, #"byte 24: the key "x" stands twice in one object"#),
      (#"{"op":"begin"}"#, #"byte 0: "transaction" is missing"#),
      (#"{"op":"drop-namespace"}"#, #"byte 0: "namespace" is missing"#),
      (
        #"{"op":"batch","operations":[{"op":"batch"}]}"#,
        #"byte 28: "operations" must be an array of puts and deletes"#
      ),
      (
        #"{"op":"open","directory":"/","dimension":0}"#,
        #"byte 41: "dimension" must be a whole number from 1 to 4294967295"#
      ),
      (
        #"{"op":"search","vector":[1],"count":1,"metric":"L2"}"#,
        #"byte 47: "metric" must be one of "l2", "cosine", "dot""#
      ),
      (#"{"op":"flush"} x"#, "byte 15: something follows the value"),
      ("{\"op\":\"fl\u{0}\"}", "byte 9: a control character in a string"),
    ])
  func invalid(text: String, message: String) {
    guard case .invalid(let error, _) = Self.decode(text) else {
      Issue.record("\(text) was accepted")
      return
    }
    #expect(error.description == message)
  }

  @Test("An invalid request keeps its number where that can be read")
  func invalidNumber() {
    guard case .invalid(_, let number) = Self.decode(#"{"op":"put","request":12}"#) else {
      Issue.record("accepted")
      return
    }
    #expect(number == 12)
    guard case .invalid(_, nil) = Self.decode(#"{"op":"put","request":12"#) else {
      Issue.record("a number was read from what is no JSON")
      return
    }
  }
}
