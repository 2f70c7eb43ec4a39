internal import StorageInterface

/// A file that is read front to back through a window, so that reading takes bounded memory
/// however long the file is. Never writes.
final class FileWindow {
  /// How many bytes are read at a time: they fit the processor's cache, so what is read is
  /// checksummed and applied while it is there.
  static let windowBytes = 256 << 10

  /// The file's name.
  let path: String
  /// The file's size when it was opened; less when reading it ended before.
  @exclusivity(unchecked) private(set) var size: Int
  /// Where the window begins in the file.
  @exclusivity(unchecked) private(set) var start = 0
  /// The bytes in the window.
  private let window: LogBuffer
  private let files: StoreFiles
  @exclusivity(unchecked) private var file: FileID?

  /// Opens the file at `path` and reads its first window, unless it has more than `limit` bytes.
  init(_ path: String, files: StoreFiles, limit: Int) throws(StoreError) {
    self.path = path
    self.files = files
    let opened = try files.open(path, .read)
    let size: UInt64
    do throws(StoreError) {
      size = try files.size(opened, path: path)
    } catch {
      files.storage.close(opened)
      throw error
    }
    // Room for the whole file where it is small: it is read at once.
    window = LogBuffer(capacity: max(64, Int(min(size, UInt64(Self.windowBytes)))))
    self.size = 0
    file = opened
    guard size <= UInt64(limit) else {
      throw .corrupt(
        file: path, offset: UInt64(limit), reason: "it is longer than a file of its kind can be")
    }
    self.size = Int(size)
    try read(from: 0, count: Self.windowBytes)
  }

  deinit { closeFile() }

  /// The window's bytes; the first is the file's at `start`.
  var bytes: RawSpan {
    @_lifetime(borrow self) get {
      _overrideLifetime(RawSpan(_unsafeBytes: window.memory), borrowing: self)
    }
  }

  /// Whether the window holds the whole file.
  var isWhole: Bool { start == 0 && window.count == size }

  /// Moves the window, unless it is there already, so that it holds `count` bytes from `offset`, or
  /// all up to the file's end.
  @inline(__always)
  func need(_ count: Int, at offset: Int) throws(StoreError) {
    if offset >= start && min(offset + count, size) <= start + window.count { return }
    try read(from: offset, count: max(count, Self.windowBytes))
  }

  /// Lets go of the descriptor, and of the bytes unless they are the whole file and few.
  func rest() {
    closeFile()
    if !isWhole || window.count > 16 << 10 { window.truncate(to: 0) }
  }

  private func closeFile() {
    if let file { files.storage.close(file) }
    file = nil
  }

  private func read(from offset: Int, count: Int) throws(StoreError) {
    let file: FileID
    if let opened = self.file {
      file = opened
    } else {
      file = try files.open(path, .read)
      self.file = file
    }
    start = offset
    window.truncate(to: 0)
    let wanted = max(0, min(count, size - offset))
    var done = 0
    if wanted == 0 { return }
    let target = UnsafeMutableRawBufferPointer(start: window.extend(by: wanted), count: wanted)
    while done < wanted {
      let got: Int
      do throws(Errno) {
        got = try files.storage.read(
          file, at: UInt64(offset + done),
          into: UnsafeMutableRawBufferPointer(rebasing: target[done...]))
      } catch {
        window.truncate(to: 0)
        throw StoreError(error, path: path, doing: "read")
      }
      if got == 0 { break }
      done += got
    }
    window.truncate(to: done)
    if done < wanted { size = offset + done }
  }
}
