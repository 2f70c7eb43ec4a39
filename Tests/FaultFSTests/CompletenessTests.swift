import DurabilityModel
import FaultFS
import Glibc
import Testing

/// What a complete file system has beyond reading, writing and naming, against the machine's own
/// file system.
@Suite("A complete file system", .serialized, .enabled(if: Machine.canRunPrograms))
struct CompletenessTests {
  /// The start of every program here: calls that Python does not offer, and a printer of outcomes.
  static let prelude = """
    import os, errno, ctypes, stat, sys
    libc = ctypes.CDLL(None, use_errno=True)
    def show(label, call):
      try: print(label, call())
      except OSError as e: print(label, errno.errorcode[e.errno])
    def checked(result):
      if result < 0: raise OSError(ctypes.get_errno(), "")
      return result
    def fallocate(fd, mode, offset, length):
      checked(libc.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)))
      return os.fstat(fd).st_size

    """

  static let space =
    prelude + """
      fd = os.open("f", os.O_RDWR | os.O_CREAT)
      print("extend", fallocate(fd, 0, 0, 100000), os.fstat(fd).st_blocks)
      print("keep size", fallocate(fd, 1, 100000, 100000))
      show("no data", lambda: os.lseek(fd, 0, os.SEEK_DATA))
      show("all hole", lambda: os.lseek(fd, 5, os.SEEK_HOLE))
      print(os.pread(fd, 10, 50000), os.pread(fd, 10, 99995))
      os.pwrite(fd, b"d" * 20000, 8192)
      os.fsync(fd)
      for offset in (8192, 100000, 1 << 40):
        show("data", lambda: os.lseek(fd, offset, os.SEEK_DATA))
        show("hole", lambda: os.lseek(fd, offset, os.SEEK_HOLE))
      print("punch", fallocate(fd, 3, 10000, 8000), os.pread(fd, 3, 9999), os.pread(fd, 4, 17998))
      show("hole", lambda: os.lseek(fd, 8192, os.SEEK_HOLE))
      print("zero", fallocate(fd, 0x10, 20000, 100), os.pread(fd, 3, 19999), os.pread(fd, 3, 20099))
      print("zero beyond", fallocate(fd, 0x10, 300000, 4096))
      print("zero keep", fallocate(fd, 0x11, 400000, 4096))
      print("punch beyond", fallocate(fd, 3, 500000, 4096))
      for bad in ((0, 0, 0), (0, -1, 10), (2, 0, 10), (0, 1 << 62, 1 << 62), (0, 10, -5)):
        show("bad", lambda: fallocate(fd, *bad))
      os.ftruncate(fd, 10); os.ftruncate(fd, 20000)
      print(os.pread(fd, 20000, 0) == b"\\0" * 20000)
      out = os.open("g", os.O_RDWR | os.O_CREAT)
      os.pwrite(fd, bytes(i % 251 for i in range(20000)), 0)
      print("copy", os.copy_file_range(fd, out, 15000, 100, 5), os.fstat(out).st_size)
      print("copy the rest", os.copy_file_range(fd, out, 15000, 18000, 3), os.pread(out, 3, 0))
      print("copy nothing", os.copy_file_range(fd, out, 10, 20000, 0))
      show("copy within", lambda: os.copy_file_range(fd, fd, 100, 0, 50))
      show("copy to read-only",
           lambda: os.copy_file_range(fd, os.open("g", os.O_RDONLY), 10, 0, 0))
      show("read-only", lambda: fallocate(os.open("g", os.O_RDONLY), 0, 0, 10))
      show("directory", lambda: fallocate(os.open(".", os.O_RDONLY), 0, 0, 10))
      """

  static let attributes =
    prelude + """
      os.umask(0o022)
      fd = os.open("f", os.O_RDWR | os.O_CREAT, 0o644)
      for name, value, flags in (("user.b", b"1", 0), ("user.a", b"", 0), ("user.b", b"22", 2),
          ("user.b", b"3", 1), ("user.c", b"4", 2), ("trusted.t", b"5", 0), ("nothing", b"6", 0),
          ("user.", b"7", 0), ("user." + "n" * 251, b"8", 0), ("user.big", b"b" * 65537, 0)):
        show(name[:10], lambda: os.setxattr("f", name, value, flags))
      print([n for n in sorted(os.listxattr("f")) if n.startswith("user.")])
      for name in ("user.a", "user.b", "user.c", "trusted.t"):
        show(name, lambda: os.getxattr(fd, name))
      buffer = ctypes.create_string_buffer(1)
      show("too small", lambda: checked(libc.getxattr(b"f", b"user.b", buffer, 1)))
      show("length", lambda: checked(libc.getxattr(b"f", b"user.b", None, 0)))
      show("list too small", lambda: checked(libc.listxattr(b"f", buffer, 1)))
      show("remove", lambda: os.removexattr("f", "user.a"))
      show("remove again", lambda: os.removexattr("f", "user.a"))
      os.symlink("f", "s"); os.mkdir("d")
      show("of a link", lambda: os.setxattr("s", "user.x", b"1", follow_symlinks=False))
      show("of a directory", lambda: (os.setxattr("d", "user.x", b"1"), os.listxattr("d")))
      for times in ((1, 2), (-5, 5 * 10**9 + 7), (10**18, 123456789)):
        os.utime("f", ns=times); s = os.stat("f"); print(s.st_atime_ns, s.st_mtime_ns)
      os.utime("s", ns=(3, 4), follow_symlinks=False)
      print(os.lstat("s").st_mtime_ns, os.stat("f").st_mtime_ns)
      os.pread(fd, 10, 0); print(os.stat("f").st_mtime_ns)
      os.pwrite(fd, b"x", 0); print(os.stat("f").st_mtime_ns != 123456789)
      os.utime("f", ns=(1, 2)); os.chmod("f", 0o600); os.link("f", "l")
      print(os.stat("f").st_mtime_ns, os.stat("f").st_atime_ns)
      before = os.stat("f").st_ctime_ns; os.rename("l", "m"); os.utime("f")
      print(os.stat("f").st_ctime_ns >= before, os.stat("f").st_mtime_ns > 2)
      def mode(path): return oct(os.lstat(path).st_mode)
      os.chmod("f", 0o6755); os.chown("f", 1000, 1001); print(mode("f"), os.stat("f").st_gid)
      os.chmod("f", 0o6755); os.pwrite(fd, b"y", 0); print("root may", mode("f"))
      os.chown("d", 0, 55); os.chmod("d", 0o2777); os.mkdir("d/e"); open("d/x", "w")
      print(mode("d/e"), os.stat("d/e").st_gid, os.stat("d/x").st_gid, mode("d"))
      """

  static let kinds =
    prelude + """
      import socket, fcntl, struct
      os.mkfifo("p", 0o640); print(oct(os.stat("p").st_mode), os.stat("p").st_size)
      r = os.open("p", os.O_RDONLY | os.O_NONBLOCK); w = os.open("p", os.O_WRONLY)
      os.write(w, b"through"); print(os.read(r, 99)); os.close(w); os.close(r)
      a, b = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
      a.bind("s"); a.listen(1); b.connect("s"); print(stat.S_ISSOCK(os.stat("s").st_mode))
      show("bind again", lambda: socket.socket(socket.AF_UNIX).bind("s"))
      os.mknod("n", 0o600 | stat.S_IFREG); print(oct(os.stat("n").st_mode))
      print(sorted((e.name, e.is_file(follow_symlinks=False)) for e in os.scandir(".")))
      fd = os.open("f", os.O_RDWR | os.O_CREAT); other = os.open("f", os.O_RDWR)
      fcntl.flock(fd, fcntl.LOCK_EX)
      show("flock", lambda: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB))
      fcntl.flock(fd, fcntl.LOCK_UN); show("flock", lambda: fcntl.flock(other, fcntl.LOCK_SH))
      fcntl.lockf(fd, fcntl.LOCK_EX, 10, 5)
      pid = os.fork()
      if pid == 0:
        show("lockf", lambda: fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 7))
        show("lockf", lambda: fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 20))
        sys.stdout.flush(); os._exit(0)
      os.waitpid(pid, 0)
      show("FIGETBSZ", lambda: struct.unpack("i", fcntl.ioctl(fd, 2, b"1234")))
      show("TCGETS", lambda: fcntl.ioctl(fd, 0x5401, b"x" * 64))
      show("unknown ioctl", lambda: fcntl.ioctl(fd, 0x12345678, b"x" * 64))
      def linkat(fd): return checked(libc.linkat(-100, b"/proc/self/fd/%d" % fd, -100, b"l", 0x400))
      show("link of an open file", lambda: (linkat(fd), os.stat("f").st_nlink))
      os.unlink("f"); os.unlink("l")
      show("link of a removed one", lambda: linkat(fd))
      show("no follow", lambda: (os.symlink("x", "y"), os.open("y", os.O_NOFOLLOW)))
      show("not a directory", lambda: os.open("n", os.O_DIRECTORY))
      show("exclusive over a link", lambda: os.open("y", os.O_CREAT | os.O_EXCL))
      show("creating through a link",
           lambda: (os.close(os.open("y", os.O_CREAT)), os.stat("x").st_size))
      here = os.open(".", os.O_RDONLY)
      for depth in range(600): os.mkdir("d"); os.chdir("d")
      print(len(os.getcwd()) > 1200, os.stat("..").st_nlink, os.stat(".").st_nlink)
      for depth in range(600): os.chdir(".."); os.rmdir("d")
      print(os.stat(".").st_ino == os.fstat(here).st_ino)
      def renameat2(a, b, flags): return checked(libc.renameat2(-100, a, -100, b, flags))
      os.mkdir("one"); os.mkdir("two"); os.mkdir("one/in"); open("two/file", "w").close()
      show("exchange", lambda: renameat2(b"one/in", b"two/file", 2))
      print(os.listdir("one"), os.listdir("two"), os.stat("one").st_nlink, os.stat("two").st_nlink)
      print(os.stat("two/file/..").st_ino == os.stat("two").st_ino)
      show("no replace", lambda: renameat2(b"one", b"two", 1))
      os.rename("two/file", "one/moved")
      print(os.stat("one").st_nlink, os.stat("two").st_nlink)
      show("below itself", lambda: os.rename("one", "one/moved/x"))
      show("exchange with above", lambda: renameat2(b"one", b"one/moved", 2))
      name = bytes(b for b in range(1, 256) if b != 47)
      show("any bytes", lambda: (open(name + b"x", "w").close(), name + b"x" in os.listdir(b".")))
      """

  @Test(
    "Space, attributes and kinds of file are as on the machine's own file system",
    arguments: [MountOptions.CacheMode.direct, .cached], ["space", "attributes", "kinds"])
  func matches(mode: MountOptions.CacheMode, topic: String) throws {
    let programs = ["space": Self.space, "attributes": Self.attributes, "kinds": Self.kinds]
    let program = try #require(programs[topic])
    var options = MountOptions()
    options.mode = mode
    let served = try ServedMount(options)
    _ = served.attach("w")
    let expected = try served.python(program, in: served.run.scratch)
    let actual = try served.python(program, in: served.run.mountPoint + "/w")
    let (first, second) = (
      expected.output.split(separator: "\n"), actual.output.split(separator: "\n")
    )
    for (expected, actual) in zip(first, second) { #expect(actual == expected) }
    #expect(second.count == first.count)
    #expect(expected.status == 0, "\(expected.output.suffix(300))")
    #expect(actual.status == 0, "\(actual.output.suffix(300))")
  }
}
