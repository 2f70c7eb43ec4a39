import DurabilityModel
import FaultFS
import Glibc
import Testing

@Suite("The life of a mount", .serialized)
struct MountLifeTests {
  @Test("A mount point that is missing, or no directory, is named in one line")
  func badMountPoints() throws {
    let base = try ServedMount.makeBase()
    defer { rmdir(base) }
    #expect(failure(at: base + "/nowhere")?.kind == .directoryUnusable)
    let line = try #require(failure(at: base + "/nowhere")).description
    #expect(line.contains(base + "/nowhere") && !line.contains("\n"))
    let file = base + "/file"
    close(open(file, O_CREAT | O_WRONLY, 0o600))
    #expect(failure(at: file)?.kind == .directoryUnusable)
    unlink(file)
  }

  @Test(
    "Unmounting leaves an empty directory, and a second time does nothing",
    .enabled(if: Machine.hasFuse))
  func unmounting() throws {
    let base = try ServedMount.makeBase()
    defer { rmdir(base) }
    let before = try #require(device(of: base))
    let mount = try FuseMount(at: base)
    #expect(try mount.processPending() == false)
    mount.unmount()
    mount.unmount()
    #expect(mount.fileDescriptor == -1)
    #expect(device(of: base) == before)
  }

  @Test("A mount that is forgotten is unmounted", .enabled(if: Machine.hasFuse))
  func forgetting() throws {
    let base = try ServedMount.makeBase()
    defer { rmdir(base) }
    let before = try #require(device(of: base))
    for _ in 0..<3 { _ = try FuseMount(at: base) }
    #expect(device(of: base) == before)
  }

  @Test("Being unmounted from outside is an error of its own", .enabled(if: Machine.hasFuse))
  func unmountedFromOutside() throws {
    let base = try ServedMount.makeBase()
    defer { rmdir(base) }
    let mount = try FuseMount(at: base)
    try #require(umount2(base, Int32(MNT_DETACH)) == 0)
    do {
      // The kernel takes the connection down as soon as the last user is gone.
      for _ in 0..<1_000 {
        try mount.processPending()
        usleep(1_000)
      }
      Issue.record("the loss of the mount went unnoticed")
    } catch {
      #expect(error.kind == .unmountedFromOutside)
      #expect(!error.description.contains("\n"))
    }
  }

  private func failure(at path: String) -> MountFailure? {
    do throws(MountFailure) {
      _ = try FuseMount(at: path)
      return nil
    } catch {
      return error
    }
  }

  /// The device number of a directory; different on a mount. Nil where a dead mount stands.
  private func device(of path: String) -> UInt? {
    var information = stat()
    return stat(path, &information) == 0 ? information.st_dev : nil
  }
}
