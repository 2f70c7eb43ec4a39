import Glibc
import StorageInterface

/// An open file descriptor that closes itself once nobody owns it any more.
///
/// Every system call on a descriptor is one function here, so there is one place to read what is
/// issued. Calls interrupted by a signal are issued again, with one exception: `synchronize`.
public struct FileDescriptor: ~Copyable, Sendable {
  /// The number the kernel gave it.
  public let rawValue: Int32

  /// Takes over `rawValue`, which nobody else closes from now on.
  public init(owning rawValue: Int32) {
    precondition(rawValue >= 0, "a descriptor is never negative")
    self.rawValue = rawValue
  }

  deinit {
    _ = Glibc.close(rawValue)
  }

  /// Gives up ownership: the caller closes the returned descriptor.
  public consuming func release() -> Int32 {
    let value = rawValue
    discard self
    return value
  }

  /// Closes the descriptor, whatever the kernel answers: Linux releases it even on `EINTR`
  /// (close(2), "Dealing with error returns from close()").
  public consuming func close() {
    _ = Glibc.close(rawValue)
    discard self
  }
}

/// The descriptor calls that `FileDescriptor` and `PosixStorage` share.
enum SystemCall {
  /// The kernel's `O_PATH`, which glibc shows only under `_GNU_SOURCE`.
  ///
  /// The number is that of `asm-generic/fcntl.h`, which x86-64 and arm64 share.
  static let openPathOnly: Int32 = 0o10_000_000

  /// The error of the call that has just failed.
  static var lastError: Errno { Errno(rawValue: errno) }

  /// Issues `call` until it is not interrupted, and returns its result.
  @inline(__always)
  static func retrying<Result: FixedWidthInteger & SignedInteger>(
    _ call: () -> Result
  ) throws(Errno) -> Result {
    while true {
      let result = call()
      if result >= 0 { return result }
      let error = lastError
      if error != .interrupted { throw error }
    }
  }

  /// `openat(2)`, always with `O_CLOEXEC`.
  static func open(
    _ path: String, in directory: Int32, flags: Int32, mode: mode_t = 0
  ) throws(Errno) -> FileDescriptor {
    let descriptor = try retrying { openat(directory, path, flags | O_CLOEXEC, mode) }
    return FileDescriptor(owning: descriptor)
  }

  /// `fsync(2)`, or `fdatasync(2)` when `dataOnly`; issued once.
  ///
  /// An interrupted barrier is not repeated. Nothing says whether the interrupted call had already
  /// consumed a write-back error, and a second call that then returns 0 would prove nothing.
  static func synchronize(_ descriptor: Int32, dataOnly: Bool) throws(Errno) {
    let result = dataOnly ? fdatasync(descriptor) : fsync(descriptor)
    if result != 0 { throw lastError }
  }
}
