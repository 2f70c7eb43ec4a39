import CLinuxShims
import DurabilityModel
import FaultFS
import Glibc
import StorageInterface
import Testing

@testable import Harness

@Suite(
  "Calls that a file system never sees", .serialized,
  .enabled(if: Machine.canRunOnMount && clinux_watch_test() == 0))
struct WatchTests {
  /// What every program here begins with: the calls by ctypes, and a way to tell how they went.
  static let prelude = """
    import ctypes, threading
    libc = ctypes.CDLL(None, use_errno=True)
    def call(name, *arguments):
      result = getattr(libc, name)(*[ctypes.c_long(a) for a in arguments])
      return "ok" if result >= 0 else errno.errorcode[ctypes.get_errno()]
    def tell(*words): print(*words, flush=True)
    fd = os.open(world + "/f", os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, b"x" * 10000, 0)

    """

  private func worker(_ program: String) throws -> Worker {
    let worker = try Worker(mounted: true)
    worker.watchesCalls = true
    try worker.start(python: Self.prelude + program)
    return worker
  }

  /// What the program told, a line each, to its end.
  private func lines(_ worker: Worker) -> [String] {
    var lines: [String] = []
    while case .success(let line) = worker.pump.receive(limit: Worker.patience) {
      lines.append(String(decoding: line, as: UTF8.self))
    }
    return lines
  }

  private func kinds(_ worker: Worker) -> [String] {
    worker.world.recording?.operations.map(\.operation.kindName) ?? []
  }

  @Test("syncfs and sync reach the model, by whichever descriptor, thread and process")
  func synchronization() throws {
    let worker = try worker(
      """
      tell(call("syncfs", fd))
      tell(call("sync"))
      other = os.dup(fd)
      tell(call("syncfs", other))
      directory = os.open(world, os.O_RDONLY)
      tell(call("syncfs", directory))
      thread = threading.Thread(target=lambda: tell(call("syncfs", fd)))
      thread.start(); thread.join()
      if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: tell(call("syncfs", fd)); os._exit(0)
        os.wait(); os._exit(0)
      os.wait()
      """)
    #expect(lines(worker) == Array(repeating: "ok", count: 6))
    let syncs = kinds(worker).filter { $0 == DiskOperation.synchronizeFileSystem.kindName }
    #expect(syncs.count == 6, "\(kinds(worker))")
  }

  @Test("sync_file_range and posix_fadvise(DONTNEED) reach the model, and other advice does not")
  func ranges() throws {
    let worker = try worker(
      """
      tell(call("sync_file_range", fd, 0, 4096, 2))
      tell(call("sync_file_range", fd, 0, 0, 7))
      tell(call("posix_fadvise", fd, 0, 0, 4), call("posix_fadvise", fd, 0, 0, 2))
      tell(open(world + "/f", "rb").read() == b"x" * 10000)
      """)
    #expect(lines(worker) == ["ok", "ok", "ok ok", "True"])
    #expect(kinds(worker).filter { $0 == "write-back" }.count == 2, "\(kinds(worker))")
  }

  @Test("What is wrong, or about other files, gets the kernel's own answer and leaves no trace")
  func others() throws {
    let worker = try worker(
      """
      os.fsync(fd)
      scratch = os.open("scratch", os.O_RDWR | os.O_CREAT)
      reader, writer = os.pipe()
      place = os.open(world + "/f", os.O_PATH)
      tell(call("syncfs", 999), call("sync_file_range", 999, 0, 0, 2), call("syncfs", -1))
      tell(call("sync_file_range", fd, 0, 0, 8), call("sync_file_range", fd, -1, 0, 2))
      tell(call("sync_file_range", reader, 0, 0, 2), call("syncfs", place))
      tell(call("syncfs", scratch), call("sync_file_range", scratch, 0, 0, 7))
      """)
    #expect(
      lines(worker) == ["EBADF EBADF EBADF", "EINVAL EINVAL", "ESPIPE EBADF", "ok ok"])
    #expect(kinds(worker).last == "fsync", "\(kinds(worker))")
  }

  @Test("An error that waits to be reported comes out of sync_file_range, once")
  func errors() throws {
    let worker = try worker(
      """
      tell("ready"); sys.stdin.readline()
      tell(call("sync_file_range", fd, 0, 0, 7), call("sync_file_range", fd, 0, 0, 7))
      """)
    #expect(try worker.pump.receive(limit: Worker.patience).get() == Array("ready".utf8))
    let file = try worker.world.lookup(Array("f".utf8), in: .root)
    try worker.world.writeBack(file, pages: nil, .failed(.ioError, .ext4))
    #expect(try worker.ask("go") == "EIO ok")
  }

  @Test("io_uring is not there, so that nothing passes by")
  func ring() throws {
    let worker = try worker("tell(call('syscall', 425, 8, 0))")
    #expect(lines(worker) == ["ENOSYS"])
  }

  /// Programs of which nothing can be measured, and what the reason says.
  static let unobservable: [(program: String, reason: String)] = [
    ("call('syscall', 248, 0, 0, 0, 0, 0)", "kernel keyring"),
    (
      """
      import mmap
      code = mmap.mmap(-1, 4096, prot=7)
      code.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))
      place = ctypes.addressof(ctypes.c_char.from_buffer(code))
      ctypes.CFUNCTYPE(ctypes.c_int)(place)()
      """, "32-bit or other foreign system calls"
    ),
  ]

  @Test("What cannot be seen makes the run unobservable, and says why", arguments: unobservable)
  func cannotBeSeen(program: String, reason: String) throws {
    #if arch(x86_64)
      let worker = try worker(program + "\ntell('went on')\nsys.stdin.read()")
      guard case .unobservable(let why)? = worker.failure() else {
        Issue.record("it went unnoticed: \(program)")
        return
      }
      #expect(why.contains(reason), "\(why)")
      #expect(worker.pump.stop()?.end == .signalled(SIGKILL))
      // The next subject starts with a clean slate.
      try worker.start(python: "print('new', flush=True)")
      #expect(lines(worker) == ["new"])
    #endif
  }

  @Test("Shared memory and queues of System V and POSIX end with the subject, or are refused")
  func ipc() throws {
    let program = """
      segment = libc.shmget(0x7072, 4096, 0o1600)
      tell("made" if segment >= 0 else errno.errorcode[ctypes.get_errno()])
      """
    for _ in 0..<2 {
      let worker = try worker(program)
      if geteuid() == 0 && unshareIsAllowed {
        // The same key is free again for the next one.
        #expect(lines(worker) == ["made"])
      } else {
        guard case .unobservable? = worker.failure() else {
          Issue.record("it went unnoticed")
          return
        }
      }
    }
  }

  private var unshareIsAllowed: Bool {
    system("unshare --ipc true 2>/dev/null") == 0
  }

  @Test("The text of /proc/PID/fdinfo is read, and rubbish is not")
  func parsing() {
    let file = OpenFile(
      parsing: "pos:\t0\nflags:\t0100002\nmnt_id:\t31\nino:\t4294967298\nlock:\t1: FLOCK ADVISORY\n"
    )
    #expect(file?.mount == 31 && file?.inode == 4_294_967_298 && file?.isPath == false)
    #expect(OpenFile(parsing: "flags:\t012000000\nmnt_id:\t31\nino:\t2\n")?.isPath == true)
    for text in ["", "pos:\t0\n", "flags:\tx\nmnt_id:\t1\nino:\t1", "mnt_id:\t1\nino:\t1\n"] {
      #expect(OpenFile(parsing: text) == nil)
    }
    #expect(SynchronizationWatch.range(0, 0) == 0..<UInt64(Int64.max))
    #expect(SynchronizationWatch.range(4, 4) == 4..<8)
    #expect(SynchronizationWatch.range(.max, 1) == nil)
    #expect(SynchronizationWatch.range(1, UInt64(Int64.max)) == nil)
  }
}
