internal import StorageInterface

/// The directory of a design: opens files as Rust's `std::fs` does, over a `Storage`.
final class DesignDirectory {
  let storage: any Storage
  /// Where files that are open for appending end, by name: writers of one file share it.
  private var ends: [String: FileEnd] = [:]

  init(_ storage: any Storage) { self.storage = storage }

  /// `OpenOptions` with read, write and create, and no truncation.
  func openReadWrite(_ name: String) throws(Errno) -> RustFile {
    RustFile(storage, try storage.open(name, .create), end: nil)
  }

  /// `OpenOptions` with create and append.
  func openAppend(_ name: String) throws(Errno) -> RustFile {
    let file = try storage.open(name, .create)
    if let end = ends[name] { return RustFile(storage, file, end: end) }
    do throws(Errno) {
      let end = FileEnd(try storage.size(file))
      ends[name] = end
      return RustFile(storage, file, end: end)
    } catch {
      storage.close(file)
      throw error
    }
  }

  /// `File::open`.
  func openRead(_ name: String) throws(Errno) -> RustFile {
    RustFile(storage, try storage.open(name, .read), end: nil)
  }

  /// `File::create`: what a file of that name held is cut off.
  func create(_ name: String) throws(Errno) -> RustFile {
    do throws(Errno) {
      return RustFile(storage, try storage.open(name, .createNew), end: nil)
    } catch {
      guard error == .fileExists else { throw error }
    }
    let file = RustFile(storage, try storage.open(name, .readWrite), end: nil)
    try file.setLength(0)
    return file
  }

  /// `fs::read`: the whole file.
  func read(_ name: String) throws(Errno) -> [UInt8] {
    let file = try openRead(name)
    defer { file.close() }
    var bytes: [UInt8] = []
    while true {
      let part = try file.read(upTo: 1 << 16)
      if part.isEmpty { return bytes }
      bytes += part
    }
  }

  /// `Path::exists`, by opening it: a storage has no stat. An error other than ENOENT counts as
  /// existing, and meets whoever opens the file next.
  func exists(_ name: String) -> Bool {
    do throws(Errno) {
      storage.close(try storage.open(name, .read))
      return true
    } catch {
      return error != .noSuchFile
    }
  }

  /// `fs::remove_file`.
  func remove(_ name: String) throws(Errno) {
    try storage.remove(name)
    // A writer of the file goes on writing to it, and a new file of that name is another one.
    ends[name] = nil
  }

  /// `fs::rename`.
  func rename(_ name: String, to newName: String) throws(Errno) {
    try storage.rename(name, to: newName)
    ends[newName] = ends.removeValue(forKey: name)
  }

  /// The names in the directory, by byte.
  func names() throws(Errno) -> [String] {
    try storage.list("").sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

/// Where a file that is open for appending ends.
final class FileEnd {
  var offset: UInt64
  init(_ offset: UInt64) { self.offset = offset }
}
