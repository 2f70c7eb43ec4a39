import StorageInterface

@testable import Designs

/// Files in memory, for what needs no disk. It counts barriers and writes.
final class MemoryStorage: Storage {
  private(set) var files: [String: [UInt8]] = [:]
  private var names: [Int32: String] = [:]
  /// What was done, one word an operation: `write store.wal 21`, `fsync store.wal`.
  private(set) var operations: [String] = []
  /// A write of so many bytes into any file fails with ENOSPC when it would begin.
  var roomForWrites = Int.max

  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> FileID {
    switch mode {
    case .read, .readWrite: if files[path] == nil { throw .noSuchFile }
    case .createNew: if files[path] != nil { throw .fileExists }
    case .create: break
    }
    if files[path] == nil {
      files[path] = []
      operations.append("create \(path)")
    }
    let file = FileID(rawValue: Int32(names.count))
    names[file.rawValue] = path
    return file
  }

  func close(_ file: FileID) {}

  private func name(_ file: FileID) throws(Errno) -> String {
    guard let name = names[file.rawValue] else { throw .badFileDescriptor }
    return name
  }

  func read(
    _ file: FileID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    let content = files[try name(file)] ?? []
    guard offset < UInt64(content.count) else { return 0 }
    let part = content[Int(offset)...].prefix(buffer.count)
    buffer.copyBytes(from: part)
    return part.count
  }

  func write(
    _ file: FileID, at offset: UInt64, _ bytes: UnsafeRawBufferPointer
  ) throws(Errno) -> Int {
    let name = try name(file)
    guard bytes.count <= roomForWrites else { throw .noSpace }
    roomForWrites -= bytes.count
    var content = files[name] ?? []
    let end = Int(offset) + bytes.count
    if content.count < end { content += [UInt8](repeating: 0, count: end - content.count) }
    content.replaceSubrange(Int(offset)..<end, with: bytes)
    files[name] = content
    operations.append("write \(name) \(bytes.count)")
    return bytes.count
  }

  func size(_ file: FileID) throws(Errno) -> UInt64 { UInt64(files[try name(file)]?.count ?? 0) }

  func truncate(_ file: FileID, to size: UInt64) throws(Errno) {
    let name = try name(file)
    let content = files[name] ?? []
    files[name] =
      Array(content.prefix(Int(size)))
      + [UInt8](repeating: 0, count: max(0, Int(size) - content.count))
    operations.append("truncate \(name) \(size)")
  }

  func synchronize(_ file: FileID, dataOnly: Bool) throws(Errno) {
    operations.append("\(dataOnly ? "fdatasync" : "fsync") \(try name(file))")
  }

  func synchronizeDirectory(_ path: String) throws(Errno) { operations.append("fsyncdir") }

  func rename(_ source: String, to target: String) throws(Errno) {
    guard let content = files.removeValue(forKey: source) else { throw .noSuchFile }
    files[target] = content
    operations.append("rename \(source) \(target)")
  }

  func remove(_ path: String) throws(Errno) {
    guard files.removeValue(forKey: path) != nil else { throw .noSuchFile }
    operations.append("remove \(path)")
  }

  func makeDirectory(_ path: String) throws(Errno) { throw .notSupported }

  func list(_ path: String) throws(Errno) -> [String] { Array(files.keys) }

  func mapShared(_ file: FileID, count: Int) throws(Errno) -> any MappedFile {
    MemoryMapping(self, try name(file), count)
  }

  func punchHole(_ file: FileID, at offset: UInt64, count: UInt64) throws(Errno) {
    let name = try name(file)
    change(name, Int(offset), [UInt8](repeating: 0, count: Int(count)))
    operations.append("punch \(name) \(offset) \(count)")
  }

  /// Replaces a file's bytes, as damage does.
  func set(_ name: String, _ content: [UInt8]) { files[name] = content }

  fileprivate func change(_ name: String, _ offset: Int, _ bytes: [UInt8]) {
    files[name]?.replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }

  fileprivate func note(_ operation: String) { operations.append(operation) }

  func forgetOperations() { operations = [] }
}

private final class MemoryMapping: MappedFile {
  let count: Int
  private let storage: MemoryStorage
  private let name: String

  init(_ storage: MemoryStorage, _ name: String, _ count: Int) {
    (self.storage, self.name, self.count) = (storage, name, count)
  }

  func load(_ count: Int, at offset: Int) -> [UInt8] {
    Array(storage.files[name]?[offset..<offset + count] ?? [])
  }

  func store(_ bytes: [UInt8], at offset: Int) { storage.change(name, offset, bytes) }

  func synchronize() throws(Errno) { storage.note("msync \(name)") }

  func unmap() {}
}
