import CLinuxShims
import Glibc

/// Removing directories that somebody else may have filled.
enum FileTree {
  /// Removes `path` with everything below it; whether it is gone. Never follows a symbolic link and
  /// never enters another file system: a mount may hang, or hold what is not ours.
  static func remove(_ path: String) -> Bool {
    if unlink(path) == 0 || errno == ENOENT { return true }
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    if directory >= 0 { removeContent(directory, depth: 0) }
    return rmdir(path) == 0 || errno == ENOENT
  }

  /// The names in a directory, without `.` and `..`, in no particular order.
  static func names(in path: String) -> [String] {
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    return directory < 0
      ? [] : names(directory).map { String(decoding: $0.dropLast(), as: UTF8.self) }
  }

  /// Removes what is in an open directory, and closes it. What cannot be removed stays.
  private static func removeContent(_ directory: Int32, depth: Int) {
    let copy = fcntl(directory, F_DUPFD_CLOEXEC, 0)
    defer { if copy >= 0 { close(copy) } }
    let names = names(directory)
    guard copy >= 0 else { return }
    for name in names {
      name.withUnsafeBytes { bytes in
        guard let text = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
        if unlinkat(copy, text, 0) == 0 { return }
        // A subject could nest directories until the stack ends.
        guard depth < 500 else { return }
        var inner = clinux_open_subdirectory(copy, text)
        if inner < 0 && errno == EACCES {
          _ = fchmodat(copy, text, 0o700, AT_SYMLINK_NOFOLLOW)
          inner = clinux_open_subdirectory(copy, text)
        }
        if inner >= 0 { removeContent(inner, depth: depth + 1) }
        _ = unlinkat(copy, text, AT_REMOVEDIR)
      }
    }
  }

  /// The names in an open directory, each with a zero byte behind it; closes the directory.
  private static func names(_ directory: Int32) -> [[UInt8]] {
    guard let stream = fdopendir(directory) else {
      close(directory)
      return []
    }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        Array(bytes.prefix { $0 != 0 })
      }
      if name != [0x2e] && name != [0x2e, 0x2e] { names.append(name + [0]) }
    }
    return names
  }
}
