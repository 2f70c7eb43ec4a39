import CFuse
import Glibc
public import StorageInterface

/// The directory of one running harness: a mount point, a scratch folder, and a lock that is held
/// for as long as the harness lives.
///
/// `${XDG_RUNTIME_DIR or TMPDIR or /tmp}/torture-<uid>/<pid>-<n>/` with `lock`, `mount/` and
/// `scratch/`. A harness that is killed cannot unmount; whoever comes next finds its lock free and
/// removes what it left (`sweep`).
public final class RunDirectory {
  /// The directory itself.
  public let path: String
  /// Where the worlds are mounted.
  public var mountPoint: String { path + "/mount" }
  /// Where a subject may write besides.
  public var scratch: String { path + "/scratch" }

  private var lock: Int32

  /// Makes a new run directory and takes its lock.
  ///
  /// - Parameter base: the directory of all runs; the user's own by default.
  public init(in base: String = RunDirectory.defaultBase) throws(RunDirectoryFailure) {
    let gate = try Self.openGate(base)
    defer { close(gate) }
    var number = 0
    while true {
      let path = "\(base)/\(getpid())-\(number)"
      if mkdir(path, 0o700) == 0 {
        self.path = path
        break
      }
      guard errno == EEXIST, number < 1_000_000 else {
        throw RunDirectoryFailure(path, Errno(rawValue: errno))
      }
      number += 1
    }
    lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0, mkdir(path + "/mount", 0o700) == 0,
      mkdir(path + "/scratch", 0o700) == 0
    else {
      let error = Errno(rawValue: errno)
      if lock >= 0 { close(lock) }
      lock = -1
      _ = FileTree.remove(path)
      throw RunDirectoryFailure(path, error)
    }
  }

  deinit { remove() }

  /// Empties the scratch folder: what a subject wrote there does not survive a power loss either.
  ///
  /// - Throws: the error of what could not be removed.
  public func eraseScratch() throws(RunDirectoryFailure) {
    guard FileTree.remove(scratch), mkdir(scratch, 0o700) == 0 else {
      throw RunDirectoryFailure(scratch, Errno(rawValue: errno))
    }
  }

  /// Unmounts and removes everything and gives up the lock. A second call does nothing.
  public func remove() {
    guard lock >= 0 else { return }
    MountPoint.detach(mountPoint)
    _ = FileTree.remove(path)
    close(lock)
    lock = -1
  }

  /// Removes what harnesses that are gone have left: mounts, then files. Returns the directories
  /// that were removed, in the order of their names. A directory whose owner lives is not touched.
  @discardableResult
  public static func sweep(
    in base: String = RunDirectory.defaultBase
  ) throws(RunDirectoryFailure) -> [String] {
    let gate = try openGate(base)
    defer { close(gate) }
    var removed: [String] = []
    for name in FileTree.names(in: base).sorted() where isRunName(name) {
      let path = base + "/" + name
      let lock = open(path + "/lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
      // Without a lock file the owner was killed while it made the directory: the gate is ours.
      if lock < 0 && errno != ENOENT { continue }
      defer { if lock >= 0 { close(lock) } }
      if lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) != 0 { continue }
      MountPoint.detach(path + "/mount")
      detachRecordedMount(of: path)
      if FileTree.remove(path) { removed.append(path) }
    }
    return removed
  }

  /// Where the run directories of this user are.
  public static var defaultBase: String {
    var root = "/tmp"
    for variable in ["TMPDIR", "XDG_RUNTIME_DIR"] {
      if let value = getenv(variable), value.pointee != 0 { root = String(cString: value) }
    }
    while root.count > 1 && root.hasSuffix("/") { root.removeLast() }
    // A subject has a working directory of its own, where a relative path means something else.
    if !root.hasPrefix("/"), let directory = getcwd(nil, 0) {
      root = String(cString: directory) + "/" + root
      free(directory)
    }
    return "\(root)/torture-\(geteuid())"
  }

  /// Opens and locks the file that lets one process at a time make or sweep run directories.
  ///
  /// The base may stand in `/tmp`, where anybody can make it first, so it must be this user's own.
  private static func openGate(_ base: String) throws(RunDirectoryFailure) -> Int32 {
    if mkdir(base, 0o700) != 0 && errno != EEXIST {
      throw RunDirectoryFailure(base, Errno(rawValue: errno))
    }
    var information = stat()
    guard lstat(base, &information) == 0 else {
      throw RunDirectoryFailure(base, Errno(rawValue: errno))
    }
    guard information.st_mode & S_IFMT == S_IFDIR, information.st_uid == geteuid(),
      information.st_mode & 0o022 == 0
    else { throw RunDirectoryFailure(base, .accessDenied) }
    let gate = open(base + "/.gate", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard gate >= 0 else { throw RunDirectoryFailure(base, Errno(rawValue: errno)) }
    while flock(gate, LOCK_EX) != 0 {
      guard errno == EINTR else {
        let error = Errno(rawValue: errno)
        close(gate)
        throw RunDirectoryFailure(base, error)
      }
    }
    return gate
  }

  /// Whether a name is `<pid>-<n>`; nothing else in the base is ours to remove.
  private static func isRunName(_ name: String) -> Bool {
    let parts = name.utf8.split(separator: 0x2d, omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) } }
  }
}

/// A run directory that cannot be made or used; its description is one line with what to do.
public struct RunDirectoryFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// What could not be made or used.
  public let path: String
  /// Why.
  public let error: Errno

  init(_ path: String, _ error: Errno) {
    self.path = path
    self.error = error
  }

  /// One line for a person.
  public var description: String {
    "cannot use \(path) as a directory for runs (\(error)); it must belong to this user and be "
      + "writable by nobody else: set TMPDIR, or unset XDG_RUNTIME_DIR"
  }
}
