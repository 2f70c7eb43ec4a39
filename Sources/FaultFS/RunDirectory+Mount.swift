import Glibc
import StorageInterface

// A mount at a place of the user's own, which the next run must find if this one is killed.
extension RunDirectory {
  /// The file that names such a mount: its device number, a space, and its path.
  private static let recordName = "/mounted"

  /// Remembers that this run has mounted at `path`; to be called once it has.
  ///
  /// - Throws: the error of writing it down.
  public func recordMount(at path: String) throws(RunDirectoryFailure) {
    guard let mount = MountPoint.entry(at: path) else {
      throw RunDirectoryFailure(path, .noSuchFile)
    }
    let record = self.path + Self.recordName
    let descriptor = open(record, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw RunDirectoryFailure(record, Errno(rawValue: errno)) }
    defer { close(descriptor) }
    let text = Array("\(mount.device) \(mount.path)".utf8)
    guard write(descriptor, text, text.count) == text.count else {
      throw RunDirectoryFailure(record, .ioError)
    }
  }

  /// Takes off the mount that the run directory `path` remembers, if it is still the same one:
  /// whatever else was mounted there since is left alone.
  static func detachRecordedMount(of path: String) {
    guard let record = MountPoint.readWholeFile(path + recordName),
      let space = record.firstIndex(of: 0x20)
    else { return }
    let device = String(decoding: record[..<space], as: UTF8.self)
    let place = String(decoding: record[(space + 1)...], as: UTF8.self)
    if MountPoint.entry(at: place)?.device == device { MountPoint.detachTop(place) }
  }
}

extension FuseMount {
  /// Whether something is mounted exactly at `path`, by the kernel's table; waits for no server.
  public static func isMountPoint(_ path: String) -> Bool { MountPoint.isMounted(path) }
}
