import Glibc

/// Bytes as they arrive, given back line by line.
struct LineBuffer {
  /// The longest line in bytes.
  let limit: Int
  /// Whether a line was longer than that.
  private(set) var isTooLong = false
  private var bytes: [UInt8] = []
  private var start = 0
  private var searched = 0

  /// An empty buffer.
  init(limit: Int) { self.limit = limit }

  /// How many bytes wait.
  var count: Int { bytes.count - start }

  /// Whether enough waits: who reads on before lines are taken would fill the memory.
  var isFull: Bool { count > limit }

  /// Adds what was read.
  mutating func append(_ more: UnsafeRawBufferPointer) {
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      start = 0
      searched = 0
    }
    bytes.append(contentsOf: more)
  }

  /// The next whole line without its newline, or nil when none has arrived or it is too long.
  mutating func takeLine() -> [UInt8]? {
    let from = searched
    let found = bytes.withUnsafeBytes { buffer -> Int? in
      guard let base = buffer.baseAddress, from < buffer.count else { return nil }
      guard let place = memchr(base + from, 0x0a, buffer.count - from) else { return nil }
      return UnsafeRawPointer(place) - base
    }
    guard let end = found, end - start <= limit else {
      searched = found ?? bytes.count
      isTooLong = searched - start > limit
      return nil
    }
    let line = [UInt8](bytes[start..<end])
    start = end + 1
    searched = start
    // Lines taken from the front are cut off once they are most of the buffer.
    if start > 65_536 && start > bytes.count / 2 {
      bytes.removeFirst(start)
      start = 0
      searched = 0
    }
    return line
  }
}
