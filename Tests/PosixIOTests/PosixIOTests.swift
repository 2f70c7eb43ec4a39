import Glibc
import PosixIO
import StorageInterface
import Testing

/// A private directory that goes away with the test.
private final class TemporaryDirectory {
  let path: String

  init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/posixio-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    path = try #require(made)
  }

  deinit { Self.removeAll(path) }

  private static func removeAll(_ path: String) {
    if let stream = opendir(path) {
      var names: [String] = []
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
          field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
      }
      closedir(stream)
      for name in names { removeAll("\(path)/\(name)") }
    }
    remove(path)
  }
}

private func write(_ bytes: [UInt8], to file: FileID, at offset: UInt64, in storage: PosixStorage)
  throws(Errno) -> Int
{
  var result: Result<Int, Errno> = .success(0)
  bytes.withUnsafeBytes { buffer in
    do throws(Errno) {
      result = .success(try storage.write(file, at: offset, buffer))
    } catch {
      result = .failure(error)
    }
  }
  return try result.get()
}

private func read(_ count: Int, of file: FileID, at offset: UInt64, in storage: PosixStorage)
  throws(Errno) -> [UInt8]
{
  var bytes = [UInt8](repeating: 0xEE, count: count)
  var result: Result<Int, Errno> = .success(0)
  bytes.withUnsafeMutableBytes { buffer in
    do throws(Errno) {
      result = .success(try storage.read(file, at: offset, into: buffer))
    } catch {
      result = .failure(error)
    }
  }
  return Array(bytes.prefix(try result.get()))
}

private func errorOf(_ body: () throws(Errno) -> Void) -> Errno? {
  do throws(Errno) {
    try body()
    return nil
  } catch {
    return error
  }
}

@Suite("A storage over a real directory")
struct PosixStorageTests {
  @Test("What is written is read back, at its offset, and the size follows")
  func writeAndRead() throws {
    let directory = try TemporaryDirectory()
    let storage = try PosixStorage(directory: directory.path)
    let file = try storage.open("a", .createNew)
    defer { storage.close(file) }
    #expect(try write([1, 2, 3], to: file, at: 2, in: storage) == 3)
    #expect(try storage.size(file) == 5)
    #expect(try read(10, of: file, at: 0, in: storage) == [0, 0, 1, 2, 3])
    #expect(try read(10, of: file, at: 5, in: storage).isEmpty)
    try storage.truncate(file, to: 3)
    try storage.synchronize(file, dataOnly: true)
    try storage.synchronize(file, dataOnly: false)
    #expect(try read(10, of: file, at: 0, in: storage) == [0, 0, 1])
  }

  @Test("Each open mode creates, keeps or refuses as it says")
  func openModes() throws {
    let directory = try TemporaryDirectory()
    let storage = try PosixStorage(directory: directory.path)
    #expect(errorOf { () throws(Errno) in _ = try storage.open("a", .read) } == .noSuchFile)
    #expect(errorOf { () throws(Errno) in _ = try storage.open("a", .readWrite) } == .noSuchFile)
    let made = try storage.open("a", .create)
    #expect(try write([7], to: made, at: 0, in: storage) == 1)
    storage.close(made)
    #expect(errorOf { () throws(Errno) in _ = try storage.open("a", .createNew) } == .fileExists)
    for mode in [OpenMode.read, .readWrite, .create] {
      let file = try storage.open("a", mode)
      #expect(try read(4, of: file, at: 0, in: storage) == [7], "\(mode) must not truncate")
      storage.close(file)
    }
    let file = try storage.open("a", .read)
    defer { storage.close(file) }
    #expect(
      errorOf { () throws(Errno) in _ = try write([1], to: file, at: 0, in: storage) }
        == .badFileDescriptor)
  }

  @Test("Names are made, listed, renamed over each other and removed")
  func names() throws {
    let directory = try TemporaryDirectory()
    let storage = try PosixStorage(directory: directory.path)
    #expect(try storage.list("").isEmpty)
    for name in ["a", "b"] { storage.close(try storage.open(name, .createNew)) }
    try storage.makeDirectory("d")
    storage.close(try storage.open("d/c", .createNew))
    #expect(try storage.list("").sorted() == ["a", "b", "d"])
    #expect(try storage.list("d") == ["c"])
    try storage.rename("a", to: "b")
    try storage.rename("d/c", to: "c")
    #expect(try storage.list("").sorted() == ["b", "c", "d"])
    try storage.remove("b")
    #expect(errorOf { () throws(Errno) in try storage.remove("b") } == .noSuchFile)
    #expect(try storage.list("").sorted() == ["c", "d"])
    try storage.synchronizeDirectory("")
    try storage.synchronizeDirectory("d")
    #expect(
      errorOf { () throws(Errno) in try storage.synchronizeDirectory("c") } == .notDirectory)
  }

  @Test("A listing sees names made after an earlier listing and after a barrier")
  func freshListing() throws {
    let directory = try TemporaryDirectory()
    let storage = try PosixStorage(directory: directory.path)
    for count in 0..<4 {
      #expect(try storage.list("").count == count)
      storage.close(try storage.open("f\(count)", .createNew))
      try storage.synchronizeDirectory("")
    }
  }

  @Test("An offset that the kernel cannot express is EINVAL and no call")
  func hugeOffset() throws {
    let directory = try TemporaryDirectory()
    let storage = try PosixStorage(directory: directory.path)
    let file = try storage.open("a", .createNew)
    defer { storage.close(file) }
    #expect(
      errorOf { () throws(Errno) in _ = try write([1], to: file, at: .max, in: storage) }
        == .invalidArgument)
    #expect(
      errorOf { () throws(Errno) in try storage.truncate(file, to: .max) } == .invalidArgument)
  }

  @Test("A directory that is missing or is a file cannot be opened")
  func missingDirectory() throws {
    let directory = try TemporaryDirectory()
    let storage = try PosixStorage(directory: directory.path)
    storage.close(try storage.open("a", .createNew))
    #expect(
      errorOf { () throws(Errno) in _ = try PosixStorage(directory: directory.path + "/none") }
        == .noSuchFile)
    #expect(
      errorOf { () throws(Errno) in _ = try PosixStorage(directory: directory.path + "/a") }
        == .notDirectory)
  }

  @Test("Every descriptor is closed on exec, and a storage that goes away leaves none open")
  func descriptors() throws {
    let directory = try TemporaryDirectory()
    var seen: [Int32] = []
    do {
      let storage = try PosixStorage(directory: directory.path)
      let file = try storage.open("a", .createNew)
      #expect(fcntl(file.rawValue, F_GETFD) & FD_CLOEXEC == FD_CLOEXEC)
      _ = try storage.list("")
      try storage.synchronizeDirectory("")
      storage.close(file)
      seen = openDescriptors(below: directory.path)
      #expect(seen.count == 2, "the directory twice: to resolve names and for its barriers")
      for descriptor in seen { #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC == FD_CLOEXEC) }
    }
    #expect(openDescriptors(below: directory.path).isEmpty)
  }

  /// The descriptors of this process that refer to `path` or below, as /proc shows them.
  private func openDescriptors(below path: String) -> [Int32] {
    var found: [Int32] = []
    for descriptor in Int32(0)..<1024 {
      var target = [CChar](repeating: 0, count: 4096)
      let length = readlink("/proc/self/fd/\(descriptor)", &target, target.count - 1)
      guard length > 0 else { continue }
      let text = String(decoding: target.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
      if text.utf8.starts(with: path.utf8) { found.append(descriptor) }
    }
    return found
  }
}
