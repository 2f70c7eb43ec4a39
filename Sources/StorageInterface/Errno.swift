/// An error number of Linux, as a value that the pure middle can name without libc.
///
/// The numbers are Linux's generic ones (`asm-generic/errno-base.h` and `errno.h`), which x86-64
/// and arm64 share.
public struct Errno: RawRepresentable, Error, Hashable, Sendable {
  /// The number, as the kernel returns it (positive).
  public let rawValue: Int32

  /// Makes an error of its number.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Operation not permitted. The corresponding C error is `EPERM`.
  public static let notPermitted = Errno(rawValue: 1)
  /// No such file or directory. The corresponding C error is `ENOENT`.
  public static let noSuchFile = Errno(rawValue: 2)
  /// Interrupted system call. The corresponding C error is `EINTR`.
  public static let interrupted = Errno(rawValue: 4)
  /// Input/output error. The corresponding C error is `EIO`.
  public static let ioError = Errno(rawValue: 5)
  /// Bad file descriptor. The corresponding C error is `EBADF`.
  public static let badFileDescriptor = Errno(rawValue: 9)
  /// Resource temporarily unavailable. The corresponding C error is `EAGAIN`.
  public static let again = Errno(rawValue: 11)
  /// Cannot allocate memory. The corresponding C error is `ENOMEM`.
  public static let noMemory = Errno(rawValue: 12)
  /// No such device or address. The corresponding C error is `ENXIO`.
  public static let noSuchAddress = Errno(rawValue: 6)
  /// Argument list too long. The corresponding C error is `E2BIG`.
  public static let tooBig = Errno(rawValue: 7)
  /// Permission denied. The corresponding C error is `EACCES`.
  public static let accessDenied = Errno(rawValue: 13)
  /// File exists. The corresponding C error is `EEXIST`.
  public static let fileExists = Errno(rawValue: 17)
  /// Cross-device link. The corresponding C error is `EXDEV`.
  public static let crossDevice = Errno(rawValue: 18)
  /// Not a directory. The corresponding C error is `ENOTDIR`.
  public static let notDirectory = Errno(rawValue: 20)
  /// Is a directory. The corresponding C error is `EISDIR`.
  public static let isDirectory = Errno(rawValue: 21)
  /// Invalid argument. The corresponding C error is `EINVAL`.
  public static let invalidArgument = Errno(rawValue: 22)
  /// Too many open files. The corresponding C error is `EMFILE`.
  public static let tooManyOpenFiles = Errno(rawValue: 24)
  /// File too large. The corresponding C error is `EFBIG`.
  public static let fileTooLarge = Errno(rawValue: 27)
  /// No space left on device. The corresponding C error is `ENOSPC`.
  public static let noSpace = Errno(rawValue: 28)
  /// Read-only file system. The corresponding C error is `EROFS`.
  public static let readOnlyFileSystem = Errno(rawValue: 30)
  /// Inappropriate ioctl for device. The corresponding C error is `ENOTTY`.
  public static let notATerminal = Errno(rawValue: 25)
  /// Numerical result out of range. The corresponding C error is `ERANGE`.
  public static let outOfRange = Errno(rawValue: 34)
  /// Too many links. The corresponding C error is `EMLINK`.
  public static let tooManyLinks = Errno(rawValue: 31)
  /// File name too long. The corresponding C error is `ENAMETOOLONG`.
  public static let nameTooLong = Errno(rawValue: 36)
  /// Function not implemented. The corresponding C error is `ENOSYS`.
  public static let notImplemented = Errno(rawValue: 38)
  /// Directory not empty. The corresponding C error is `ENOTEMPTY`.
  public static let directoryNotEmpty = Errno(rawValue: 39)
  /// Too many levels of symbolic links. The corresponding C error is `ELOOP`.
  public static let tooManySymbolicLinks = Errno(rawValue: 40)
  /// No data available. The corresponding C error is `ENODATA`.
  public static let noData = Errno(rawValue: 61)
  /// Operation not supported. The corresponding C error is `EOPNOTSUPP`.
  public static let notSupported = Errno(rawValue: 95)
  /// Stale file handle. The corresponding C error is `ESTALE`.
  public static let stale = Errno(rawValue: 116)
  /// Disk quota exceeded. The corresponding C error is `EDQUOT`.
  public static let quotaExceeded = Errno(rawValue: 122)

  /// Every error that has a name here, with its C name.
  public static let names: [(error: Errno, name: String)] = [
    (.notPermitted, "EPERM"), (.noSuchFile, "ENOENT"), (.interrupted, "EINTR"),
    (.ioError, "EIO"), (.noSuchAddress, "ENXIO"), (.tooBig, "E2BIG"), (.notATerminal, "ENOTTY"),
    (.outOfRange, "ERANGE"), (.badFileDescriptor, "EBADF"), (.again, "EAGAIN"),
    (.noMemory, "ENOMEM"),
    (.accessDenied, "EACCES"), (.fileExists, "EEXIST"), (.crossDevice, "EXDEV"),
    (.notDirectory, "ENOTDIR"), (.isDirectory, "EISDIR"), (.invalidArgument, "EINVAL"),
    (.tooManyOpenFiles, "EMFILE"), (.fileTooLarge, "EFBIG"), (.noSpace, "ENOSPC"),
    (.readOnlyFileSystem, "EROFS"), (.tooManyLinks, "EMLINK"), (.nameTooLong, "ENAMETOOLONG"),
    (.notImplemented, "ENOSYS"), (.directoryNotEmpty, "ENOTEMPTY"),
    (.tooManySymbolicLinks, "ELOOP"), (.noData, "ENODATA"), (.notSupported, "EOPNOTSUPP"),
    (.stale, "ESTALE"), (.quotaExceeded, "EDQUOT"),
  ]

  /// The error with the C name `name` (`"EIO"`), or nil when it has none here.
  public init?(name: String) {
    guard let entry = Self.names.first(where: { $0.name == name }) else { return nil }
    self = entry.error
  }
}

extension Errno: CustomStringConvertible {
  /// The C name, or `errno N` where it has none here.
  public var description: String {
    Self.names.first { $0.error == self }?.name ?? "errno \(rawValue)"
  }
}
