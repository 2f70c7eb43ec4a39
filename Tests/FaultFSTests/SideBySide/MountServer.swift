import DurabilityModel
import FaultFS
import Glibc

/// A mount that a thread of its own serves, so that a test can make calls on it directly.
final class MountServer: @unchecked Sendable {
  let run: RunDirectory
  private let mount: FuseMount
  private var thread = pthread_t()
  private var gate = pthread_mutex_t()
  private var wake: (read: Int32, write: Int32) = (-1, -1)
  private var count = 0

  init(_ options: MountOptions) throws {
    try RunDirectory.sweep()
    run = try RunDirectory()
    mount = try FuseMount(at: run.mountPoint, options)
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw RunDirectoryError.pipe }
    wake = (ends[0], ends[1])
    pthread_mutex_init(&gate, nil)
    let box = Unmanaged.passUnretained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<MountServer>.fromOpaque(argument).takeUnretainedValue().serve()
        return nil
      }, box)
  }

  enum RunDirectoryError: Error { case pipe }

  private func serve() {
    while true {
      var polled = [
        pollfd(fd: mount.fileDescriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
      ]
      _ = poll(&polled, 2, -1)
      if polled[1].revents != 0 { return }
      pthread_mutex_lock(&gate)
      _ = try? mount.processPending()
      pthread_mutex_unlock(&gate)
    }
  }

  /// Ends the thread and the mount; nothing may be open on it.
  func stop() {
    var byte: UInt8 = 0
    _ = write(wake.write, &byte, 1)
    pthread_join(thread, nil)
    close(wake.read)
    close(wake.write)
    mount.unmount()
    run.remove()
  }

  /// A fresh world; its path, and the world itself, to be looked at while nothing is asked of it.
  func attach(recording: Bool = false) -> (path: String, world: World) {
    pthread_mutex_lock(&gate)
    defer { pthread_mutex_unlock(&gate) }
    let world = World(disk: Disk(parameters: DiskParameters()), recording: recording)
    count += 1
    _ = mount.attach(world, name: "w\(count)")
    return ("\(run.mountPoint)/w\(count)", world)
  }
}
