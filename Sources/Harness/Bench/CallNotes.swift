import StorageInterface

/// What a subject calls, as lines of the script that the bare loop follows (`cbare_recover`).
final class CallNotes {
  /// The lines so far.
  var lines: [String] = []
}

/// A storage that notes what is called as `PosixStorage` would call it, and passes it on.
final class NotingStorage: Storage {
  private let storage: any Storage
  private let notes: CallNotes
  private var numbers: [FileID: Int] = [:]
  private var opened = 0

  init(_ storage: any Storage, _ notes: CallNotes) {
    self.storage = storage
    self.notes = notes
    notes.lines.append("enter")
  }

  private func number(_ file: FileID) -> Int {
    guard let number = numbers[file] else { preconditionFailure("a file that was never opened") }
    return number
  }

  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> FileID {
    let file = try storage.open(path, mode)
    notes.lines.append((mode == .createNew ? "create " : "open ") + path)
    numbers[file] = opened
    opened += 1
    return file
  }

  func close(_ file: FileID) {
    notes.lines.append("close \(number(file))")
    storage.close(file)
  }

  func read(
    _ file: FileID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    notes.lines.append("read \(number(file)) \(offset) \(buffer.count)")
    return try storage.read(file, at: offset, into: buffer)
  }

  func write(
    _ file: FileID, at offset: UInt64, _ bytes: UnsafeRawBufferPointer
  ) throws(Errno) -> Int {
    notes.lines.append("write \(number(file)) \(offset) \(bytes.count)")
    return try storage.write(file, at: offset, bytes)
  }

  func size(_ file: FileID) throws(Errno) -> UInt64 {
    notes.lines.append("size \(number(file))")
    return try storage.size(file)
  }

  func synchronize(_ file: FileID, dataOnly: Bool) throws(Errno) {
    notes.lines.append("sync \(number(file))")
    try storage.synchronize(file, dataOnly: dataOnly)
  }

  func synchronizeDirectory(_ path: String) throws(Errno) {
    notes.lines.append("barrier")
    try storage.synchronizeDirectory(path)
  }

  func rename(_ source: String, to target: String) throws(Errno) {
    notes.lines.append("rename \(source) \(target)")
    try storage.rename(source, to: target)
  }

  func remove(_ path: String) throws(Errno) {
    notes.lines.append("remove \(path)")
    try storage.remove(path)
  }

  func list(_ path: String) throws(Errno) -> [String] {
    notes.lines.append("list")
    return try storage.list(path)
  }

  func unlockDirectory() {
    notes.lines.append("leave")
    storage.unlockDirectory()
  }

  // No recovery needs these: a script has no lines for them.

  func truncate(_ file: FileID, to size: UInt64) throws(Errno) { throw .notSupported }
  func makeDirectory(_ path: String) throws(Errno) { throw .notSupported }
}
