import CLinuxShims
import DurabilityModel
import FaultFS
import Glibc
import StorageInterface
import Testing

@Suite("Worlds on a mount", .serialized, .enabled(if: Machine.canRunPrograms))
struct ManyWorldsTests {
  @Test("Worlds do not see each other, and only attaching changes the mount's root")
  func worldsAreApart() throws {
    let served = try ServedMount()
    let first = served.attach("first")
    _ = served.attach("second")
    let outcome = try served.python(
      """
      import os, errno
      def show(call):
        try: print(call())
        except OSError as e: print(errno.errorcode[e.errno])
      open("first/f", "w").write("1")
      show(lambda: os.listdir("second"))
      show(lambda: sorted(os.listdir(".")))
      show(lambda: os.rename("first/f", "second/f"))
      show(lambda: os.link("first/f", "second/f"))
      show(lambda: open("f", "w"))
      show(lambda: os.mkdir("d"))
      show(lambda: os.unlink("first"))
      show(lambda: os.rmdir("second"))
      show(lambda: os.rename("first", "third"))
      show(lambda: os.chmod(".", 0o777))
      show(lambda: os.stat("third"))
      show(lambda: os.stat("first").st_ino == os.stat("second").st_ino)
      """, in: served.run.mountPoint)
    #expect(
      outcome.output.split(separator: "\n") == [
        "[]", "['first', 'second']", "EXDEV", "EXDEV", "EACCES", "EACCES", "EISDIR", "EACCES",
        "EACCES", "EACCES", "ENOENT", "False",
      ])
    #expect(try first.content("f") == [0x31])
  }

  @Test("A world attached later is found although its name was looked up before")
  func laterWorlds() throws {
    let served = try ServedMount()
    _ = served.attach("early")
    let program = "import os; print(os.path.exists('late'), sorted(os.listdir('.')))"
    let before = try served.python(program, in: served.run.mountPoint)
    _ = served.attach("late")
    let after = try served.python(program, in: served.run.mountPoint)
    #expect(before.output == "False ['early']\n")
    #expect(after.output == "True ['early', 'late']\n")
  }

  @Test("Files of a detached world are stale, and its name is gone")
  func detachedWorlds() throws {
    let served = try ServedMount()
    let slot = served.mount.attach(World(disk: Disk(parameters: DiskParameters())), name: "w")
    #expect(slot == 0)
    // The program waits at its standard input while the world goes.
    let spawned = try Spawn.start(
      [
        Machine.python, "-c",
        """
        import os, errno, sys
        def show(call):
          try: print(call())
          except OSError as e: print(errno.errorcode[e.errno])
        fd = os.open("w/f", os.O_RDWR | os.O_CREAT)
        print("open", flush=True)
        sys.stdin.readline()
        show(lambda: os.pwrite(fd, b"x", 0))
        show(lambda: os.pread(fd, 1, 0))
        show(lambda: os.fsync(fd))
        show(lambda: os.open("w/f", os.O_RDONLY))
        show(lambda: os.listdir("."))
        """,
      ], in: served.run.mountPoint, writable: [served.run.mountPoint])
    defer { Spawn.close(spawned) }
    var output: [UInt8] = []
    while output.isEmpty {
      try serve(served, spawned)
      _ = Spawn.read(spawned.standard_output, &output)
    }
    served.mount.detach(slot)
    #expect(write(spawned.standard_input, "\n", 1) == 1)
    var status: Int32 = 0
    while waitpid(spawned.process, &status, WNOHANG) == 0 { try serve(served, spawned) }
    while Spawn.read(spawned.standard_output, &output) {}
    #expect(
      String(decoding: output, as: UTF8.self)
        == "open\nESTALE\nESTALE\nESTALE\nENOENT\n[]\n")
  }

  private func serve(_ served: ServedMount, _ spawned: clinux_spawned) throws {
    var polled = [
      pollfd(fd: served.mount.fileDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: spawned.standard_output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: spawned.exit, events: Int16(POLLIN), revents: 0),
    ]
    _ = poll(&polled, 3, 10_000)
    try served.mount.processPending()
  }
}
