/// The only way a store in this package reaches the world: files below one directory.
///
/// The same store runs on `PosixStorage` (a real directory, as a child process on the mount) and on
/// the harness's simulated storage (no kernel). Paths are relative to the storage's directory, with
/// `/` between components; `""` is the directory itself. Offsets and counts are bytes.
///
/// Every call may fail with the error the operating system gave. Nothing written is durable before
/// a barrier that covers it returned without error: `synchronize` for content and size,
/// `synchronizeDirectory` for names.
public protocol Storage: AnyObject {
  /// Opens the file at `path`.
  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> FileID

  /// Closes `file`. No durability effect, and errors are of no use here: it never fails.
  func close(_ file: FileID)

  /// Reads up to `buffer.count` bytes at `offset`; fewer at the end of the file (0: nothing there).
  func read(
    _ file: FileID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int

  /// Writes `bytes` at `offset` and returns how many were written: possibly fewer, never 0 unless
  /// `bytes` is empty. Volatile until `synchronize`.
  func write(
    _ file: FileID, at offset: UInt64, _ bytes: UnsafeRawBufferPointer
  ) throws(Errno) -> Int

  /// The size of `file` in bytes.
  func size(_ file: FileID) throws(Errno) -> UInt64

  /// Cuts or extends (with zeros) `file` to `size` bytes. Volatile until `synchronize`.
  func truncate(_ file: FileID, to size: UInt64) throws(Errno)

  /// A barrier: fdatasync when `dataOnly`, else fsync. After an error, nothing is covered, and a
  /// later success proves nothing about what this call should have covered.
  func synchronize(_ file: FileID, dataOnly: Bool) throws(Errno)

  /// A barrier for the names in the directory at `path`: fsync of the directory.
  func synchronizeDirectory(_ path: String) throws(Errno)

  /// Renames a file, replacing what stands at `target`. Atomic; volatile until the directory is
  /// synchronised.
  func rename(_ source: String, to target: String) throws(Errno)

  /// Removes the name of a file. Volatile until the directory is synchronised.
  func remove(_ path: String) throws(Errno)

  /// Creates a directory. Volatile until the parent is synchronised.
  func makeDirectory(_ path: String) throws(Errno)

  /// The names in the directory at `path`, in no particular order, without `.` and `..`.
  func list(_ path: String) throws(Errno) -> [String]

  /// Reserves room for the first `size` bytes of `file` and extends it with zeros up to there.
  /// Volatile until `synchronize`. Storages that cannot fail with `EOPNOTSUPP`.
  func allocate(_ file: FileID, size: UInt64) throws(Errno)

  /// Makes this storage the only one that may lock the directory, until it is let go of; fails with
  /// `EAGAIN` when another one has it. No durability effect. Storages that only one user can reach
  /// need not do anything.
  func lockDirectory() throws(Errno)

  /// Lets go of the directory again; it is also let go of with the storage.
  func unlockDirectory()

  /// The first `count` bytes of `file` in memory, at an address that is a multiple of a page.
  /// What is written there stays in this memory (a private mapping). It outlives `close` and ends
  /// with `unmap`. Storages that cannot fail with `EOPNOTSUPP`.
  func map(_ file: FileID, count: Int) throws(Errno) -> UnsafeMutableRawBufferPointer

  /// Ends a mapping that `map` made.
  func unmap(_ bytes: UnsafeMutableRawBufferPointer)

  /// Maps the first `count` bytes of `file` shared; they exist already. Storages that cannot fail
  /// with `EOPNOTSUPP`.
  func mapShared(_ file: FileID, count: Int) throws(Errno) -> any MappedFile

  /// Makes `count` bytes at `offset` a hole that reads as zeros; the size stays. Volatile until
  /// `synchronize`. Storages that cannot fail with `EOPNOTSUPP`.
  func punchHole(_ file: FileID, at offset: UInt64, count: UInt64) throws(Errno)
}

extension Storage {
  /// Not supported.
  public func allocate(_ file: FileID, size: UInt64) throws(Errno) { throw .notSupported }

  /// Nothing: nobody else reaches the directory.
  public func lockDirectory() throws(Errno) {}

  /// Nothing: nothing was locked.
  public func unlockDirectory() {}

  /// Not supported.
  public func map(_ file: FileID, count: Int) throws(Errno) -> UnsafeMutableRawBufferPointer {
    throw .notSupported
  }

  /// Nothing: no mapping was made.
  public func unmap(_ bytes: UnsafeMutableRawBufferPointer) {}

  /// Not supported.
  public func mapShared(_ file: FileID, count: Int) throws(Errno) -> any MappedFile {
    throw .notSupported
  }

  /// Not supported.
  public func punchHole(_ file: FileID, at offset: UInt64, count: UInt64) throws(Errno) {
    throw .notSupported
  }
}

/// An open file of a `Storage`; valid until closed.
public struct FileID: Hashable, Sendable {
  /// The number the storage gave it.
  public let rawValue: Int32

  /// Makes an identifier of its number.
  public init(rawValue: Int32) { self.rawValue = rawValue }
}

/// How `Storage.open` opens a file.
public enum OpenMode: Hashable, Sendable {
  /// For reading; fails with `ENOENT` when there is none.
  case read
  /// For reading and writing; fails with `ENOENT` when there is none.
  case readWrite
  /// For reading and writing; created when there is none.
  case create
  /// For reading and writing; fails with `EEXIST` when there is one.
  case createNew
}
