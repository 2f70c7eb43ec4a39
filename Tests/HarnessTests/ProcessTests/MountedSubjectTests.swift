import DurabilityModel
import FaultFS
import Glibc
import Harness
import Testing

@Suite("A subject on the mount", .serialized, .enabled(if: Machine.canRunOnMount))
struct MountedSubjectTests {
  @Test("The pump serves the disk while a request waits in a full pipe")
  func noDeadlock() throws {
    let worker = try Worker(mounted: true)
    try worker.start(
      python: """
        fd = os.open(world + "/f", os.O_RDWR | os.O_CREAT)
        for i in range(500): os.pwrite(fd, b"x" * 100, i * 100); os.fdatasync(fd)
        line = sys.stdin.readline()
        print(len(line), os.fstat(fd).st_size, flush=True)
        sys.stdin.read()
        """)
    let request = [UInt8](repeating: 0x61, count: 1_000_000)
    let answer = try worker.pump.exchange(request, limit: Worker.patience).get()
    #expect(String(decoding: answer, as: UTF8.self) == "1000001 50000")
    let barriers = worker.world.recording?.operations.filter {
      if case .synchronize = $0.operation { true } else { false }
    }
    #expect(barriers?.count == 500)
  }

  @Test(
    "A subject can write to its world and scratch folder and nowhere else",
    .enabled(if: Confinement.available != .absent))
  func confinement() throws {
    let worker = try Worker(mounted: true)
    // A place that its user may write to but for Landlock.
    let outside = worker.run.path + "/outside"
    try #require(mkdir(outside, 0o777) == 0)
    let file = outside + "/file"
    let descriptor = open(file, O_CREAT | O_RDWR, 0o666)
    #expect(write(descriptor, "kept", 4) == 4)
    defer {
      close(descriptor)
      unlink(file)
      rmdir(outside)
    }
    try worker.start(
      python: """
        outside = '\(outside)'
        def show(call):
          try: call(); print("done", flush=True)
          except OSError as e: print(errno.errorcode[e.errno], flush=True)
        show(lambda: open(outside + "/new", "w"))
        show(lambda: open(outside + "/file", "a"))
        show(lambda: os.truncate(outside + "/file", 0))
        show(lambda: os.unlink(outside + "/file"))
        show(lambda: os.mkdir(outside + "/d"))
        show(lambda: os.rename(outside + "/file", outside + "/g"))
        show(lambda: os.symlink("x", outside + "/s"))
        show(lambda: os.kill(os.getppid(), 0))
        show(lambda: open(outside + "/file").read())
        show(lambda: open("/dev/null", "w").write("x"))
        show(lambda: open("scratch", "w").write("x"))
        show(lambda: os.mkdir(world + "/d"))
        show(lambda: open(world + "/f", "w").write("x"))
        show(lambda: os.rename(world + "/f", world + "/d/g"))
        show(lambda: os.truncate(world + "/d/g", 0))
        show(lambda: os.unlink(world + "/d/g"))
        """)
    var lines: [String] = []
    while case .success(let line) = worker.pump.receive(limit: Worker.patience) {
      lines.append(String(decoding: line, as: UTF8.self))
    }
    let signals = if case .full(let abi) = Confinement.available { abi >= 6 } else { false }
    try #require(lines.count == 16)
    #expect(Array(lines[..<7]) == [String](repeating: "EACCES", count: 7))
    #expect(lines[7] == (signals ? "EPERM" : "done"))
    #expect(Array(lines[8...]) == [String](repeating: "done", count: 8))
    var information = stat()
    #expect(fstat(descriptor, &information) == 0 && information.st_size == 4)
  }

  @Test(
    "Nothing that outlives a crash can be made in the usual shared places",
    .enabled(if: Confinement.available != .absent))
  func sharedPlaces() throws {
    let worker = try Worker(mounted: true)
    try worker.start(
      python: """
        import ctypes, socket
        libc = ctypes.CDLL(None, use_errno=True)
        def show(call):
          try: call(); print("done", flush=True)
          except OSError as e: print(errno.errorcode[e.errno], flush=True)
        def raw(result):
          if result < 0: raise OSError(ctypes.get_errno(), "")
        name = "torture-%d" % os.getpid()
        show(lambda: open("/dev/shm/" + name, "w"))
        show(lambda: raw(libc.shm_open(b"/" + name.encode(), os.O_RDWR | os.O_CREAT, 0o600)))
        show(lambda: open("/tmp/" + name, "w"))
        show(lambda: os.open("/tmp", os.O_TMPFILE | os.O_RDWR))
        show(lambda: os.open("/var/tmp", os.O_TMPFILE | os.O_RDWR))
        show(lambda: raw(libc.mount(b"none", world.encode(), b"tmpfs", 0, None)))
        show(lambda: os.memfd_create("m"))
        """)
    var lines: [String] = []
    while case .success(let line) = worker.pump.receive(limit: Worker.patience) {
      lines.append(String(decoding: line, as: UTF8.self))
    }
    try #require(lines.count == 7)
    #expect(Array(lines[..<5]) == [String](repeating: "EACCES", count: 5))
    #expect(lines[5] == "EPERM")
    // Memory of its own dies with it.
    #expect(lines[6] == "done")
  }

  @Test("A subject killed in the middle of its disk operations leaves the mount usable")
  func killedWhileWorking() throws {
    let worker = try Worker(mounted: true)
    for round in 0..<5 {
      try worker.start(
        python: """
          fd = os.open(world + "/f", os.O_RDWR | os.O_CREAT)
          print("ready", flush=True)
          while True: os.pwrite(fd, b"x" * 4096, 0); os.fsync(fd)
          """)
      _ = try worker.pump.receive(limit: Worker.patience).get()
      let before = worker.world.calls
      let limit = TimeLimit(idle: .seconds(60), total: .milliseconds(30))
      #expect(worker.failure(limit: limit) == .tookTooLong(.milliseconds(30)))
      #expect(worker.world.calls > before)
      let remains = try #require(worker.pump.stop())
      #expect(remains.end == .signalled(SIGKILL) && remains.survivors == [], "round \(round)")
    }
    try worker.start(python: "print(os.stat(world + '/f').st_size, flush=True)")
    let answer = try worker.pump.receive(limit: Worker.patience).get()
    #expect(String(decoding: answer, as: UTF8.self) == "4096")
  }

  @Test("Disk operations count against the idle limit, and not against the total one")
  func limits() throws {
    let worker = try Worker(mounted: true)
    // Each pause is shorter than the idle limit, all together they are longer.
    try worker.start(
      python: """
        fd = os.open(world + "/f", os.O_RDWR | os.O_CREAT)
        for i in range(20): time.sleep(0.02); os.pwrite(fd, b"x", i)
        print("done", flush=True)
        """)
    let answer = worker.pump.receive(
      limit: TimeLimit(idle: .milliseconds(350), total: .seconds(60)))
    #expect(try answer.get() == Array("done".utf8))
  }

  @Test("A mount that is taken away ends the wait with its own failure")
  func lostMount() throws {
    let worker = try Worker(mounted: true)
    try worker.start(shell: "cat")
    try #require(umount2(worker.run.mountPoint, Int32(MNT_DETACH)) == 0)
    guard case .mountLost(let failure)? = worker.failure() else {
      Issue.record("the loss went unnoticed")
      return
    }
    #expect(failure.kind == .unmountedFromOutside)
    #expect(worker.pump.stop()?.end == .signalled(SIGKILL))
  }
}
