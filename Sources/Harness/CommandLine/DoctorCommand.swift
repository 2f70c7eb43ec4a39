import CLinuxShims
import FaultFS
import Glibc
import SubjectProtocol

/// `torture doctor`: what this machine lacks, and how to get it.
enum DoctorCommand {
  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    if words == ["--help"] {
      Console.print(
        Options.help(
          "torture doctor", "Says what this machine lacks to run torture, and how to get it.", []))
      return 0
    }
    guard words.isEmpty else { throw .usage("torture doctor takes no words") }
    var isWell = true
    func report(_ isGood: Bool, _ what: String, _ remedy: String) {
      isWell = isWell && isGood
      Console.print(isGood ? "ok       \(what)" : "MISSING  \(what): \(remedy)")
    }
    let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
    let why = errno
    if device >= 0 { close(device) }
    report(
      device >= 0, "/dev/fuse can be opened",
      why == ENOENT
        ? "the kernel has no FUSE here: load it (modprobe fuse), or give the container "
          + "--device /dev/fuse"
        : why == EACCES || why == EPERM
          ? "no permission (\(String(cString: strerror(why)))): run as root, or have root do "
            + "chmod 0666 /dev/fuse"
          : String(cString: strerror(why)))
    if geteuid() != 0 {
      let found = access("/bin/fusermount3", X_OK) == 0 || access("/usr/bin/fusermount3", X_OK) == 0
      report(found, "fusermount3, with which an ordinary user mounts", "apt-get install fuse3")
    }
    do throws(RunError) {
      let target = try FuseTarget(command: [program, "subject", "reference"], isForeign: false)
      defer { target.shutDown() }
      _ = try target.describe(.hello(options: .emptyObject))
      report(true, "a world can be mounted, and a subject speaks on it", "")
    } catch {
      report(false, "a world can be mounted, and a subject speaks on it", error.message)
    }
    switch Confinement.available {
    case .full(let abi): report(true, "Landlock (ABI \(abi)) keeps subjects inside their world", "")
    case .partial(let abi):
      report(
        false, "Landlock keeps subjects inside their world",
        "ABI \(abi) cannot forbid truncation elsewhere; Linux 6.2 or later can")
    case .absent:
      report(
        false, "Landlock keeps subjects inside their world",
        "the kernel has none: boot with lsm=landlock,… (Linux 5.13 or later)")
    }
    let watch = clinux_watch_test()
    report(
      watch == 0, "seccomp shows syncfs, sync_file_range and their like",
      "\(String(cString: strerror(watch))): Linux 5.5 with CONFIG_SECCOMP_FILTER is needed, "
        + "and a container that leaves user notification free")
    do throws(RunDirectoryFailure) {
      try RunDirectory().remove()
      report(true, "run directories can be made in \(RunDirectory.defaultBase)", "")
    } catch {
      report(
        false, "run directories can be made in \(RunDirectory.defaultBase)",
        "\(error); set TMPDIR to a directory that can be written")
    }
    tellClock()
    tellOptional()
    let environment = EnvironmentReader.read()
    Console.print(
      "machine  \(environment.cpuCount) processors (\(environment.cpu)), kernel "
        + "\(environment.kernel), libfuse \(environment.libfuse)")
    return isWell ? 0 : 3
  }

  /// No reason to refuse: only what a program writes of the time of day changes from run to run.
  private static func tellClock() {
    Console.print(
      ClockLibrary.path != nil
        ? "ok       programs of yours get a clock of the seed's"
        : "LACKING  \(ClockLibrary.name) beside torture: programs of yours see the machine's clock "
          + "(make build)")
  }

  /// Programs that only some uses need: their absence is said, and makes nobody ill.
  private static func tellOptional() {
    let programs = [
      ("python3", "the Python kit and its example", "apt-get install python3-minimal"),
      ("cc", "the C kit and its example", "apt-get install gcc libc6-dev"),
      ("swift", "the Swift kit, and building torture", "https://www.swift.org/install"),
    ]
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    for (program, use, remedy) in programs {
      let isThere = path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
      Console.print(
        isThere ? "ok       \(program), for \(use)" : "absent   \(program), for \(use): \(remedy)")
    }
    if geteuid() != 0 {
      Console.print(
        "note     as an ordinary user: subjects that use System V or POSIX memory, semaphores or "
          + "queues are not measured; as root each run has them to itself")
    }
  }
}
