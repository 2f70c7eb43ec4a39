import CLinuxShims
import Glibc
import StorageInterface

/// An epoll set: the descriptors are named once, not at every wait.
final class Poller {
  private let descriptor: Int32
  private let events: UnsafeMutableBufferPointer<epoll_event>

  /// An empty set.
  init() throws(Errno) {
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    events = .allocate(capacity: 8)
  }

  deinit {
    close(descriptor)
    events.deallocate()
  }

  /// Watches `file` until removed; `source` is given back with its events. Watching it twice is the
  /// same as once.
  func add(_ file: Int32, _ source: UInt64, writable: Bool = false) throws(Errno) {
    var event = epoll_event()
    event.events = writable ? EPOLLOUT.rawValue : EPOLLIN.rawValue
    event.data.u64 = source
    if epoll_ctl(descriptor, EPOLL_CTL_ADD, file, &event) != 0 && errno != EEXIST {
      throw Errno(rawValue: errno)
    }
  }

  /// Watches `file` for urgent events alone: what a table of the kernel gives when it changes.
  func addUrgent(_ file: Int32, _ source: UInt64) throws(Errno) {
    var event = epoll_event()
    event.events = EPOLLPRI.rawValue
    event.data.u64 = source
    if epoll_ctl(descriptor, EPOLL_CTL_ADD, file, &event) != 0 { throw Errno(rawValue: errno) }
  }

  /// Stops watching `file`. Nothing happens when it is not watched, or closed.
  func remove(_ file: Int32) {
    guard file >= 0 else { return }
    var unused = epoll_event()
    epoll_ctl(descriptor, EPOLL_CTL_DEL, file, &unused)
  }

  /// Waits for events, at most so long; how many there are. An interrupting signal counts as none.
  func wait(_ milliseconds: Int32) throws(Errno) -> Int {
    let count = epoll_wait(descriptor, events.baseAddress, Int32(events.count), milliseconds)
    if count >= 0 { return Int(count) }
    if errno == EINTR { return 0 }
    throw Errno(rawValue: errno)
  }

  /// The source of the event at `index` of the last wait.
  func source(_ index: Int) -> UInt64 { events[index].data.u64 }
}
