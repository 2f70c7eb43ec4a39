import Glibc
public import StorageInterface
public import SubjectProtocol

/// The loop of a subject process: requests on standard input, answers on standard output.
///
/// One line at a time; each answer is one write(2), so that a reader never sees half of one while
/// the subject works. The end of input ends the loop without a `close`, which counts as a process
/// crash (protocol.md).
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
  private let output: Int32
  private let lineLimit: Int
  private var line: [UInt8] = []

  /// A server that reads requests from `input` and writes answers to `output`; both stay open.
  public init(input: Int32 = 0, output: Int32 = 1) {
    self.init(input: input, output: output, lineLimit: Self.lineLimit, bufferSize: 1 << 18)
  }

  /// A server with a line limit and a first buffer of its own, for tests.
  init(input: Int32, output: Int32, lineLimit: Int, bufferSize: Int) {
    reader = LineReader(descriptor: input, lineLimit: lineLimit, bufferSize: bufferSize)
    self.output = output
    self.lineLimit = lineLimit
  }

  /// Hands every request to `subject` and writes its answer, until the input ends.
  public mutating func run(_ subject: any Subject) -> Ending {
    while true {
      switch reader.next() {
      case .end: return .endOfInput
      case .failed(let error): return .inputFailed(error)
      case .tooLong:
        let message = "the line is longer than \(lineLimit) bytes"
        if let error = write(.failed(.invalid, message: message), number: nil) {
          return .outputFailed(error)
        }
      case .line(let range):
        let (answer, number) = answer(to: range, subject)
        if let error = write(answer, number: number) { return .outputFailed(error) }
      }
    }
  }

  private func answer(to range: Range<Int>, _ subject: any Subject) -> (Answer, UInt64?) {
    switch RequestDecoder.decode(reader.buffer.span.extracting(range)) {
    case .request(let request, let number): (subject.answer(request), number)
    case .unsupported(let message, let number):
      (.failed(.unsupported, message: message), number)
    case .invalid(let error, let number):
      (.failed(.invalid, message: error.description), number)
    }
  }

  /// Writes one answer; more than one write(2) only where the kernel takes less than all.
  private mutating func write(_ answer: Answer, number: UInt64?) -> Errno? {
    line.removeAll(keepingCapacity: true)
    AnswerEncoder.append(answer, number: number, to: &line)
    line.append(0x0A)
    return line.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        let count = Glibc.write(output, rest.baseAddress, rest.count)
        if count >= 0 {
          written += count
          continue
        }
        let error = Errno(rawValue: errno)
        if error != .interrupted { return error }
      }
      return nil
    }
  }
}
