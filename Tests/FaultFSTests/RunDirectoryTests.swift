import FaultFS
import Glibc
import Testing

@Suite("Run directories")
struct RunDirectoryTests {
  @Test("A run directory has its parts, is this user's alone, and goes without a trace")
  func parts() throws {
    let base = try ServedMount.makeBase()
    defer { removeBase(base) }
    let run = try RunDirectory(in: base)
    let second = try RunDirectory(in: base)
    #expect(run.path != second.path)
    for path in [run.path, run.mountPoint, run.scratch] { #expect(mode(path) == 0o40700) }
    run.remove()
    run.remove()
    #expect(mode(run.path) == nil)
    #expect(mode(second.path) != nil)
  }

  @Test("Sweeping removes what the dead left and nothing of the living")
  func sweeping() throws {
    let base = try ServedMount.makeBase()
    defer { removeBase(base) }
    let alive = try RunDirectory(in: base)
    for path in [
      "/4000000-0", "/4000000-0/mount", "/4000000-0/scratch", "/4000000-0/scratch/a",
      "/4000000-0/scratch/a/b", "/4000000-1", "/other",
    ] { try #require(mkdir(base + path, 0o700) == 0) }
    for path in ["/4000000-0/lock", "/4000000-0/scratch/a/file", "/keep"] {
      close(open(base + path, O_CREAT | O_WRONLY, 0o600))
    }
    try #require(symlink(base + "/other", base + "/4000000-0/scratch/link") == 0)
    try #require(symlink(base + "/keep", base + "/4000000-0/scratch/a/link") == 0)
    let removed = try RunDirectory.sweep(in: base)
    #expect(removed == [base + "/4000000-0", base + "/4000000-1"])
    #expect(mode(base + "/4000000-0") == nil)
    #expect(mode(alive.scratch) != nil)
    #expect(mode(base + "/other") != nil && mode(base + "/keep") != nil)
    unlink(base + "/keep")
    rmdir(base + "/other")
  }

  @Test(
    "Sweeping takes down the mount of a server that was killed",
    .enabled(if: Machine.hasFuse && geteuid() == 0))
  func deadMounts() throws {
    let base = try ServedMount.makeBase()
    defer { removeBase(base) }
    let run = base + "/4000001-0"
    for path in ["", "/mount", "/scratch"] { try #require(mkdir(run + path, 0o700) == 0) }
    // What a killed server leaves: a mount whose device was closed without unmounting.
    let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
    let options = "fd=\(device),rootmode=40000,user_id=0,group_id=0"
    #expect(Glibc.mount("dead", run + "/mount", "fuse", 0, options) == 0)
    close(device)
    #expect(mode(run + "/mount/file") == nil && errno == ENOTCONN)
    #expect(try RunDirectory.sweep(in: base) == [run])
    #expect(mode(run) == nil)
  }

  @Test("A base that others may write to is refused in one line")
  func foreignBases() throws {
    let base = try ServedMount.makeBase()
    defer { removeBase(base) }
    chmod(base, 0o777)
    do {
      _ = try RunDirectory(in: base)
      Issue.record("a directory that anybody can write to was used")
    } catch {
      #expect(error.path == base && !error.description.contains("\n"))
    }
  }

  @Test("Erasing the scratch folder leaves it empty")
  func scratch() throws {
    let base = try ServedMount.makeBase()
    defer { removeBase(base) }
    let run = try RunDirectory(in: base)
    mkdir(run.scratch + "/d", 0)
    close(open(run.scratch + "/f", O_CREAT | O_WRONLY, 0))
    try run.eraseScratch()
    #expect(mode(run.scratch) == 0o40700)
    #expect(rmdir(run.scratch) == 0)
  }

  private func removeBase(_ base: String) {
    unlink(base + "/.gate")
    rmdir(base)
  }

  private func mode(_ path: String) -> UInt32? {
    var information = stat()
    return lstat(path, &information) == 0 ? information.st_mode : nil
  }
}
