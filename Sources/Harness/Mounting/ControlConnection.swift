import Glibc

/// One client of a control socket: what it has asked and not yet been answered, and what it has
/// not yet read.
///
/// It never waits. While an answer is unread nothing more is read from the client, so what is held
/// for it is bounded by one request and one answer, whatever it does.
final class ControlConnection {
  /// The socket, non-blocking; −1 once closed.
  private(set) var descriptor: Int32
  /// When it last said something, in requests of all clients; the oldest goes when all places are
  /// taken.
  var lastActive: UInt64

  private var input: [UInt8] = []
  private var output: [UInt8] = []
  private var outputStart = 0
  private var inputHasEnded = false
  private var closesAfterOutput = false

  /// The longest request, in bytes.
  static let longestRequest = 4_096

  /// What a client has said.
  enum Event: Equatable {
    /// Nothing whole.
    case nothing
    /// A line, without its newline.
    case request([UInt8])
    /// Something that is no line: it is told so, and the connection ends.
    case rubbish(String)
    /// It has gone.
    case end
  }

  init(_ descriptor: Int32, lastActive: UInt64) {
    self.descriptor = descriptor
    self.lastActive = lastActive
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { close() }

  /// Whether an answer waits for the client to read it.
  var hasOutput: Bool { outputStart < output.count }

  /// Reads what has come, a block at most.
  func receive() {
    var block = [UInt8](repeating: 0, count: Self.longestRequest)
    let count = read(descriptor, &block, block.count)
    if count > 0 {
      input.append(contentsOf: block[..<count])
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      inputHasEnded = true
    }
  }

  /// The next thing the client has said, taken out of what was received.
  func next() -> Event {
    if closesAfterOutput { return hasOutput ? .nothing : .end }
    if let end = input.firstIndex(of: 0x0A) {
      let line = Array(input[..<end])
      input.removeSubrange(...end)
      return line.count > Self.longestRequest ? tooLong() : .request(line)
    }
    if input.count > Self.longestRequest { return tooLong() }
    guard inputHasEnded else { return .nothing }
    return input.isEmpty ? .end : rubbish("the request does not end with a newline")
  }

  private func tooLong() -> Event {
    rubbish("a request has at most \(Self.longestRequest) bytes")
  }

  private func rubbish(_ message: String) -> Event {
    input.removeAll()
    closesAfterOutput = true
    return .rubbish(message)
  }

  /// Adds text to what the client is to read, and sends what the socket takes.
  func send(_ text: String) {
    output.append(contentsOf: text.utf8)
    flush()
  }

  /// Sends what the socket takes. Where the client no longer reads, the rest is dropped.
  func flush() {
    while hasOutput {
      let count = output.withUnsafeBytes { bytes in
        Glibc.send(
          descriptor, bytes.baseAddress.map { $0 + outputStart }, bytes.count - outputStart,
          Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        outputStart += count
      } else if errno == EAGAIN {
        return
      } else if errno != EINTR {
        inputHasEnded = true
        closesAfterOutput = true
        break
      }
    }
    output.removeAll(keepingCapacity: output.capacity <= 65_536)
    outputStart = 0
  }

  /// Closes the socket.
  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }
}
