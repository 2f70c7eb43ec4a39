import CLinuxShims
import Glibc
import StorageInterface

/// A mapping of a file that several processes could share, as /proc/PID/maps has it.
struct SharedMapping: Equatable {
  /// The places by which the file can be opened, the surest first.
  var paths: [String]
  /// Its inode; on a FUSE mount the number of its node.
  var inode: UInt64

  /// The shared mappings of `process` on the device `major:minor`.
  static func all(of process: Int32, device: String) -> [SharedMapping] {
    guard let table = OpenFile.read("/proc/\(process)/maps") else { return [] }
    return table.split(separator: "\n").compactMap {
      SharedMapping(parsing: $0, process: process, device: device)
    }
  }

  /// Reads a line of maps; nil when it is about another device, or private.
  init?(parsing line: Substring, process: Int32, device: String) {
    // Addresses, permissions, offset, device, inode, and a path that may have spaces.
    let fields = line.split(separator: " ", maxSplits: 5)
    guard fields.count == 6, fields[1].last == "s", let inode = UInt64(fields[4]) else {
      return nil
    }
    let numbers = fields[3].split(separator: ":").map { Int($0, radix: 16) }
    guard numbers.count == 2, let major = numbers[0], let minor = numbers[1],
      "\(major):\(minor)" == device
    else { return nil }
    self.inode = inode
    // The first leads to the file whatever became of its name, but only where root may; the kernel
    // writes a newline in a path as \012.
    paths = ["/proc/\(process)/map_files/\(fields[0])"]
    let path = fields[5].drop { $0 == " " }
    if !path.hasSuffix(" (deleted)") { paths.append(String(path.replacing("\\012", with: "\n"))) }
  }
}

/// Brings what shared mappings stored to the mount, by sync_file_range on each mapped file.
///
/// On a thread of its own: the calls wait for the mount, which the caller's thread serves
/// (platform.md, "dirty shared mappings"). sync_file_range is no barrier: the pages arrive as
/// writes, and stay pending.
final class MappedStoreSync {
  /// Readable once all is done.
  let descriptor: Int32
  private let thread: pthread_t
  private var isJoined = false

  /// What the thread needs, and what it leaves.
  private final class Work: Sendable {
    let mappings: [SharedMapping]
    let descriptor: Int32

    init(_ mappings: [SharedMapping], _ descriptor: Int32) {
      self.mappings = mappings
      self.descriptor = descriptor
    }

    func perform() {
      for mapping in mappings {
        for path in mapping.paths {
          let file = open(path, O_RDONLY | O_CLOEXEC)
          guard file >= 0 else { continue }
          _ = clinux_sync_file_range(file)
          close(file)
          break
        }
      }
      var one: UInt64 = 1
      _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }
  }

  /// Begins.
  ///
  /// - Throws: the error of eventfd or of starting the thread.
  init(_ mappings: [SharedMapping]) throws(Errno) {
    descriptor = clinux_event_create()
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    let work = Unmanaged.passRetained(Work(mappings, descriptor))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().perform()
        return nil
      }, work.toOpaque())
    self.thread = thread
    guard status == 0 else {
      isJoined = true
      work.release()
      throw Errno(rawValue: status)
    }
  }

  /// Waits for the thread's end; call it once `descriptor` is readable.
  func join() {
    guard !isJoined else { return }
    pthread_join(thread, nil)
    isJoined = true
  }

  deinit {
    join()
    close(descriptor)
  }
}
