import Glibc
public import StorageInterface
public import SubjectProtocol

/// The loop of a subject process: requests on standard input, answers on standard output.
///
/// One line at a time, unless the subject says in its answer to `hello` that it takes several
/// requests at once: then so many threads answer them, in any order. Each answer is one write(2),
/// so that a reader never sees half of one while the subject works. The end of input ends the loop
/// without a `close`, which counts as a process crash (protocol.md).
public struct StandardIOServer {
  /// Why the loop ended.
  public enum Ending: Sendable, Equatable {
    /// The input ended: the ordinary way.
    case endOfInput
    /// Reading requests failed.
    case inputFailed(Errno)
    /// Writing an answer failed; nobody listens any more.
    case outputFailed(Errno)
  }

  /// The longest line that is read, in bytes: 64 MiB.
  public static let lineLimit = 64 << 20

  private var reader: LineReader
  private let output: AnswerOutput
  private let lineLimit: Int

  /// A server that reads requests from `input` and writes answers to `output`; both stay open.
  public init(input: Int32 = 0, output: Int32 = 1) {
    self.init(input: input, output: output, lineLimit: Self.lineLimit, bufferSize: 1 << 18)
  }

  /// A server with a line limit and a first buffer of its own, for tests.
  init(input: Int32, output: Int32, lineLimit: Int, bufferSize: Int) {
    reader = LineReader(descriptor: input, lineLimit: lineLimit, bufferSize: bufferSize)
    self.output = AnswerOutput(output)
    self.lineLimit = lineLimit
  }

  /// Hands every request to `subject` and writes its answer, until the input ends.
  ///
  /// A subject whose `hello` says a `concurrency` above 1 is called from that many threads at once.
  public mutating func run(_ subject: any Subject) -> Ending {
    var threads: AnsweringThreads?
    defer { threads?.finish() }
    while true {
      switch reader.next() {
      case .end:
        threads?.finish()
        return output.failure.map { .outputFailed($0) } ?? .endOfInput
      case .failed(let error): return .inputFailed(error)
      case .tooLong:
        let message = "the line is longer than \(lineLimit) bytes"
        output.write(.failed(.invalid, message: message), number: nil)
      case .line(let range): take(range, subject, &threads)
      }
      if let error = output.failure { return .outputFailed(error) }
    }
  }

  private func take(
    _ range: Range<Int>, _ subject: any Subject, _ threads: inout AnsweringThreads?
  ) {
    switch RequestDecoder.decode(reader.buffer.span.extracting(range)) {
    case .request(let request, let number):
      if let threads { return threads.submit(request, number: number) }
      let answer = subject.answer(request)
      if case .hello(let description) = answer, description.concurrency > 1 {
        threads = AnsweringThreads(description.concurrency, for: subject, output)
      }
      output.write(answer, number: number)
    case .unsupported(let message, let number):
      output.write(.failed(.unsupported, message: message), number: number)
    case .invalid(let error, let number):
      output.write(.failed(.invalid, message: error.description), number: number)
    }
  }
}
