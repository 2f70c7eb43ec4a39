import Glibc
import StorageInterface

/// The few calls on Unix sockets that a control socket takes, at both ends.
enum UnixSocket {
  /// The longest path a socket can have, in bytes (`sun_path` of unix(7) without its zero byte).
  static let longestPath = 107

  /// Makes a socket at `path` that only this user can connect to, and listens. A socket that a
  /// killed server left there is replaced; anything else is in the way.
  static func listen(at path: String) throws(Errno) -> Int32 {
    let descriptor = try make()
    // No moment at which others could connect: the mode is right from the start.
    let mask = umask(0o177)
    defer { umask(mask) }
    var error = call(bind, descriptor, path)
    if error == .addressInUse, isAbandoned(path) {
      unlink(path)
      error = call(bind, descriptor, path)
    }
    guard error.rawValue == 0, Glibc.listen(descriptor, 64) == 0 else {
      let why = error.rawValue == 0 ? Errno(rawValue: errno) : error
      close(descriptor)
      throw why
    }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    return descriptor
  }

  /// Connects to the socket at `path`; the descriptor blocks.
  static func connect(to path: String) throws(Errno) -> Int32 {
    let descriptor = try make()
    let error = call(Glibc.connect, descriptor, path)
    guard error.rawValue == 0 else {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Whether a socket of this user stands at `path` that nobody listens on.
  private static func isAbandoned(_ path: String) -> Bool {
    var information = stat()
    guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFSOCK,
      information.st_uid == geteuid()
    else { return false }
    do throws(Errno) {
      close(try connect(to: path))
      return false
    } catch {
      return error == .connectionRefused
    }
  }

  private static func make() throws(Errno) -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    return descriptor
  }

  /// Calls bind or connect with the address of `path`; the error, or 0.
  private static func call(
    _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ descriptor: Int32,
    _ path: String
  ) -> Errno {
    let bytes = Array(path.utf8)
    guard bytes.count <= longestPath, !bytes.isEmpty, !bytes.contains(0) else {
      return .nameTooLong
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return Errno(rawValue: status == 0 ? 0 : errno)
  }
}

extension Errno {
  static var addressInUse: Errno { Errno(rawValue: EADDRINUSE) }
  static var connectionRefused: Errno { Errno(rawValue: ECONNREFUSED) }
}
