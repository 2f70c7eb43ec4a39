import StorageInterface
import SubjectProtocol
import Testing

@testable import Designs

/// Bytes from hexadecimal digits, two a byte, with spaces anywhere.
func bytes(_ hexadecimal: String) -> [UInt8] {
  let digits = hexadecimal.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// A subject over files in memory, opened.
struct OpenDesign {
  let storage: MemoryStorage
  let subject: any Subject

  init(
    _ name: String, _ storage: MemoryStorage = MemoryStorage(), options: JSONValue = .emptyObject
  )
    throws
  {
    let design = try #require(PublishedDesign.all.first { $0.name == name })
    self.storage = storage
    subject = design.makeSubject { (_: String) throws(Errno) -> any Storage in storage }
    let answer = subject.answer(.open(directory: "", dimension: 2, options: options))
    try #require(answer == .ok, "\(name): \(answer)")
    storage.forgetOperations()
  }

  func answer(_ request: Request) -> Answer { subject.answer(request) }

  func put(_ id: String, _ vector: [Float], metadata: String? = nil) throws {
    let metadata = try metadata.map { try Metadata(parsing: Array($0.utf8)) } ?? .empty
    let value = RecordValue(vector: vector, metadata: metadata)
    #expect(answer(.mutate(.put(RecordKey(id: Array(id.utf8)), value), transaction: nil)) == .ok)
  }

  func delete(_ id: String) {
    #expect(answer(.mutate(.delete(RecordKey(id: Array(id.utf8))), transaction: nil)) == .ok)
  }

  /// What a dump shows: ids and first components, by id.
  func shown() throws -> [String: Float] {
    guard case .dump(let dump) = answer(.dump) else {
      Issue.record("the answer to dump is none")
      return [:]
    }
    var shown: [String: Float] = [:]
    for index in 0..<dump.count {
      shown[String(decoding: dump.key(index).id, as: UTF8.self)] = dump.value(index).vector[0]
    }
    return shown
  }
}

@Suite("The published designs")
struct DesignsTests {
  @Test(
    "Every design keeps what it was given over a close", arguments: PublishedDesign.all.map(\.name))
  func keeps(name: String) throws {
    let first = try OpenDesign(name)
    try first.put("a", [1, -0.0])
    try first.put("b", [2, 0.5])
    try first.put("a", [3, Float(bitPattern: 1)])
    try first.put("c", [4, 16_777_216])
    first.delete("b")
    #expect(try first.shown() == ["a": 3, "c": 4])
    #expect(first.answer(.close) == .ok)
    let second = try OpenDesign(name, first.storage)
    #expect(try second.shown() == ["a": 3, "c": 4])
    guard case .record(let record?) = second.answer(.get(RecordKey(id: [0x61]), transaction: nil))
    else {
      Issue.record("a is gone")
      return
    }
    #expect(RecordValue.sameBits(record.vector, [3, Float(bitPattern: 1)]))
  }

  @Test(
    "A checkpoint keeps what it covers, and what comes after it",
    arguments: ["vecstore", "oxirs", "oxirs-sync", "foxstash", "foxstash-sync"])
  func checkpoints(name: String) throws {
    let first = try OpenDesign(name)
    try first.put("a", [1, 1])
    try first.put("b", [2, 2])
    #expect(first.answer(.checkpoint) == .ok)
    first.delete("a")
    try first.put("c", [3, 3])
    #expect(first.answer(.close) == .ok)
    #expect(try OpenDesign(name, first.storage).shown() == ["b": 2, "c": 3])
  }

  @Test("Metadata comes back where a design has it", arguments: ["oxirs", "dakera", "foxstash"])
  func metadata(name: String) throws {
    let text = #"{"n":1,"text":"\"\\\u0001é","list":[null,true,{"x":0.1}],"e\u0301":-3}"#
    let first = try OpenDesign(name)
    try first.put("a", [1, 2], metadata: text)
    #expect(first.answer(.close) == .ok)
    let second = try OpenDesign(name, first.storage)
    let expected = RecordValue(vector: [1, 2], metadata: try Metadata(parsing: Array(text.utf8)))
    #expect(
      second.answer(.get(RecordKey(id: [0x61]), transaction: nil)) == .record(expected))
  }

  @Test("Every defect has a name of its own, words, and signs that it is told by")
  func defects() {
    for design in PublishedDesign.all {
      #expect(Set(design.defects.map(\.name)).count == design.defects.count)
      for defect in design.defects {
        #expect(!defect.function.isEmpty && !defect.promise.isEmpty && !defect.change.isEmpty)
        #expect(!defect.signs.isEmpty, "\(design.name): \(defect.name)")
      }
    }
    let vecstore = PublishedDesign.named("vecstore")
    let loss = vecstore?.defect(
      "acknowledged-write-lost", cause: "no barrier covered: write store.wal")
    #expect(loss?.function == "WriteAheadLog::append")
    #expect(vecstore?.defect("subject-hung", cause: "") == nil)
  }

  @Test(
    "A committed transaction comes back, an open one leaves nothing visible",
    arguments: ["vecstore", "oxirs", "dakera"])
  func transactions(name: String) throws {
    let design = try OpenDesign(name)
    let key = RecordKey(id: [0x61])
    #expect(design.answer(.begin(transaction: 1)) == .ok)
    let put = Mutation.put(key, RecordValue(vector: [1, 1]))
    #expect(design.answer(.mutate(put, transaction: 1)) == .ok)
    #expect(design.answer(.get(key, transaction: nil)) == .record(nil))
    #expect(design.answer(.get(key, transaction: 1)) == .record(RecordValue(vector: [1, 1])))
    #expect(design.answer(.commit(transaction: 1)) == .ok)
    #expect(design.answer(.close) == .ok)
    #expect(try OpenDesign(name, design.storage).shown() == ["a": 1])
  }
}
