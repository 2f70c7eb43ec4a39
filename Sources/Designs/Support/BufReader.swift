internal import StorageInterface

/// Rust's `std::io::BufReader`: reads ahead by its capacity, and past it what is longer.
final class BufReader {
  private let file: RustFile
  private static let capacity = 8192
  private var buffer: [UInt8] = []
  private var start = 0
  /// How many bytes were taken from the file in all.
  private(set) var taken = 0

  /// A reader from where the file's cursor is.
  init(_ file: RustFile) { self.file = file }

  /// `read_exact` into a new vector of `count` zeros, as `vec![0; count]` makes it.
  ///
  /// The vector grows with what the file holds: Rust's zeroed vector costs no memory before it is
  /// written to either.
  func readExact(_ count: Int) throws(ReadFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      if start == buffer.count {
        let missing = count - bytes.count
        let part = try read(missing >= Self.capacity ? min(missing, 1 << 20) : Self.capacity)
        if part.isEmpty { throw .unexpectedEnd }
        buffer = part
        start = 0
      }
      let end = min(buffer.count, start + count - bytes.count)
      bytes += buffer[start..<end]
      taken += end - start
      start = end
    }
    return bytes
  }

  /// Everything up to and including the next `byte`, or to the end of the file; nothing there.
  func readUntil(_ byte: UInt8) throws(ReadFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      if start == buffer.count {
        buffer = try read(Self.capacity)
        start = 0
        if buffer.isEmpty { return bytes }
      }
      if let found = buffer[start...].firstIndex(of: byte) {
        bytes += buffer[start...found]
        start = found + 1
        return bytes
      }
      bytes += buffer[start...]
      start = buffer.count
    }
  }

  private func read(_ count: Int) throws(ReadFailure) -> [UInt8] {
    do throws(Errno) { return try file.read(upTo: count) } catch { throw .io(error) }
  }
}
