internal import StorageInterface

/// Rust's `std::io::BufWriter`: what does not fit empties the buffer first, and what is as long as
/// the buffer is written past it.
///
/// A failed flush takes what the file took out of the buffer, and keeps the rest for the next one.
/// Letting go of the object writes nothing, as a crash does; `drop` is Rust's drop.
final class BufWriter {
  let file: RustFile
  private let capacity: Int
  private(set) var buffer: [UInt8] = []

  /// The capacity of `BufWriter::new`, in bytes.
  static let defaultCapacity = 8192

  init(_ file: RustFile, capacity: Int = BufWriter.defaultCapacity) {
    self.file = file
    self.capacity = capacity
  }

  /// `write_all`.
  func writeAll(_ bytes: [UInt8]) throws(Errno) {
    if bytes.count > capacity - buffer.count { try flush() }
    if bytes.count >= capacity {
      try file.writeAll(bytes)
    } else {
      buffer += bytes
    }
  }

  /// `flush`: empties the buffer into the file. No barrier.
  func flush() throws(Errno) {
    var written = 0
    defer { buffer.removeFirst(written) }
    while written < buffer.count { written += try file.write(buffer, from: written) }
  }

  /// What going out of scope does: one more flush whose error nobody sees, then the file is closed.
  func drop() {
    try? flush()
    file.close()
  }
}
