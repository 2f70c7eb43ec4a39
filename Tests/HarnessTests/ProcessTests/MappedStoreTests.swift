import CLinuxShims
import DurabilityModel
import FaultFS
import Glibc
import StorageInterface
import Testing

@testable import Harness

@Suite("Stores through shared mappings", .serialized, .enabled(if: Machine.canRunOnMount))
struct MappedStoreTests {
  static let prelude = """
    import mmap
    fd = os.open(world + "/f", os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, 10000); os.fsync(fd)
    pages = mmap.mmap(fd, 10000)
    def tell(*words): print(*words, flush=True); sys.stdin.readline()

    """

  private func worker(_ program: String) throws -> Worker {
    let worker = try Worker(mounted: true, mode: .cached)
    worker.watchesCalls = clinux_watch_test() == 0
    try worker.start(python: Self.prelude + program)
    _ = try worker.pump.receive(limit: Worker.patience).get()
    return worker
  }

  private func content(_ worker: Worker) throws -> [UInt8] {
    // Looking at it is not the subject's call.
    worker.world.sparesFaults = true
    defer { worker.world.sparesFaults = false }
    let file = try worker.world.lookup(Array("f".utf8), in: .root)
    let handle = try worker.world.open(file, truncating: false)
    defer { worker.world.release(handle) }
    var bytes = [UInt8](repeating: 0, count: 10_000)
    let count = try bytes.withUnsafeMutableBytes { try worker.world.read(handle, at: 0, into: $0) }
    return Array(bytes[..<count])
  }

  @Test("They arrive while the subject waits, pending, and meet no fault")
  func pull() throws {
    let worker = try worker("pages[5000:5003] = b'abc'; tell('stored'); tell('again')")
    worker.world.arm(Fault(request: 0, operation: .open, role: FileRole(name: "*"), nth: 1, .hangs))
    #expect(try content(worker)[5000..<5003] == [0, 0, 0])
    try worker.pump.pullMappedStores()
    #expect(try content(worker)[5000..<5003] == Array("abc".utf8)[...])
    #expect(worker.world.disk.pendingSummary().bytes > 0)
    #expect(worker.world.firedFaults == 0)
    // What was stored is no barrier's affair, and what is unchanged does not come twice.
    let operations = worker.world.recording?.operations.count
    try worker.pump.pullMappedStores()
    #expect(worker.world.recording?.operations.count == operations)
    #expect(try worker.ask("") == "again")
  }

  @Test("They outlive the process, also of a file that has no name and no descriptor any more")
  func death() throws {
    let worker = try worker("os.close(fd); pages[0:3] = b'xyz'; tell('stored')")
    worker.pump.stop()
    #expect(try content(worker)[..<3] == Array("xyz".utf8)[...])
    let nameless = try self.worker("pages[0:1] = b'n'; os.unlink(world + '/f'); tell('stored')")
    try nameless.pump.pullMappedStores()
    nameless.pump.stop()
  }

  @Test("Those of a process that the subject has started arrive as well")
  func grandchild() throws {
    let worker = try worker(
      """
      if os.fork() == 0:
        os.setsid(); pages[0:2] = b'gc'; os.write(1, b'stored\\n'); time.sleep(1000)
      sys.stdin.readline()
      """)
    try worker.pump.pullMappedStores()
    #expect(try content(worker)[..<2] == Array("gc".utf8)[...])
  }

  @Test("msync is a barrier of the file")
  func msync() throws {
    let worker = try worker("pages[0:3] = b'abc'; pages.flush(); tell('synced')")
    #expect(try content(worker)[..<3] == Array("abc".utf8)[...])
    #expect(worker.world.disk.pendingSummary().bytes == 0)
  }

  @Test(
    "syncfs of a subject that maps files cannot be measured",
    .enabled(if: clinux_watch_test() == 0), arguments: ["syncfs(fd)", "sync()"])
  func fileSystemBarrier(call: String) throws {
    let worker = try worker(
      "import ctypes; pages[0:1] = b'x'; tell('stored'); ctypes.CDLL(None).\(call); tell('done')")
    worker.pump.send(Array("go".utf8))
    guard case .unobservable(let why)? = worker.failure() else {
      Issue.record("it went unnoticed")
      return
    }
    #expect(why.contains("shared mappings"), "\(why)")
  }

  @Test("A line of /proc/PID/maps is read as what it says")
  func parsing() {
    func parse(_ line: Substring) -> SharedMapping? {
      SharedMapping(parsing: line, process: 7, device: "0:53")
    }
    let line: Substring = "7f00-7f10 rw-s 00000000 00:35 4294967298                 /m/w1/a b\\012c"
    let mapping = parse(line)
    #expect(mapping?.inode == 4_294_967_298)
    #expect(mapping?.paths == ["/proc/7/map_files/7f00-7f10", "/m/w1/a b\nc"])
    #expect(
      parse("7f00-7f10 r--s 00000000 00:35 2        /m/f (deleted)")?.paths
        == ["/proc/7/map_files/7f00-7f10"])
    for other: Substring in [
      "7f00-7f10 rw-p 00000000 00:35 2    /m/f", "7f00-7f10 rw-s 00000000 00:36 2    /m/f",
      "7f00-7f10 rw-p 00000000 00:00 0 ", "", "rubbish",
    ] { #expect(parse(other) == nil) }
  }
}
