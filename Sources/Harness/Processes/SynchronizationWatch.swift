import CLinuxShims
import DurabilityModel
import FaultFS
import Glibc
import StorageInterface

/// The calls of a subject that its file system never sees, told by a seccomp filter: syncfs, sync,
/// sync_file_range, and posix_fadvise(DONTNEED). Each waits until it is answered here; its effect
/// goes into the world of the file it is about (disk.md, "What FUSE shows and hides").
///
/// What cannot be understood, or would let something outlive a crash unseen, makes the run *not
/// measured*; never is a call let through that might have meant something.
final class SynchronizationWatch {
  /// Readable when a call waits.
  let descriptor: Int32
  private let mount: FuseMount
  /// Whether the subject maps files of the mount shared at this moment.
  private let mapsFiles: () -> Bool
  /// Whether a mount, by its number in /proc, is ours. Numbers are looked up once: a table of
  /// mounts is long, and RocksDB calls sync_file_range for each MiB.
  private var isOurs: [Int: Bool] = [:]

  /// What became of the calls that waited.
  enum Outcome: Equatable {
    /// All are answered.
    case served
    /// No process is left that could call.
    case ended
    /// One of them says that nothing can be measured: why.
    case unobservable(String)
  }

  /// A watch whose calls arrive at `descriptor`, which it closes in the end.
  init(descriptor: Int32, mount: FuseMount, mapsFiles: @escaping () -> Bool) {
    self.descriptor = descriptor
    self.mount = mount
    self.mapsFiles = mapsFiles
  }

  deinit { close(descriptor) }

  /// Answers the calls that wait; never waits itself.
  func serve() -> Outcome {
    var call = clinux_watched()
    while true {
      switch clinux_watch_receive(descriptor, &call) {
      case 1:
        // The caller of one that cannot be understood waits on, until it is killed.
        if let reason = answer(call) { return .unobservable(reason) }
      case 0: return .served
      default: return .ended
      }
    }
  }

  /// Answers one call; a reason why it cannot be.
  private func answer(_ call: clinux_watched) -> String? {
    switch call.call {
    case CLINUX_CALL_IPC:
      return "the subject uses System V or POSIX memory, semaphores or queues, which outlive a "
        + "crash; as root each run has them to itself"
    case CLINUX_CALL_KEY:
      return "the subject keeps data in a kernel keyring, which outlives a crash"
    case CLINUX_CALL_SYNC where coversMappings:
      return Self.mappingsReason("sync")
    case CLINUX_CALL_SYNC:
      for world in mount.attachedWorlds { try? world.synchronizeFileSystem(nil) }
      // Other file systems hold nothing of the subject that a crash would spare.
      clinux_watch_answer(descriptor, call.id, 0, 0)
      return nil
    case CLINUX_CALL_SYNCFS, CLINUX_CALL_SYNC_FILE_RANGE, CLINUX_CALL_DONT_NEED:
      return answerAboutFile(call)
    default:
      return "the subject makes 32-bit or other foreign system calls, which cannot be watched"
    }
  }

  /// Whether a barrier of the whole file system would cover stores that the mount has not seen: the
  /// kernel hands them over only while it performs the call, which is after the model has.
  private var coversMappings: Bool { mount.options.mode == .cached && mapsFiles() }

  private static func mappingsReason(_ name: String) -> String {
    "the subject relies on \(name) for what it stores through shared mappings, whose order with it "
      + "cannot be seen; msync or fsync can"
  }

  private func answerAboutFile(_ call: clinux_watched) -> String? {
    let number = Int32(truncatingIfNeeded: call.arguments.0)
    let file = OpenFile(thread: call.thread, number: number)
    // Between the call and the look at its descriptor the caller may have been killed, and its
    // number given to another process.
    guard clinux_watch_is_valid(descriptor, call.id) != 0 else { return nil }
    guard let file, !file.isPath, isOurs(file, call.thread),
      let (world, inode) = mount.place(ofNode: file.inode)
    else {
      // No descriptor, or one of another file system: the kernel knows the right answer.
      clinux_watch_answer(descriptor, call.id, 0, 1)
      return nil
    }
    if call.call == CLINUX_CALL_SYNCFS && coversMappings { return Self.mappingsReason("syncfs") }
    do throws(Errno) {
      guard let handle = try world.observedHandle(of: inode) else {
        return
          "the subject's \(Self.name(call.call)) meets descriptions of one file with different "
          + "errors to report, which cannot be told apart"
      }
      try perform(call, world, handle)
    } catch {
      // A call that never returns is ended with its process.
      if error != World.neverReturns {
        clinux_watch_answer(descriptor, call.id, error.rawValue, 0)
      }
    }
    return nil
  }

  private func perform(
    _ call: clinux_watched, _ world: World, _ handle: World.ObservedHandle
  ) throws(Errno) {
    let (offset, length) = (call.arguments.1, call.arguments.2)
    switch call.call {
    case CLINUX_CALL_SYNCFS:
      try world.synchronizeFileSystem(handle.identifier)
    case CLINUX_CALL_SYNC_FILE_RANGE:
      let flags = UInt32(truncatingIfNeeded: call.arguments.3)
      // The kernel refuses these by itself; and on a directory it does nothing.
      guard let range = Self.range(offset, length), flags & ~7 == 0,
        let identifier = handle.identifier
      else { break }
      try world.writeBack(
        range: range, of: identifier, wait: World.SyncFileRangeFlags(rawValue: flags))
      // In cached mode the kernel writes back what mappings stored; the rest is done.
      if mount.options.mode == .direct { return clinux_watch_answer(descriptor, call.id, 0, 0) }
    case CLINUX_CALL_DONT_NEED:
      if let range = Self.range(offset, length), let identifier = handle.identifier {
        try world.adviseDontNeed(range: range, of: identifier)
      }
    default: break
    }
    clinux_watch_answer(descriptor, call.id, 0, 1)
  }

  /// The bytes that an offset and a length mean; a length of zero means to the end of the file. Nil
  /// where they mean nothing.
  static func range(_ offset: UInt64, _ length: UInt64) -> Range<UInt64>? {
    let limit = UInt64(Int64.max)
    guard offset <= limit, length <= limit, offset + length <= limit else { return nil }
    return offset..<(length == 0 ? limit : offset + length)
  }

  private static func name(_ call: clinux_watched_call) -> String {
    switch call {
    case CLINUX_CALL_SYNCFS: "syncfs"
    case CLINUX_CALL_SYNC_FILE_RANGE: "sync_file_range"
    default: "posix_fadvise"
    }
  }

  /// Whether an open file lies on our mount, which a subject in a mount namespace of its own sees
  /// under another number.
  private func isOurs(_ file: OpenFile, _ thread: Int32) -> Bool {
    if let known = isOurs[file.mount] { return known }
    let device = OpenFile.device(ofMount: file.mount, thread: thread)
    let answer = device != nil && device == mount.device
    isOurs[file.mount] = answer
    return answer
  }
}

/// What /proc says about an open file of another process. Asking it makes no request of the file
/// system, which would wait for the very thread that asks.
struct OpenFile: Equatable {
  /// The number of its mount.
  var mount: Int
  /// Its inode; on a FUSE mount the number of its node.
  var inode: UInt64
  /// Whether it is opened as a place only (`O_PATH`).
  var isPath: Bool

  /// Descriptor `number` of `thread`'s process; nil when there is none.
  init?(thread: Int32, number: Int32) {
    guard number >= 0 else { return nil }
    guard let text = Self.read("/proc/\(thread)/fdinfo/\(number)") else { return nil }
    self.init(parsing: text)
  }

  /// Reads the text of an entry of fdinfo.
  init?(parsing text: String) {
    var fields: [Substring: Substring] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      fields[parts[0]] = parts[1].drop { $0 == "\t" || $0 == " " }
    }
    guard let mount = fields["mnt_id"].flatMap({ Int($0) }),
      let inode = fields["ino"].flatMap({ UInt64($0) }),
      let flags = fields["flags"].flatMap({ UInt64($0, radix: 8) })
    else { return nil }
    self.mount = mount
    self.inode = inode
    // O_PATH: 010000000 in octal on every architecture that is known here.
    isPath = flags & 0o10000000 != 0
  }

  /// The device of a mount as `major:minor`, as the process of `thread` sees it.
  static func device(ofMount number: Int, thread: Int32) -> String? {
    guard let table = read("/proc/\(thread)/mountinfo") else { return nil }
    for line in table.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 3)
      if fields.count > 2, Int(fields[0]) == number { return String(fields[2]) }
    }
    return nil
  }

  /// The text of a file of /proc; nil when it cannot be read.
  static func read(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 8_192)
    while true {
      let count = Glibc.read(descriptor, &block, block.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return String(decoding: content, as: UTF8.self) }
      content.append(contentsOf: block[..<count])
    }
  }
}
