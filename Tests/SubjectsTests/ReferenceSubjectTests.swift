import Glibc
import PosixIO
import StorageInterface
import SubjectProtocol
import Testing

@testable import Subjects

@Suite("The reference as a subject, on a real directory")
struct ReferenceSubjectTests {
  /// Runs `body` with a subject and a directory of its own.
  private func withSubject(_ body: (ReferenceSubject, String) throws -> Void) throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/reference-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    let directory = try #require(made)
    defer {
      if let storage = try? PosixStorage(directory: directory) {
        for name in (try? storage.list("")) ?? [] { try? storage.remove(name) }
      }
      rmdir(directory)
    }
    let subject = ReferenceSubject { (path) throws(Errno) in try PosixStorage(directory: path) }
    try body(subject, directory)
  }

  private func put(_ id: String, _ number: Float, namespace: String = "") -> Mutation {
    .put(
      RecordKey(namespace: Array(namespace.utf8), id: Array(id.utf8)),
      RecordValue(
        vector: [number, -number], metadata: Metadata(alreadyCanonical: Array("{\"a\":1}".utf8))))
  }

  private func failure(_ answer: Answer) -> FailureKind? {
    if case .failed(let kind, _) = answer { return kind }
    return nil
  }

  @Test("A session over two opens answers every request it says it supports")
  func session() throws {
    try withSubject { subject, directory in
      let open = Request.open(
        directory: directory, dimension: 2,
        options: .object([.init(key: Array("segmentBytes".utf8), value: .number(256))]))
      guard case .hello(let description) = subject.answer(.hello(options: .emptyObject)) else {
        Issue.record("no description")
        return
      }
      #expect(description.contract.order == .prefix)
      #expect(description.contract.recoveredIsDurable)
      #expect(subject.answer(open) == .ok)
      #expect(subject.answer(.mutate(put("a", 1), transaction: nil)) == .ok)
      #expect(
        failure(subject.answer(.batch([put("b", 2), put("c", 3, namespace: "n")]))) == .notFound)
      #expect(subject.answer(.createNamespace([0x6E])) == .ok)
      #expect(subject.answer(.batch([put("b", 2), put("c", 3, namespace: "n")])) == .ok)
      #expect(subject.answer(.begin(transaction: 7)) == .ok)
      #expect(subject.answer(.mutate(put("a", 4), transaction: 7)) == .ok)
      #expect(
        subject.answer(.get(RecordKey(id: Array("a".utf8)), transaction: nil))
          == .record(RecordValue(vector: [1, -1], metadata: metadata)))
      #expect(
        subject.answer(.get(RecordKey(id: Array("a".utf8)), transaction: 7))
          == .record(RecordValue(vector: [4, -4], metadata: metadata)))
      #expect(subject.answer(.commit(transaction: 7)) == .ok)
      #expect(failure(subject.answer(.commit(transaction: 7))) == .conflict)
      #expect(subject.answer(.mutate(.delete(RecordKey(id: [0x62])), transaction: nil)) == .ok)
      #expect(subject.answer(.flush) == .ok)
      let before = subject.answer(.dump)
      guard case .dump(let dump) = before else {
        Issue.record("no dump")
        return
      }
      var expected = Dump()
      for mutation in [put("a", 4), put("c", 3, namespace: "n")] {
        guard case .put(let key, let value) = mutation else { continue }
        expected.append(key, value)
      }
      #expect(dump.digest == expected.digest)
      #expect(dump == expected, "an appended row is the same whichever way it came")
      #expect(subject.answer(.checkpoint) == .ok)
      #expect(
        subject.answer(
          .search(SearchQuery(vector: [3, -3], count: 1, metric: .l2, namespace: [0x6E])))
          == .matches([Match(id: [0x63], distance: 0)]))
      #expect(
        subject.answer(.stats)
          == .stats(Stats(lsn: 5, segments: 0, logBytes: 0, checkpoint: 1)))
      #expect(subject.answer(.mutate(put("d", 5), transaction: nil)) == .ok)
      #expect(subject.answer(.close) == .ok)
      #expect(failure(subject.answer(.dump)) == .invalid)
      #expect(subject.answer(open) == .ok)
      #expect(subject.answer(.mutate(put("e", 6), transaction: nil)) == .ok)
      // Without a close: like a process crash.
      #expect(subject.answer(open) == .ok)
      guard case .dump(let last) = subject.answer(.dump) else {
        Issue.record("no dump")
        return
      }
      #expect(last.count == 4)
    }
  }

  private let metadata = Metadata(alreadyCanonical: Array("{\"a\":1}".utf8))

  @Test("What is not supported, not open, or badly asked for fails by its kind")
  func failures() throws {
    try withSubject { subject, directory in
      #expect(failure(subject.answer(.dump)) == .invalid)
      #expect(
        failure(
          subject.answer(.open(directory: directory + "/none", dimension: 2, options: .emptyObject))
        ) == .io)
      let bad: [JSONValue] = [.number(0.5), .number(1), .string([0x31]), .null]
      for value in bad {
        let options = JSONValue.object([.init(key: Array("segmentBytes".utf8), value: value)])
        #expect(
          failure(subject.answer(.open(directory: directory, dimension: 2, options: options)))
            == .invalid)
      }
      #expect(
        subject.answer(.open(directory: directory, dimension: 2, options: .emptyObject)) == .ok)
      #expect(subject.answer(.clear(namespace: nil)) == .ok)
      #expect(failure(subject.answer(.createNamespace([]))) == .invalid)
      #expect(failure(subject.answer(.clear(namespace: [0x6E]))) == .notFound)
      #expect(failure(subject.answer(.dropNamespace([0x6E]))) == .notFound)
      for option in ["sync", "syncEvery", "preallocates", "compression", "clock"] {
        let options = JSONValue.object([.init(key: Array(option.utf8), value: .null)])
        #expect(failure(subject.answer(.hello(options: options))) == .invalid, "\(option)")
      }
      #expect(failure(subject.answer(.abort(transaction: 1))) == .conflict)
      #expect(
        failure(subject.answer(.mutate(.delete(RecordKey(id: [])), transaction: nil))) == .invalid)
    }
  }

  @Test(
    "Each policy promises what it keeps",
    arguments: [
      ("sync", JSONValue.string(Array("every-write".utf8))),
      ("sync", .string(Array("on-flush".utf8))), ("sync", .string(Array("never".utf8))),
      ("syncEvery", .number(4)), ("syncMilliseconds", .number(20)),
    ])
  func policies(name: String, value: JSONValue) throws {
    try withSubject { subject, directory in
      let options = JSONValue.object([
        .init(key: Array(name.utf8), value: value),
        .init(key: Array("listsNamespaces".utf8), value: .bool(true)),
      ])
      guard case .hello(let description) = subject.answer(.hello(options: options)) else {
        Issue.record("no description")
        return
      }
      let isDurable = value == .string(Array("every-write".utf8))
      let isNever = value == .string(Array("never".utf8))
      for crash in Contract.Crash.allCases {
        #expect(
          description.contract.acknowledgement(after: crash) == (isDurable ? .durable : .volatile))
      }
      #expect(description.contract.syncEvery == (name == "syncEvery" ? 4 : nil))
      #expect(description.contract.barriers.contains(.flush) == !isNever)
      #expect(description.contract.barriers.contains(.checkpoint))
      let open = Request.open(directory: directory, dimension: 2, options: options)
      #expect(subject.answer(open) == .ok)
      #expect(subject.answer(.createNamespace([0x6E])) == .ok)
      for number in 0..<9 {
        #expect(subject.answer(.mutate(put("a\(number)", 1), transaction: nil)) == .ok)
      }
      #expect(subject.answer(.flush) == .ok)
      #expect(subject.answer(.close) == .ok)
      #expect(subject.answer(open) == .ok)
      guard case .dump(let dump) = subject.answer(.dump) else {
        Issue.record("no dump")
        return
      }
      #expect(dump.count == 9)
      #expect(dump.namespaces == [[0x6E]])
    }
  }

  @Test("With the option, so many requests are answered at once, and no answer is another's")
  func concurrency() async throws {
    let template = (getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp") + "/reference-XXXXXX"
    var name = Array(template.utf8CString)
    let directory = try #require(mkdtemp(&name).map { String(cString: $0) })
    defer {
      if let storage = try? PosixStorage(directory: directory) {
        for name in (try? storage.list("")) ?? [] { try? storage.remove(name) }
      }
      rmdir(directory)
    }
    let subject = ReferenceSubject { (path) throws(Errno) in try PosixStorage(directory: path) }
    let options = JSONValue.object([.init(key: Array("concurrency".utf8), value: .number(4))])
    guard case .hello(let description) = subject.answer(.hello(options: options)) else {
      Issue.record("no description")
      return
    }
    #expect(description.concurrency == 4)
    let open = Request.open(directory: directory, dimension: 2, options: options)
    #expect(subject.answer(open) == .ok)
    let puts = (0..<4).map { thread in
      (0..<25).map { put("a\(thread)/\($0)", Float(thread * 25 + $0)) }
    }
    let failed = await withTaskGroup(of: Int.self) { group in
      for list in puts {
        group.addTask {
          list.count { subject.answer(.mutate($0, transaction: nil)) != .ok }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(failed == 0)
    #expect(subject.answer(.close) == .ok)
    #expect(subject.answer(open) == .ok)
    for (thread, list) in puts.enumerated() {
      for number in list.indices {
        let key = RecordKey(id: Array("a\(thread)/\(number)".utf8))
        guard case .record(let record) = subject.answer(.get(key, transaction: nil)) else {
          Issue.record("no record")
          return
        }
        #expect(record?.vector.first == Float(thread * 25 + number))
      }
    }
    for count in [0, 65] {
      let options = JSONValue.object([
        .init(key: Array("concurrency".utf8), value: .number(Double(count)))
      ])
      #expect(failure(subject.answer(.hello(options: options))) == .invalid)
    }
  }
}
