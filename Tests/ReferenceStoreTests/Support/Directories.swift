import Glibc
import PosixIO
import StorageInterface

/// Runs `body` with the path of an empty directory, which is removed afterwards.
func withDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
  var template = Array("\(base)/store-XXXXXX".utf8CString)
  guard let made = mkdtemp(&template) else { throw Errno(rawValue: errno) }
  let path = String(cString: made)
  defer {
    if let storage = try? PosixStorage(directory: path) {
      for name in (try? storage.list("")) ?? [] { try? storage.remove(name) }
    }
    rmdir(path)
  }
  return try body(path)
}
