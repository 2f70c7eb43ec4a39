import CLinuxShims
import DurabilityModel
import FaultFS
import Glibc
import StorageInterface
import Testing

/// What the machine offers; without it the tests of the mount are skipped, visibly.
enum Machine {
  /// Whether /dev/fuse opens.
  static let hasFuse: Bool = {
    let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
    if device >= 0 { close(device) }
    return device >= 0
  }()

  /// The Python that plays the subject.
  static let python = "/usr/bin/python3"

  /// Whether programs can be run on a mount.
  static let canRunPrograms = hasFuse && access(python, X_OK) == 0
}

/// A mount in a run directory of its own, and programs that use it while this thread serves it.
final class ServedMount {
  let run: RunDirectory
  let mount: FuseMount

  init(_ options: MountOptions = MountOptions()) throws {
    // What a test run that was killed left behind.
    try RunDirectory.sweep()
    run = try RunDirectory()
    mount = try FuseMount(at: run.mountPoint, options)
  }

  deinit {
    mount.unmount()
    run.remove()
  }

  static func makeBase() throws -> String {
    var template = Array("/tmp/torture-test-XXXXXX".utf8CString)
    return String(cString: try #require(mkdtemp(&template)))
  }

  /// A world of its own under `name`, recorded.
  func attach(_ name: String) -> World {
    let world = World(disk: Disk(parameters: DiskParameters()), recording: true)
    _ = mount.attach(world, name: name)
    return world
  }

  struct Outcome: Equatable {
    var status: Int32
    var output: String
  }

  /// Runs a Python program in `directory` and returns what it printed, standard error included.
  func python(_ program: String, in directory: String) throws -> Outcome {
    try python(program, in: directory, writable: [run.mountPoint, run.scratch])
  }

  func python(_ program: String, in directory: String, writable: [String]) throws -> Outcome {
    let spawned = try Spawn.start(
      [Machine.python, "-c", program], in: directory, writable: writable)
    defer { Spawn.close(spawned) }
    var output: [UInt8] = []
    var isOpen = true
    while true {
      var polled = [
        pollfd(fd: mount.fileDescriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isOpen ? spawned.standard_output : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: spawned.exit, events: Int16(POLLIN), revents: 0),
      ]
      _ = poll(&polled, 3, 10_000)
      try mount.processPending()
      isOpen = Spawn.read(spawned.standard_output, &output) && isOpen
      if polled[2].revents != 0 { break }
    }
    try mount.processPending()
    while Spawn.read(spawned.standard_output, &output) {}
    while Spawn.read(spawned.standard_error, &output) {}
    var status: Int32 = 0
    waitpid(spawned.process, &status, 0)
    return Outcome(
      status: clinux_exit_code(status), output: String(decoding: output, as: UTF8.self))
  }
}

/// The bare calls of CLinuxShims.
enum Spawn {
  static func start(
    _ arguments: [String], in directory: String, writable: [String]
  ) throws -> clinux_spawned {
    var result = clinux_spawned()
    let status = with(arguments) { arguments in
      with(["PATH=/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"]) { environment in
        with(writable) { writable in
          directory.withCString { directory in
            var options = clinux_spawn_options()
            options.path = UnsafePointer(arguments[0])
            options.arguments = UnsafePointer(arguments)
            options.environment = UnsafePointer(environment)
            options.directory = directory
            return UnsafeRawPointer(writable).withMemoryRebound(
              to: UnsafePointer<CChar>?.self, capacity: 1
            ) { list in
              options.writable = list
              return clinux_spawn(&options, &result)
            }
          }
        }
      }
    }
    try #require(status == 0)
    return result
  }

  static func close(_ spawned: clinux_spawned) {
    for descriptor in [
      spawned.standard_input, spawned.standard_output, spawned.standard_error, spawned.failure,
      spawned.exit,
    ] { Glibc.close(descriptor) }
  }

  /// Reads one block; false when nothing was there.
  static func read(_ descriptor: Int32, _ output: inout [UInt8]) -> Bool {
    var block = [UInt8](repeating: 0, count: 65_536)
    let count = Glibc.read(descriptor, &block, block.count)
    guard count > 0 else { return false }
    output.append(contentsOf: block[..<count])
    return true
  }

  private static func with<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    let array = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
      capacity: texts.count + 1)
    defer { array.deallocate() }
    for (index, text) in texts.enumerated() { (array + index).initialize(to: strdup(text)) }
    (array + texts.count).initialize(to: nil)
    defer { for index in texts.indices { free(array[index]) } }
    return body(array)
  }
}

extension World {
  /// The content of the file at `path`.
  func content(_ path: String) throws -> [UInt8] {
    var inode = InodeNumber.root
    for part in path.utf8.split(separator: 0x2f) { inode = try lookup(Array(part), in: inode) }
    let size = Int(try attributes(inode).size)
    let handle = try open(inode, truncating: false)
    defer { release(handle) }
    var bytes = [UInt8](repeating: 0, count: size)
    let count = try bytes.withUnsafeMutableBytes { try read(handle, at: 0, into: $0) }
    #expect(count == size)
    return bytes
  }
}
