internal import StorageInterface

/// An open file with the semantics of Rust's `std::fs::File`: a cursor, or writes at the end.
///
/// Clones that `try_clone` makes share the cursor, so one object stands for all of them. Barriers
/// are issued again when interrupted, as `sync_all` does.
final class RustFile {
  private let storage: any Storage
  private let file: FileID
  /// Where the file ends, when it is open for appending.
  private let end: FileEnd?
  /// The cursor, of a file that is not.
  private var position: UInt64 = 0
  private var isOpen = true

  init(_ storage: any Storage, _ file: FileID, end: FileEnd?) {
    self.storage = storage
    self.file = file
    self.end = end
  }

  /// `write`: one call, possibly short.
  func write(_ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int {
    let offset = end?.offset ?? position
    do throws(Errno) {
      let count = try storage.write(file, at: offset, bytes)
      if let end { end.offset += UInt64(count) } else { position += UInt64(count) }
      return count
    } catch {
      // What a failed write left behind moves the end of the file, never the cursor.
      if let end, let size = try? storage.size(file) { end.offset = size }
      throw error
    }
  }

  /// `write_all`: as many calls as it takes.
  func writeAll(_ bytes: [UInt8]) throws(Errno) {
    var done = 0
    while done < bytes.count { done += try write(bytes, from: done) }
  }

  /// One write of `bytes` from index `start` on.
  func write(_ bytes: [UInt8], from start: Int) throws(Errno) -> Int {
    let result = bytes.withUnsafeBytes { buffer -> Result<Int, Errno> in
      do throws(Errno) {
        return .success(try write(UnsafeRawBufferPointer(rebasing: buffer[start...])))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// `read` at the cursor: up to `count` bytes, none at the end of the file.
  func read(upTo count: Int) throws(Errno) -> [UInt8] {
    var failure: Errno?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(Errno) {
        initialized = try storage.read(
          file, at: position, into: UnsafeMutableRawBufferPointer(buffer))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    position += UInt64(bytes.count)
    return bytes
  }

  /// `seek` from the start.
  func seek(_ offset: UInt64) { position = offset }

  /// `set_len`.
  func setLength(_ size: UInt64) throws(Errno) {
    try storage.truncate(file, to: size)
    end?.offset = size
  }

  /// The length that `metadata` gives.
  func length() throws(Errno) -> UInt64 { try storage.size(file) }

  /// `sync_all`: fsync.
  func syncAll() throws(Errno) {
    while true {
      do throws(Errno) {
        return try storage.synchronize(file, dataOnly: false)
      } catch {
        if error != .interrupted { throw error }
      }
    }
  }

  /// A shared mapping of the first `count` bytes.
  func mapShared(count: Int) throws(Errno) -> any MappedFile {
    try storage.mapShared(file, count: count)
  }

  /// fallocate with PUNCH_HOLE and KEEP_SIZE.
  func punchHole(at offset: UInt64, count: UInt64) throws(Errno) {
    try storage.punchHole(file, at: offset, count: count)
  }

  /// What dropping the last clone does.
  func close() {
    guard isOpen else { return }
    isOpen = false
    storage.close(file)
  }
}
