import DurabilityModel
import FoundationEssentials
import Glibc
import StorageInterface

/// Copies a crash state out of the model, so that people can look at it with their own tools.
struct ImageWriter {
  private let world: World

  /// A writer of `disk`.
  init(disk: Disk) { world = World(disk: disk) }

  /// Writes every directory, file and link of the state below `path`, which is made.
  func extract(to path: String) throws(RunError) {
    try Files.makeDirectory(path)
    try extract(.root, to: Array(path.utf8))
  }

  private func extract(_ directory: InodeNumber, to path: [UInt8]) throws(RunError) {
    for entry in listing(directory) {
      let below = path + [0x2F] + entry.name
      switch entry.kind {
      case .directory:
        guard withPath(below, { mkdir($0, 0o755) }) == 0 else { throw failure(below) }
        try extract(entry.inode, to: below)
      case .symbolicLink:
        let target = (try? world.readLink(entry.inode)) ?? []
        let made = withPath(below) { link in withPath(target) { symlink($0, link) } }
        guard made == 0 else { throw failure(below) }
      case .pipe:
        guard withPath(below, { mkfifo($0, 0o644) }) == 0 else { throw failure(below) }
      case .socket, .characterDevice, .blockDevice:
        // Outside of their program they mean nothing, and not every user may make them.
        continue
      case .regular:
        try copy(entry.inode, to: below)
      }
    }
  }

  private func listing(_ directory: InodeNumber) -> [DirectoryEntry] {
    (try? world.entries(of: directory)) ?? []
  }

  /// The bytes of a file are copied in pieces, and holes stay holes.
  private func copy(_ inode: InodeNumber, to path: [UInt8]) throws(RunError) {
    guard let handle = try? world.open(inode, truncating: false),
      let size = try? world.size(of: handle)
    else { throw failure(path) }
    defer { world.release(handle) }
    let file = withPath(path) { Glibc.open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644) }
    guard file >= 0 else { throw failure(path) }
    defer { Glibc.close(file) }
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    var offset: UInt64 = 0
    while offset < size {
      let count = buffer.withUnsafeMutableBytes {
        (try? world.read(handle, at: offset, into: $0)) ?? 0
      }
      guard count > 0 else { break }
      if buffer[..<count].contains(where: { $0 != 0 }) {
        let written = buffer.withUnsafeBytes { pwrite(file, $0.baseAddress, count, off_t(offset)) }
        guard written == count else { throw failure(path) }
      }
      offset += UInt64(count)
    }
    guard ftruncate(file, off_t(size)) == 0 else { throw failure(path) }
  }

  private func withPath<Result>(
    _ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result {
    var characters = bytes.map { CChar(bitPattern: $0) }
    characters.append(0)
    return characters.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { preconditionFailure("it has a terminator") }
      return body(base)
    }
  }

  private func failure(_ path: [UInt8]) -> RunError {
    let why = String(cString: strerror(errno))
    return .harness("\(String(decoding: path, as: UTF8.self)): cannot be written: \(why)")
  }
}
