import Determinism
import SubjectProtocol
import Testing

/// No input may trap: the process that runs these tests is the witness.
@Suite("No input traps")
struct CodecFuzzTests {
  /// Gives `line` to every decoder; what is accepted must survive another line.
  static func feed(_ line: [UInt8], _ seed: Seed) {
    if case .request(let request, let number) = RequestDecoder.decode(line) {
      #expect((try? JSONParser.parse(line)) != nil, "seed \(seed): accepted, and no JSON")
      let written = RequestEncoder.line(request, number: number)
      guard case .request(let back, number) = RequestDecoder.decode(written) else {
        Issue.record("seed \(seed): what was accepted is refused when written anew")
        return
      }
      #expect(RequestEncoder.line(back, number: number) == written, "seed \(seed)")
    }
    for operation in [OperationName.hello, .open, .put, .get, .search, .dump, .stats] {
      guard let decoded = try? AnswerDecoder.decode(line, to: operation) else { continue }
      #expect((try? JSONParser.parse(line)) != nil, "seed \(seed): accepted, and no JSON")
      let written = AnswerEncoder.line(decoded.answer, number: decoded.number)
      let back = try? AnswerDecoder.decode(written, to: operation)
      let again = back.map { AnswerEncoder.line($0.answer, number: $0.number) }
      #expect(again == written, "seed \(seed)")
    }
    if let value = try? JSONParser.parse(line) {
      #expect((try? JSONParser.parse(JSONWriter.text(value))) == value, "seed \(seed)")
    }
    _ = AnswerDecoder.number(of: line)
  }

  @Test("Lines with changed, lost, doubled and strange bytes", arguments: 0..<60)
  func mutated(index: Int) {
    let seed = Seed(0xF022).derived("mutated", index)
    var random = RandomValues(seed)
    let strange: [UInt8] =
      Array("{}[]\",:\\-+.eE019ntfu \n".utf8) + [0, 0x1F, 0x80, 0xC0, 0xED, 0xFF]
    for operation in OperationName.allCases {
      let original =
        random.chance(1, in: 2)
        ? RequestEncoder.line(random.request(operation), number: random.optionalNumber())
        : AnswerEncoder.line(random.answer(to: operation), number: random.optionalNumber())
      for _ in 0..<20 {
        var line = original
        for _ in 0..<random.generator.number(in: 1...4) where !line.isEmpty {
          let at = random.generator.below(line.count)
          switch random.generator.below(5) {
          case 0: line[at] ^= 1 << UInt8(random.generator.below(8))
          case 1: line.remove(at: at)
          case 2: line.insert(random.generator.pick(strange), at: at)
          case 3: line.removeSubrange(at...)
          default:
            let end = random.generator.number(in: at...line.count)
            line.insert(contentsOf: line[at..<end], at: random.generator.below(line.count))
          }
        }
        Self.feed(line, seed)
      }
    }
  }

  @Test("Every prefix of a line of every kind is refused")
  func prefixes() {
    var random = RandomValues(Seed(0xF1))
    for operation in OperationName.allCases {
      let line = RequestEncoder.line(random.request(operation), number: 3).dropLast()
      for length in 0..<line.count {
        if case .request = RequestDecoder.decode(Array(line.prefix(length))) {
          Issue.record("\(operation): the first \(length) bytes were accepted")
        }
      }
    }
  }

  @Test("Noise of every length")
  func noise() {
    var generator = PRNG(Seed(0xF2))
    for length in 0..<400 {
      var line: [UInt8] = []
      for _ in 0..<length { line.append(UInt8(truncatingIfNeeded: generator.next())) }
      Self.feed(line, Seed(0xF2))
    }
  }

  @Test("Floods: deep, long and wide lines")
  func floods() {
    let deep = String(repeating: "[", count: 200_000)
    let digits = String(repeating: "9", count: 200_000)
    for text in [
      deep, "{\"op\":\"put\",\"x\":" + deep, "{\"op\":\"put\",\"metadata\":" + deep,
      "{\"ok\":true,\"records\":" + deep, "{\"op\":" + deep, digits, "0." + digits, "1e" + digits,
      "[1e-" + digits + "]", "\"" + String(repeating: "\\u0000", count: 100_000) + "\"",
      "{\"op\":\"put\",\"id\":\"a\",\"vector\":[" + String(repeating: "0,", count: 100_000) + "0]}",
      "{\"op\":\"put\",\"id\":\"a\",\"vector\":[" + digits + "]}",
      "{\"op\":\"put\",\"id\":\"a\",\"vector\":[0." + digits + "]}",
      "{\"op\":\"batch\",\"operations\":["
        + String(repeating: "{\"op\":\"batch\",\"operations\":[", count: 50_000),
    ] { Self.feed(Array(text.utf8), Seed(0)) }
  }
}
