internal import CLinuxShims
import Glibc
public import StorageInterface

/// A `Storage` over a real directory: one mutating system call for each mutating call.
///
/// Paths are resolved from a descriptor of the directory, so renaming the directory or changing the
/// working directory does no harm. Nothing is cached and nothing is buffered. Not thread-safe, as
/// stores are not.
public final class PosixStorage: Storage {
  /// Opened with `O_PATH`: it resolves names and costs no request of its own on a FUSE mount.
  private let root: FileDescriptor
  /// The permission bits of new files, before the umask.
  private let fileMode: mode_t
  /// The descriptor of the newest listing of the directory, kept for its barriers.
  ///
  /// Opening a directory anew for each barrier would cost two more requests on a FUSE mount, and a
  /// description that stays open sees every write-back error reported since.
  private var rootListing: FileDescriptor?
  /// Whether that descriptor has been read to its end.
  private var rootWasListed = false

  /// Opens the directory at `path`; fails when there is none. No durability effect.
  public init(directory path: String, fileMode: UInt32 = 0o666) throws(Errno) {
    root = try SystemCall.open(
      path, in: AT_FDCWD, flags: SystemCall.openPathOnly | O_DIRECTORY)
    self.fileMode = mode_t(fileMode)
  }

  /// Opens the file at `path` with one `openat`; never truncates.
  public func open(_ path: String, _ mode: OpenMode) throws(Errno) -> FileID {
    let flags =
      switch mode {
      case .read: O_RDONLY
      case .readWrite: O_RDWR
      case .create: O_RDWR | O_CREAT
      case .createNew: O_RDWR | O_CREAT | O_EXCL
      }
    let file = try SystemCall.open(path, in: root.rawValue, flags: flags, mode: fileMode)
    return FileID(rawValue: file.release())
  }

  /// Closes `file`; errors are of no use and are dropped.
  public func close(_ file: FileID) {
    FileDescriptor(owning: file.rawValue).close()
  }

  /// One `pread`: possibly short, 0 at the end of the file.
  public func read(
    _ file: FileID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    let position = try Self.position(offset)
    return try SystemCall.retrying {
      pread(file.rawValue, buffer.baseAddress, buffer.count, position)
    }
  }

  /// One `pwrite`: possibly short. Volatile until `synchronize`.
  public func write(
    _ file: FileID, at offset: UInt64, _ bytes: UnsafeRawBufferPointer
  ) throws(Errno) -> Int {
    let position = try Self.position(offset)
    return try SystemCall.retrying {
      pwrite(file.rawValue, bytes.baseAddress, bytes.count, position)
    }
  }

  /// The size of `file` in bytes, by `fstat`.
  public func size(_ file: FileID) throws(Errno) -> UInt64 {
    var status = stat()
    _ = try SystemCall.retrying { fstat(file.rawValue, &status) }
    return UInt64(status.st_size)
  }

  /// One `ftruncate`. Volatile until `synchronize`.
  public func truncate(_ file: FileID, to size: UInt64) throws(Errno) {
    let length = try Self.position(size)
    _ = try SystemCall.retrying { ftruncate(file.rawValue, length) }
  }

  /// One `fdatasync` or `fsync`, never repeated: an interrupted barrier is a failed one.
  public func synchronize(_ file: FileID, dataOnly: Bool) throws(Errno) {
    try SystemCall.synchronize(file.rawValue, dataOnly: dataOnly)
  }

  /// An `fsync` of the directory at `path`: a barrier for the names in it.
  public func synchronizeDirectory(_ path: String) throws(Errno) {
    guard path.isEmpty else {
      let directory = try openDirectory(path)
      return try SystemCall.synchronize(directory.rawValue, dataOnly: false)
    }
    if rootListing == nil { rootListing = try openDirectory(path) }
    guard let descriptor = rootListing?.rawValue else {
      preconditionFailure("the directory was opened just above")
    }
    try SystemCall.synchronize(descriptor, dataOnly: false)
  }

  /// One `renameat`, replacing what stands at `target`. Volatile until the directory is
  /// synchronised.
  public func rename(_ source: String, to target: String) throws(Errno) {
    _ = try SystemCall.retrying { renameat(root.rawValue, source, root.rawValue, target) }
  }

  /// One `unlinkat` of a file. Volatile until the directory is synchronised.
  public func remove(_ path: String) throws(Errno) {
    _ = try SystemCall.retrying { unlinkat(root.rawValue, path, 0) }
  }

  /// One `mkdirat`. Volatile until the parent is synchronised.
  public func makeDirectory(_ path: String) throws(Errno) {
    _ = try SystemCall.retrying { mkdirat(root.rawValue, path, 0o777) }
  }

  /// One `fallocate`, which extends the file. `EOPNOTSUPP` where the file system cannot.
  public func allocate(_ file: FileID, size: UInt64) throws(Errno) {
    let length = try Self.position(size)
    _ = try SystemCall.retrying { clinux_allocate(file.rawValue, 0, 0, Int64(length)) }
  }

  /// One `flock` of the directory itself: no file is made for it, and the kernel lets go of it when
  /// the process ends, however it ends.
  public func lockDirectory() throws(Errno) {
    if rootListing == nil { rootListing = try openDirectory("") }
    guard let descriptor = rootListing?.rawValue else {
      preconditionFailure("the directory was opened just above")
    }
    _ = try SystemCall.retrying { flock(descriptor, LOCK_EX | LOCK_NB) }
  }

  /// One `flock` that undoes the other.
  public func unlockDirectory() {
    if let descriptor = rootListing?.rawValue { flock(descriptor, LOCK_UN) }
  }

  /// One private `mmap`, in huge pages where the kernel has them. A read error of the disk then
  /// arrives as a signal, not as an error.
  public func map(
    _ file: FileID, count: Int
  ) throws(Errno) -> UnsafeMutableRawBufferPointer {
    let address = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.rawValue, 0)
    guard let address, address != MAP_FAILED else { throw SystemCall.lastError }
    // What a kernel without them answers matters to nobody.
    if count >= 2 << 20 { _ = madvise(address, count, Int32(MADV_HUGEPAGE)) }
    return UnsafeMutableRawBufferPointer(start: address, count: count)
  }

  /// One `munmap`.
  public func unmap(_ bytes: UnsafeMutableRawBufferPointer) {
    munmap(bytes.baseAddress, bytes.count)
  }

  /// One shared `mmap`, for reading and writing.
  public func mapShared(_ file: FileID, count: Int) throws(Errno) -> any MappedFile {
    try PosixMappedFile(file.rawValue, count: count)
  }

  /// One `fallocate` with `FALLOC_FL_PUNCH_HOLE` and `FALLOC_FL_KEEP_SIZE` (linux/falloc.h).
  public func punchHole(_ file: FileID, at offset: UInt64, count: UInt64) throws(Errno) {
    let (start, length) = (try Self.position(offset), try Self.position(count))
    _ = try SystemCall.retrying {
      clinux_allocate(file.rawValue, 0x01 | 0x02, Int64(start), Int64(length))
    }
  }

  private func openDirectory(_ path: String) throws(Errno) -> FileDescriptor {
    try SystemCall.open(
      path.isEmpty ? "." : path, in: root.rawValue, flags: O_RDONLY | O_DIRECTORY)
  }

  /// `value` as the kernel's signed offset; `EINVAL`, as the kernel says, when it is out of range.
  private static func position(_ value: UInt64) throws(Errno) -> off_t {
    guard let position = off_t(exactly: value) else { throw .invalidArgument }
    return position
  }
}

extension PosixStorage {
  /// The names in the directory at `path`, without `.` and `..`.
  ///
  /// A name that is not UTF-8 is repaired as `String` does it; a store never makes such a name, and
  /// must not open one.
  public func list(_ path: String) throws(Errno) -> [String] {
    // A kept descriptor is listed once and never replaced, since the lock stands on it.
    if path.isEmpty, !rootWasListed {
      if rootListing == nil { rootListing = try openDirectory(path) }
      guard let kept = rootListing?.rawValue else {
        preconditionFailure("the directory was opened just above")
      }
      rootWasListed = true
      return try Self.names(in: kept)
    }
    let descriptor = try openDirectory(path)
    return try Self.names(in: descriptor.rawValue)
  }

  /// Reads a directory to its end by `getdents64` alone: `fdopendir` would ask for its attributes,
  /// a request of its own on a FUSE mount, and needs a duplicate, since `closedir` closes.
  private static func names(in descriptor: Int32) throws(Errno) -> [String] {
    var names: [String] = []
    try withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 8) {
      (buffer) throws(Errno) in
      guard let base = buffer.baseAddress else { return }
      while true {
        let count = try SystemCall.retrying {
          clinux_read_directory(descriptor, base, buffer.count)
        }
        if count == 0 { return }
        var offset = 0
        while offset < count {
          // struct linux_dirent64: d_ino (8), d_off (8), d_reclen (2), d_type (1), d_name.
          let length = Int(base.loadUnaligned(fromByteOffset: offset + 16, as: UInt16.self))
          let field = (base + offset + 19).assumingMemoryBound(to: CChar.self)
          let isDot = field[0] == 0x2E && (field[1] == 0 || field[1] == 0x2E && field[2] == 0)
          if !isDot { names.append(String(cString: field)) }
          offset += length
        }
      }
    }
    return names
  }
}
