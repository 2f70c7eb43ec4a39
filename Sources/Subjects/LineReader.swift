import Glibc
import StorageInterface

/// Reads lines from a file descriptor through one buffer of its own.
struct LineReader {
  /// What comes next from the descriptor.
  enum Event {
    /// A line, newline excluded, at these places of `buffer`.
    case line(Range<Int>)
    /// A line longer than the limit; all of it was read and dropped.
    case tooLong
    /// There is nothing more.
    case end
    /// read(2) failed.
    case failed(Errno)
  }

  /// The bytes read; only the places of the last line mean something.
  private(set) var buffer: [UInt8]
  private let descriptor: Int32
  private let lineLimit: Int
  /// The first byte that no line had yet, the first that has not been searched for a newline, and
  /// the first free one.
  private var start = 0
  private var searched = 0
  private var end = 0
  private var isAtEnd = false

  /// A reader of lines of up to `lineLimit` bytes.
  init(descriptor: Int32, lineLimit: Int, bufferSize: Int = 1 << 18) {
    self.descriptor = descriptor
    self.lineLimit = lineLimit
    buffer = [UInt8](repeating: 0, count: max(1, bufferSize))
  }

  /// Reads up to the next newline; a last line without one counts too.
  mutating func next() -> Event {
    var isDropping = false
    while true {
      if let newline = findNewline() {
        let line = start..<newline
        start = newline + 1
        searched = start
        return isDropping || line.count > lineLimit ? .tooLong : .line(line)
      }
      if end - start > lineLimit {
        isDropping = true
        start = end
      }
      if isAtEnd {
        let line = start..<end
        start = end
        if isDropping { return .tooLong }
        return line.isEmpty ? .end : .line(line)
      }
      if let error = fill() { return .failed(error) }
    }
  }

  private mutating func findNewline() -> Int? {
    let found = buffer.withUnsafeBytes { bytes -> Int? in
      guard let base = bytes.baseAddress, searched < end,
        let newline = memchr(base + searched, 0x0A, end - searched)
      else { return nil }
      return UnsafeRawPointer(newline) - base
    }
    if found == nil { searched = end }
    return found
  }

  /// Reads once, after making room: moving what is left to the front is linear over all lines, as
  /// the buffer doubles when that gains less than half of it.
  private mutating func fill() -> Errno? {
    if end == buffer.count {
      if start > buffer.count / 2 {
        buffer.withUnsafeMutableBytes { bytes in
          bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        }
        searched -= start
        end -= start
        start = 0
      } else {
        buffer.append(contentsOf: repeatElement(0, count: buffer.count))
      }
    }
    while true {
      let count = buffer.withUnsafeMutableBytes { bytes in
        read(descriptor, bytes.baseAddress.map { $0 + end }, bytes.count - end)
      }
      if count > 0 {
        end += count
        return nil
      }
      if count == 0 {
        isAtEnd = true
        return nil
      }
      let error = Errno(rawValue: errno)
      if error != .interrupted { return error }
    }
  }
}
