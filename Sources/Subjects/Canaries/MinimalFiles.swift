import StorageInterface
import SubjectProtocol

/// The files of `MinimalStore`: whole reads and writes, and errors in the protocol's words.
final class MinimalFiles {
  private let storage: any Storage
  private let bug: PlantedBug?

  /// How long a segment is where there are several.
  static let segmentBytes: UInt64 = 1024
  var segment: Int { Int(Self.segmentBytes) }

  init(_ storage: any Storage, bug: PlantedBug?) {
    self.storage = storage
    self.bug = bug
  }

  typealias Failure = MinimalStore.Failure

  /// The number in a name of the form `log-7`, `log-7.1` or `snapshot-7`.
  static func number(of name: String, _ prefix: String) -> UInt64? {
    guard name.hasPrefix(prefix) else { return nil }
    let rest = name.dropFirst(prefix.count).split(separator: ".", omittingEmptySubsequences: false)
    guard rest.count < 3, rest.allSatisfy({ UInt64($0) != nil }) else { return nil }
    return rest.first.flatMap { UInt64($0) }
  }

  func list() throws(Failure) -> [String] {
    try wrapping { () throws(Errno) in try storage.list("") }
  }

  func open(_ name: String) throws(Failure) -> FileID {
    try wrapping { () throws(Errno) in try storage.open(name, .readWrite) }
  }

  func create(_ name: String) throws(Failure) -> FileID {
    try wrapping { () throws(Errno) in try storage.open(name, .createNew) }
  }

  func close(_ file: FileID) { storage.close(file) }

  func size(_ file: FileID) throws(Failure) -> UInt64 {
    try wrapping { () throws(Errno) in try storage.size(file) }
  }

  func truncate(_ file: FileID, to size: UInt64) throws(Failure) {
    try wrapping { () throws(Errno) in try storage.truncate(file, to: size) }
  }

  func rename(_ name: String, to newName: String) throws(Failure) {
    try wrapping { () throws(Errno) in try storage.rename(name, to: newName) }
  }

  func remove(_ name: String) throws(Failure) {
    try wrapping { () throws(Errno) in try storage.remove(name) }
  }

  /// The bytes of the file called `name`; nil where there is none.
  func read(_ name: String) throws(Failure) -> [UInt8]? {
    guard try list().contains(name) else { return nil }
    let file = try wrapping { () throws(Errno) in try storage.open(name, .read) }
    defer { storage.close(file) }
    var bytes = [UInt8](repeating: 0, count: Int(try size(file)))
    var done = 0
    while done < bytes.count {
      let start = done
      let result = bytes.withUnsafeMutableBytes { buffer -> Swift.Result<Int, Errno> in
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
        do throws(Errno) {
          return .success(try storage.read(file, at: UInt64(start), into: rest))
        } catch {
          return .failure(error)
        }
      }
      let count = try wrapping { () throws(Errno) in try result.get() }
      if count == 0 { break }
      done += count
    }
    return bytes
  }

  /// Writes all of `bytes`, however many calls that takes.
  func write(_ bytes: [UInt8], to file: FileID, at offset: UInt64) throws(Failure) {
    var done = 0
    while done < bytes.count {
      let start = done
      let result = bytes.withUnsafeBytes { buffer -> Swift.Result<Int, Errno> in
        let rest = UnsafeRawBufferPointer(rebasing: buffer[start...])
        do throws(Errno) {
          return .success(try storage.write(file, at: offset + UInt64(start), rest))
        } catch {
          return .failure(error)
        }
      }
      done += try wrapping { () throws(Errno) in try result.get() }
      if bug == .shortWriteIgnored { return }
    }
  }

  /// A barrier of one file.
  func sync(_ file: FileID) throws(Failure) {
    if bug == .noFsync { return }
    do throws(Errno) { try storage.synchronize(file, dataOnly: true) } catch {
      throw Failure(kind: .io, message: "sync: \(error)")
    }
  }

  /// A barrier of the directory.
  func syncDirectory() throws(Failure) {
    if bug == .noDirectoryFsync { return }
    do throws(Errno) { try storage.synchronizeDirectory("") } catch {
      throw Failure(kind: .io, message: "sync of the directory: \(error)")
    }
  }

  private func wrapping<Result>(_ body: () throws(Errno) -> Result) throws(Failure) -> Result {
    do throws(Errno) { return try body() } catch {
      throw Failure(kind: error == .noSpace ? .full : .io, message: "\(error)")
    }
  }
}
