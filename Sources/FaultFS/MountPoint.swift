// Both modules declare `stat`; the compiler may take it from either.
import CFuse
import CLinuxShims
import Glibc
import StorageInterface

/// What can be said and done about a mount point without a session.
enum MountPoint {
  /// Finds the ordinary reasons why a mount cannot work, before libfuse prints about them.
  static func checkPrerequisites(
    of path: String, _ options: MountOptions
  ) throws(MountFailure) {
    var information = stat()
    guard stat(path, &information) == 0 else {
      throw MountFailure(
        .directoryUnusable,
        "cannot mount at \(path): \(Errno(rawValue: errno)); create the directory first, or "
          + "unmount what a killed server left there (`fusermount3 -u -z \(path)`)")
    }
    guard information.st_mode & S_IFMT == S_IFDIR else {
      throw MountFailure(.directoryUnusable, "cannot mount at \(path): it is not a directory")
    }
    try checkDevice(path)
    guard geteuid() != 0 else { return }
    guard helper != nil else {
      throw MountFailure(
        .helperMissing,
        "cannot mount at \(path) as an ordinary user: fusermount3 is missing; "
          + "install it (`apt-get install fuse3`) or run as root")
    }
    guard !options.allowsOtherUsers || allowsOtherUsers else {
      throw MountFailure(
        .refused,
        "cannot mount at \(path) for other users as an ordinary user: add the line "
          + "user_allow_other to /etc/fuse.conf, or run as root")
    }
  }

  /// Whether the machine lets ordinary users make mounts that others may use.
  private static var allowsOtherUsers: Bool {
    let lines = readWholeFile("/etc/fuse.conf")?.split(separator: 0x0a) ?? []
    return lines.contains { $0.filter { $0 > 0x20 }.elementsEqual("user_allow_other".utf8) }
  }

  private static func checkDevice(_ path: String) throws(MountFailure) {
    let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
    let error = Errno(rawValue: errno)
    guard device < 0 else {
      defer { close(device) }
      guard isFuse(device) else {
        throw MountFailure(
          .deviceMissing,
          "cannot mount at \(path): what stands at /dev/fuse is not the FUSE device; make it again "
            + "(`mknod /dev/fuse c 10 229`), or start the container with --device /dev/fuse")
      }
      return
    }
    switch error {
    case .notPermitted, .accessDenied:
      throw MountFailure(
        .deviceClosed,
        "cannot mount at \(path): /dev/fuse cannot be opened (\(error)); open it to all users "
          + "(`chmod 0666 /dev/fuse` as root), or start the container with --device /dev/fuse")
    default:
      throw MountFailure(
        .deviceMissing,
        "cannot mount at \(path): there is no usable /dev/fuse (\(error)); load the module "
          + "(`modprobe fuse`), or start the container with --device /dev/fuse")
    }
  }

  /// Whether the open file is character device 10:229 (Documentation/admin-guide/devices.txt).
  private static func isFuse(_ descriptor: Int32) -> Bool {
    var information = stat()
    guard fstat(descriptor, &information) == 0 else { return false }
    return information.st_mode & S_IFMT == S_IFCHR && information.st_rdev == 10 << 8 | 229
  }

  /// The failure for a mount that the kernel or `fusermount3` refused.
  static func refusal(at path: String, _ message: String) -> MountFailure {
    MountFailure(
      .refused,
      "the mount at \(path) was refused (\(message)); in a container it needs "
        + "--device /dev/fuse --cap-add SYS_ADMIN, and a user other than root must own the "
        + "directory"
    )
  }

  /// The path of `fusermount3`, or nil when it is not installed.
  static var helper: String? {
    let directories = ["/usr/bin", "/bin", "/usr/local/bin", "/sbin", "/usr/sbin"]
    return directories.map { $0 + "/fusermount3" }.first { access($0, X_OK) == 0 }
  }

  /// Whether something is mounted exactly at `path`. Asks the kernel's table, never the mount, so
  /// it does not wait for a server that hangs.
  static func isMounted(_ path: String) -> Bool { entry(at: path) != nil }

  /// The mount on top at `path`: its device number as `major:minor`, and the path as the kernel has
  /// it; nil when nothing is mounted there.
  static func entry(at path: String) -> (device: String, path: String)? {
    guard let real = realPath(ofEntry: path) else { return nil }
    guard let table = readWholeFile("/proc/self/mountinfo") else { return nil }
    // Fields: id, parent, device, root, mount point, …; a space in a path is written \040. What was
    // mounted last comes last.
    let wanted = Array(escape(real).utf8)
    var device: String?
    for line in table.split(separator: 0x0a) {
      let fields = line.split(separator: 0x20, maxSplits: 5)
      guard fields.count > 4, fields[4].elementsEqual(wanted) else { continue }
      device = String(decoding: fields[2], as: UTF8.self)
    }
    return device.map { ($0, real) }
  }

  /// Takes everything off the mount point, even while programs use it. Nothing happens when nothing
  /// is mounted there.
  static func detach(_ path: String) {
    // Mounts may be stacked; the bound is against a mount that will not go.
    for _ in 0..<8 where isMounted(path) {
      if !detachTop(path) { return }
    }
  }

  /// Takes the mount on top off the mount point; whether there was a way to try.
  @discardableResult
  static func detachTop(_ path: String) -> Bool {
    if umount2(path, Int32(MNT_DETACH | UMOUNT_NOFOLLOW)) == 0 { return true }
    guard let helper else { return false }
    runQuietly([helper, "-u", "-z", "-q", path])
    return true
  }

  /// The real path of `path`'s directory with its last component, which is not itself looked at.
  private static func realPath(ofEntry path: String) -> String? {
    var text = path
    while text.count > 1 && text.hasSuffix("/") { text.removeLast() }
    guard let slash = text.lastIndex(of: "/") else {
      return realPath(ofEntry: "./" + text)
    }
    let parent = slash == text.startIndex ? "/" : String(text[..<slash])
    guard let resolved = realpath(parent, nil) else { return nil }
    defer { free(resolved) }
    let directory = String(cString: resolved)
    return (directory == "/" ? "" : directory) + text[slash...]
  }

  private static func escape(_ path: String) -> String {
    var result = ""
    for scalar in path.unicodeScalars {
      switch scalar {
      case " ": result += "\\040"
      case "\t": result += "\\011"
      case "\n": result += "\\012"
      case "\\": result += "\\134"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static func readWholeFile(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = read(descriptor, &block, block.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return count == 0 ? content : nil }
      content.append(contentsOf: block[..<count])
    }
  }

  /// Runs a program to its end with its output thrown away.
  private static func runQuietly(_ arguments: [String]) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var texts: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { texts.forEach { free($0) } }
    var process: pid_t = 0
    var environment: [UnsafeMutablePointer<CChar>?] = [nil]
    let error = posix_spawn(&process, arguments[0], &actions, nil, &texts, &environment)
    guard error == 0 else { return }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
  }
}
