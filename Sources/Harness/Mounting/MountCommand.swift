import CLinuxShims
import DurabilityModel
import FaultFS
import Glibc
import StorageInterface

/// `torture mount`: the disk for any program, outside a run.
enum MountCommand {
  static let options: [Options.Specification] = [
    .init(name: "model", argument: "NAME", help: "the persistence model (default posix-min)"),
    .init(
      name: "mode", argument: "direct|cached",
      help: "direct: every read and write is seen (default); cached: files can be mapped shared"),
    .init(
      name: "quota", argument: "BYTES",
      help: "files hold no more than that; K, M, G and T may follow the number"),
    .init(
      name: "control", argument: "SOCKET",
      help: "where to listen (default: in the run directory, printed)"),
    .init(
      name: "allow-other", argument: nil,
      help: "programs of other users may use the mount; the socket stays yours"),
    .init(name: "help", argument: nil, help: "this text"),
  ]

  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    let options = try Options(words, options, command: "mount")
    if options.has("help") {
      Console.print(help)
      return 0
    }
    guard options.operands.count == 1, let operand = options.operands.first else {
      throw .usage("usage: torture mount MOUNTPOINT [OPTION…]; torture mount --help shows all")
    }
    let settings = try settings(options)
    // Before anything looks at the place: what a killed mount left there answers nothing.
    try SweepLeftovers.run()
    let path = try mountPoint(operand)
    _ = clinux_install_interrupt_handler()
    let run: RunDirectory
    do throws(RunDirectoryFailure) { run = try RunDirectory() } catch {
      throw .notMeasured("\(error)")
    }
    defer { run.remove() }
    let socketPath = options.values["control"].map(absolute) ?? run.path + "/control"
    let listener = try listen(at: socketPath)
    defer {
      close(listener)
      unlink(socketPath)
    }
    return try serve(at: path, settings, run, listener, socketPath)
  }

  private static func serve(
    at path: String, _ settings: MountedDisk.Settings, _ run: RunDirectory, _ listener: Int32,
    _ socketPath: String
  ) throws(RunError) -> Int32 {
    let disk: MountedDisk
    do throws(MountFailure) {
      disk = try MountedDisk(at: path, settings)
    } catch {
      throw error.kind == .directoryUnusable
        ? .usage(error.description) : .notMeasured(error.description)
    }
    defer { disk.mount.unmount() }
    do throws(RunDirectoryFailure) { try run.recordMount(at: path) } catch {
      throw .harness("\(error)")
    }
    let end: MountServer.End
    do throws(Errno) {
      let server = try MountServer(disk: disk, listener: listener) {
        Console.print("torture: \(path): \($0)")
      }
      Console.print(
        "torture: mounted \(path), model \(settings.parameters.model.rawValue), mode "
          + "\(settings.mode == .cached ? "cached" : "direct"), control socket \(socketPath)")
      end = try server.run()
    } catch {
      throw .harness("the mount at \(path) cannot be served: \(error)")
    }
    switch end {
    case .asked: Console.print("torture: unmounted \(path)")
    case .signal(let number): Console.print("torture: unmounted \(path) after signal \(number)")
    case .unmountedFromOutside: Console.print("torture: \(path) was unmounted by somebody else")
    }
    return 0
  }

  private static func settings(_ options: Options) throws(RunError) -> MountedDisk.Settings {
    var settings = MountedDisk.Settings()
    if let name = options.values["model"] {
      guard let model = PersistenceModelName(rawValue: name) else {
        let known = PersistenceModelName.allCases.map(\.rawValue).joined(separator: ", ")
        throw .usage("--model takes one of \(known), not \"\(name)\"")
      }
      settings.parameters.model = model
    }
    switch options.values["mode"] {
    case nil, "direct": break
    case "cached": settings.mode = .cached
    case let other?: throw .usage("--mode takes direct or cached, not \"\(other)\"")
    }
    if let text = options.values["quota"] {
      guard let bytes = byteCount(text) else {
        throw .usage(
          "--quota takes a number of bytes from \(Quota.least) on, as 1000000 or 64M, not "
            + "\"\(text)\"")
      }
      settings.quota = bytes
    }
    settings.allowsOtherUsers = options.has("allow-other")
    return settings
  }

  /// A number of bytes with K, M, G or T (powers of 1024) behind it; nil when `text` is none.
  static func byteCount(_ text: String) -> UInt64? {
    let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
    let shift = text.last.flatMap { units[$0] }
    let digits = shift == nil ? Substring(text) : text.dropLast()
    guard let number = UInt64(digits), digits.first != "+" else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << (shift ?? 0))
    let allowed = UInt64(Quota.least)...UInt64(Int64.max)
    return overflow || !allowed.contains(bytes) ? nil : bytes
  }

  /// The directory to mount at, checked: there, empty, and nothing mounted on it.
  private static func mountPoint(_ operand: String) throws(RunError) -> String {
    guard !FuseMount.isMountPoint(operand) else {
      throw .usage("cannot mount at \(operand): something is mounted there already")
    }
    guard let resolved = realpath(operand, nil) else {
      let why = Errno(rawValue: errno)
      let remedy = why == .noSuchFile ? "; create the directory first" : ""
      throw .usage("cannot mount at \(operand): \(why)\(remedy)")
    }
    defer { free(resolved) }
    let path = String(cString: resolved)
    // A name that leads there over a symbolic link is another spelling of the same place.
    guard !FuseMount.isMountPoint(path) else {
      throw .usage("cannot mount at \(operand): something is mounted there already")
    }
    guard let directory = opendir(path) else {
      throw .usage("cannot mount at \(operand): \(Errno(rawValue: errno))")
    }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let isDot = withUnsafeBytes(of: &entry.pointee.d_name) { name in
        name[0] == 0x2e && (name[1] == 0 || (name[1] == 0x2e && name[2] == 0))
      }
      guard isDot else {
        throw .usage("cannot mount at \(operand): the directory is not empty")
      }
    }
    return path
  }

  private static func listen(at path: String) throws(RunError) -> Int32 {
    do throws(Errno) {
      return try UnixSocket.listen(at: path)
    } catch {
      if error == .nameTooLong {
        throw .usage(
          "the control socket \(path) has a path of more than \(UnixSocket.longestPath) bytes: "
            + "give a shorter one with --control")
      }
      if error == .addressInUse {
        throw .usage(
          "cannot listen at the control socket \(path): something is there already; remove it, or "
            + "give another with --control")
      }
      throw .usage("cannot listen at the control socket \(path): \(error)")
    }
  }

  private static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
    defer { free(directory) }
    return String(cString: directory) + "/" + path
  }

  private static var help: String {
    Options.help("torture mount MOUNTPOINT [OPTION…]", purpose, options)
  }

  private static let purpose = """
    A disk in memory for any program, on which the power can be cut: mounts it on an empty
    directory, prints one line when it is ready, and serves until it is unmounted, interrupted or
    told to end. What no barrier (fsync, fdatasync, O_DSYNC, msync…) covered is pending, and lost or
    kept as the model permits. Linux tells no such file system of syncfs, sync and sync_file_range:
    they cover nothing here. After a crash or a restore, what programs have open fails with ESTALE,
    and paths show the new disk. The mount and the socket are yours alone; nothing is kept when it
    ends.

    Control it with torture control SOCKET REQUEST (torture control --help), or by any program: each
    line sent to the socket is a request; lines come back, the last beginning with ok or error.
    """
}
