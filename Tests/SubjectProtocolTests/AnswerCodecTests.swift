import Determinism
import SubjectProtocol
import Testing

@Suite("Answers and their lines")
struct AnswerCodecTests {
  static func failure(_ text: String, to operation: OperationName) -> String? {
    do {
      _ = try AnswerDecoder.decode(Array(text.utf8), to: operation)
      return nil
    } catch {
      return error.description
    }
  }

  @Test("Every answer survives its line", arguments: 0..<200)
  func roundTrip(index: Int) throws {
    let seed = Seed(0xA45).derived("answers", index)
    var random = RandomValues(seed)
    for operation in OperationName.allCases {
      let answer = random.answer(to: operation)
      let number = random.optionalNumber()
      let line = AnswerEncoder.line(answer, number: number)
      let back = try AnswerDecoder.decode(line, to: operation)
      #expect(back.number == number, "seed \(seed)")
      #expect(AnswerDecoder.number(of: line) == number, "seed \(seed)")
      #expect(AnswerEncoder.line(back.answer, number: number) == line, "seed \(seed)")
      if case .dump(let dump) = answer, case .dump(let backDump) = back.answer {
        #expect(backDump.digest == dump.digest, "seed \(seed)")
        #expect(backDump.namespaces == dump.namespaces, "seed \(seed)")
      }
      if case .hello = answer { #expect(back.answer == answer, "seed \(seed)") }
      if case .opened = answer { #expect(back.answer == answer, "seed \(seed)") }
    }
  }

  @Test("A dump in another form has the same digest")
  func dumpForms() throws {
    var dump = Dump()
    dump.append(
      RecordKey(namespace: [0x6E], id: [0x61]),
      RecordValue(
        vector: [0.1, -0.0], metadata: try Metadata(parsing: Array(#"{"b":1,"a":[0]}"#.utf8))))
    dump.append(RecordKey(id: [0x62]), RecordValue(vector: [3, 4]))
    let text = #"""
       { "namespaces" : [ "n" ], "records" : [
         { "metadata": {"a": [-0.0], "b": 1.0e0}, "x": {"id": 5}, "namespace": "\u006e",
           "vector": [0.10000000149011612, -0], "id": "a" },
         { "namespace": "", "id": "b", "metadata": {}, "vector": [3.0, 40e-1] } ],
         "ok" : true }
      """#
    let answer = try AnswerDecoder.decode(Array(text.utf8), to: .dump).answer
    guard case .dump(let read) = answer else {
      Issue.record("\(answer)")
      return
    }
    #expect(read.digest == dump.digest)
    #expect(read.namespaces == [[0x6E]])
    #expect(read.key(0) == dump.key(0))
    #expect(read.value(0) == dump.value(0))
  }

  @Test("An ok answer means what the request asked")
  func byOperation() throws {
    let ok = Array(#"{"ok":true,"record":5,"records":{},"stats":[]}"#.utf8)
    for operation in OperationName.allCases {
      switch operation {
      case .hello, .get, .search, .dump, .stats:
        #expect(throws: JSONError.self) { _ = try AnswerDecoder.decode(ok, to: operation) }
      default: #expect(try AnswerDecoder.decode(ok, to: operation).answer == .ok)
      }
    }
    let null = Array(#"{"ok":true,"record":null}"#.utf8)
    #expect(try AnswerDecoder.decode(null, to: .get).answer == .record(nil))
  }

  @Test("A failure is a failure whatever else the line holds")
  func failures() throws {
    let text = #"{"records":7,"ok":false,"error":"read-only","message":"no\nmore","request":2}"#
    let decoded = try AnswerDecoder.decode(Array(text.utf8), to: .dump)
    #expect(decoded.answer == .failed(.readOnly, message: "no\nmore"))
    #expect(decoded.number == 2)
    let unknown = #"{"ok":true,"error":"strange"}"#
    #expect(try AnswerDecoder.decode(Array(unknown.utf8), to: .put).answer == .ok)
  }

  @Test("Absent members of a contract are the strictest promise, the acknowledgement apart")
  func contractDefaults() throws {
    let text = #"{"ok":true,"contract":{"acknowledgement":"volatile"}}"#
    let expected = Contract(
      acknowledgementAfterProcessCrash: .volatile, acknowledgementAfterPowerLoss: .volatile)
    #expect(try AnswerDecoder.decode(Array(text.utf8), to: .open).answer == .opened(expected))
    let split =
      #"{"ok":true,"contract":{"acknowledgement":{"power-loss":"none","process-crash":"durable"},"#
      + #""barriers":[],"batches":"none","future":1}}"#
    guard
      case .opened(let contract) = try AnswerDecoder.decode(Array(split.utf8), to: .open).answer
    else {
      Issue.record("no contract")
      return
    }
    #expect(contract.acknowledgement(after: .process) == .durable)
    #expect(contract.acknowledgement(after: .power) == .none)
    #expect(contract.barriers.isEmpty)
  }

  @Test(
    "What is no answer is refused with one line that says why",
    arguments: [
      ("{}", OperationName.put, #"byte 0: "ok" is missing"#),
      ("{\"ok\":1}", .put, #"byte 6: "ok" must be true or false"#),
      ("{\"ok\":false}", .put, #"byte 0: "error" is missing"#),
      ("true", .put, "byte 0: 't' where an object must stand"),
      (#"{"ok":true}"#, .get, #"byte 0: "record" is missing"#),
      (#"{"ok":true}"#, .dump, #"byte 0: "records" is missing"#),
      (#"{"ok":true,"records":[{"id":"a"}]}"#, .dump, #"byte 22: "vector" is missing"#),
      (
        #"{"ok":true,"records":[{"id":"a","vector":[1],"id":"b"}]}"#, .dump,
        #"byte 50: the key "id" stands twice in one object"#
      ),
      (#"{"ok":true,"matches":[{"id":"a"}]}"#, .search, #"byte 22: "distance" is missing"#),
      (
        #"{"ok":true,"contract":{"barriers":[]}}"#, .open, #"byte 22: "acknowledgement" is missing"#
      ),
      (
        #"{"ok":true,"contract":{"acknowledgement":{"power-loss":"durable"}}}"#, .open,
        #"byte 41: "process-crash" is missing"#
      ),
      (
        #"{"ok":true,"contract":{"acknowledgement":"durable","order":"total"}}"#, .open,
        #"byte 59: "order" must be one of "prefix", "per-key""#
      ),
      (#"{"ok":true,"name":"x"}"#, .hello, #"byte 0: "contract" is missing"#),
      (#"{"ok":true} {"ok":true}"#, .put, "byte 12: something follows the value"),
    ])
  func refuses(text: String, operation: OperationName, message: String) {
    #expect(Self.failure(text, to: operation) == message)
  }
}
