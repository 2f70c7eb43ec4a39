import Glibc
import Locks
import StorageInterface
import SubjectProtocol
import Testing

@testable import Subjects

/// A subject that notes what it was asked and answers `get` with what it was told to.
private final class NotingSubject: Subject {
  var requests: [Request] = []
  var record: RecordValue?

  func answer(_ request: Request) -> Answer {
    requests.append(request)
    if case .get = request { return .record(record) }
    return .ok
  }
}

/// Says that it takes `width` requests at once, and answers none before so many have come.
private final class MeetingSubject: Subject, @unchecked Sendable {
  let monitor = Monitor()
  let width: Int
  var arrived = 0

  init(width: Int) { self.width = width }

  func answer(_ request: Request) -> Answer {
    if case .hello = request {
      return .hello(
        SubjectDescription(
          name: "meeting", contract: Contract(), operations: [.get], features: [],
          concurrency: width))
    }
    monitor.enter()
    defer { monitor.leave() }
    arrived += 1
    monitor.wakeAll()
    let meeting = (arrived + width - 1) / width * width
    while arrived < meeting { monitor.wait() }
    return .record(nil)
  }
}

@Suite("The loop of a subject process")
struct StandardIOServerTests {
  /// A file without a name; a pipe would need a thread that empties it.
  private static func unnamedFile() throws -> Int32 {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var path = Array("\(folder)/wal-torture-lines-XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    try #require(descriptor >= 0)
    unlink(path)
    return descriptor
  }

  /// What a server wrote for `input`, line by line, and how it ended.
  private static func serve(
    _ input: [UInt8], _ subject: any Subject, lineLimit: Int = 1 << 20, bufferSize: Int = 16
  ) throws -> (lines: [String], ending: StandardIOServer.Ending) {
    let requests = try unnamedFile()
    let answers = try unnamedFile()
    defer {
      close(requests)
      close(answers)
    }
    try #require(write(requests, input, input.count) == input.count)
    lseek(requests, 0, SEEK_SET)
    var server = StandardIOServer(
      input: requests, output: answers, lineLimit: lineLimit, bufferSize: bufferSize)
    let ending = server.run(subject)
    let size = Int(lseek(answers, 0, SEEK_END))
    var output = [UInt8](repeating: 0, count: size)
    try #require(pread(answers, &output, size, 0) == size)
    #expect(output.isEmpty || output.last == 0x0A)
    let lines = output.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    return (lines, ending)
  }

  @Test("Each line is answered in order with its number, until the input ends")
  func answers() throws {
    let subject = NotingSubject()
    let input =
      #"{"op":"flush","request":1}"# + "\n" + #"{"request":2,"op":"get","id":"a"}"# + "\n"
      + #"{"op":"close"}"# + "\n"
    let (lines, ending) = try Self.serve(Array(input.utf8), subject)
    #expect(
      lines == [
        #"{"ok":true,"request":1}"#, #"{"ok":true,"request":2,"record":null}"#, #"{"ok":true}"#,
      ])
    #expect(ending == .endOfInput)
    #expect(
      subject.requests == [.flush, .get(RecordKey(id: [0x61]), transaction: nil), .close])
  }

  @Test("A subject that takes several requests at once is asked them at once", arguments: 2...5)
  func severalAtOnce(width: Int) throws {
    var input = RequestEncoder.line(.hello(options: .emptyObject), number: nil)
    for number in 1...width * 20 {
      input += RequestEncoder.line(
        .get(RecordKey(id: [0x61]), transaction: nil), number: UInt64(number))
    }
    let (lines, ending) = try Self.serve(input, MeetingSubject(width: width))
    #expect(ending == .endOfInput)
    let numbers = lines.dropFirst().map { AnswerDecoder.number(of: Array($0.utf8)) }
    #expect(Set(numbers) == Set((1...UInt64(width * 20)).map { $0 }))
    #expect(numbers.count == width * 20)
  }

  @Test("What is no request is answered, not handed on, and the loop goes on")
  func badLines() throws {
    let subject = NotingSubject()
    let input =
      "\nrubbish\n{\"op\":\"sing\",\"request\":8}\n{\"op\":\"put\",\"request\":9}\n"
      + "{\"op\":\"flush\"}"
    let (lines, ending) = try Self.serve(Array(input.utf8), subject)
    #expect(
      lines == [
        #"{"ok":false,"error":"invalid","message":"byte 0: the text ends inside a value"}"#,
        #"{"ok":false,"error":"invalid","message":"byte 0: 'r' where an object must stand"}"#,
        #"{"ok":false,"request":8,"error":"unsupported","message":"unknown op \"sing\""}"#,
        #"{"ok":false,"request":9,"error":"invalid","message":"byte 0: \"id\" is missing"}"#,
        #"{"ok":true}"#,
      ])
    #expect(ending == .endOfInput)
    #expect(subject.requests == [.flush])
  }

  @Test("Lines of every length around the buffer's size arrive whole")
  func buffering() throws {
    for length in 1...70 {
      let subject = NotingSubject()
      let ids = [length, 71 - length, length].map { [UInt8](repeating: 0x61, count: $0) }
      var input: [UInt8] = []
      for id in ids {
        input += RequestEncoder.line(.get(RecordKey(id: id), transaction: nil), number: nil)
      }
      let (lines, _) = try Self.serve(input, subject)
      #expect(lines.count == 3)
      #expect(subject.requests == ids.map { .get(RecordKey(id: $0), transaction: nil) })
    }
  }

  @Test("A line over the limit is dropped whole and answered once")
  func tooLong() throws {
    for length in 90...200 {
      let subject = NotingSubject()
      let long = [UInt8](repeating: 0x7B, count: length)
      let input = long + [0x0A] + Array("{\"op\":\"flush\"}\n".utf8) + long
      let (lines, ending) = try Self.serve(input, subject, lineLimit: 89, bufferSize: 32)
      #expect(lines.count == 3)
      #expect(lines.filter { $0.hasPrefix(#"{"ok":false,"error":"invalid""#) }.count == 2)
      #expect(subject.requests == [.flush])
      #expect(ending == .endOfInput)
    }
  }

  @Test("A failing descriptor ends the loop with its error")
  func failingDescriptor() {
    var server = StandardIOServer(input: -1, output: 1)
    #expect(server.run(NotingSubject()) == .inputFailed(.badFileDescriptor))
  }

  @Test("An answer nobody can take ends the loop with its error")
  func failingOutput() throws {
    let requests = try Self.unnamedFile()
    defer { close(requests) }
    let input = Array("{\"op\":\"flush\"}\n".utf8)
    try #require(write(requests, input, input.count) == input.count)
    lseek(requests, 0, SEEK_SET)
    var server = StandardIOServer(input: requests, output: -1)
    #expect(server.run(NotingSubject()) == .outputFailed(.badFileDescriptor))
  }
}
