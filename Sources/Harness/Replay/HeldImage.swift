import CLinuxShims
import DurabilityModel
import FaultFS
import Glibc
import StorageInterface

/// A crash state on a real mount, for a debugger and whatever else people look with.
///
/// It is a copy: what is written to it is gone when it is given back.
enum HeldImage {
  /// Mounts `disk`, calls `ready` with the path, and serves until SIGINT or SIGTERM, or until
  /// somebody unmounts it.
  static func serve(_ disk: Disk, ready: (String) -> Void) throws(RunError) {
    let run: RunDirectory
    do throws(RunDirectoryFailure) { run = try RunDirectory() } catch {
      throw .notMeasured("\(error)")
    }
    defer { run.remove() }
    var options = MountOptions()
    options.mode = .cached
    let mount: FuseMount
    do throws(MountFailure) { mount = try FuseMount(at: run.mountPoint, options) } catch {
      throw .notMeasured(error.description)
    }
    defer { mount.unmount() }
    mount.show(World(disk: disk))
    ready(run.mountPoint)
    do throws(Errno) {
      let poller = try Poller()
      try poller.add(mount.fileDescriptor, 0)
      let interrupts = clinux_interrupt_descriptor()
      if interrupts >= 0 { try poller.add(interrupts, 1) }
      while clinux_interrupted() == 0 {
        do throws(MountFailure) { try mount.processPending() } catch { return }
        _ = try poller.wait(-1)
      }
    } catch {
      throw .harness("the mount at \(run.mountPoint) cannot be served: \(error)")
    }
  }
}
