import CLinuxShims
import FaultFS
import Glibc
import StorageInterface

/// The loop of `torture mount`: the kernel's requests, the control socket and signals, on one
/// thread.
///
/// Requests of the file system that wait are served before each round of control requests, and
/// control requests are carried out between two requests of the file system, never within one.
final class MountServer {
  private let disk: MountedDisk
  private let listener: Int32
  private let poller: Poller
  private var connections: [UInt64: ControlConnection] = [:]
  private var nextConnection = Source.firstConnection
  private var activity: UInt64 = 0
  private var isOver = false
  private let mountTable: Int32
  private let notice: (String) -> Void
  private var isDetached = false

  private enum Source {
    static let mount: UInt64 = 0
    static let listener: UInt64 = 1
    static let interrupt: UInt64 = 2
    static let mountTable: UInt64 = 3
    static let firstConnection: UInt64 = 16
  }

  /// How many clients are served at a time; one more replaces the one that was silent longest.
  static let connectionLimit = 64

  /// Why the mount ended.
  enum End: Equatable {
    /// A client asked for it.
    case asked
    /// SIGINT or SIGTERM, by number.
    case signal(Int32)
    /// Somebody else unmounted it.
    case unmountedFromOutside
  }

  /// A server for `disk`, controlled through `listener`, a listening socket; `notice` gets lines
  /// for whoever watches.
  init(
    disk: MountedDisk, listener: Int32, notice: @escaping (String) -> Void
  ) throws(Errno) {
    self.notice = notice
    self.disk = disk
    self.listener = listener
    poller = try Poller()
    mountTable = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
    try poller.add(disk.mount.fileDescriptor, Source.mount)
    try poller.add(listener, Source.listener)
    let interrupts = clinux_interrupt_descriptor()
    if interrupts >= 0 { try poller.add(interrupts, Source.interrupt) }
    if mountTable >= 0 { try poller.addUrgent(mountTable, Source.mountTable) }
  }

  deinit {
    if mountTable >= 0 { close(mountTable) }
  }

  /// Serves until the end; the mount is gone when it returns.
  func run() throws(Errno) -> End {
    while true {
      do throws(MountFailure) {
        try disk.mount.processPending()
      } catch {
        finish()
        return .unmountedFromOutside
      }
      let signal = clinux_interrupted()
      if signal != 0 {
        finish()
        return .signal(signal)
      }
      for index in 0..<(try poller.wait(-1)) { serve(poller.source(index)) }
      if isOver {
        finish()
        return .asked
      }
    }
  }

  private func finish() {
    disk.mount.unmount()
    for connection in connections.values {
      connection.flush()
      connection.close()
    }
    connections.removeAll()
  }

  private func serve(_ source: UInt64) {
    switch source {
    case Source.mount, Source.interrupt: break
    case Source.listener: accept()
    case Source.mountTable:
      // A lazy unmount: programs that still have files open keep the connection, and are served
      // until they have closed them. The kernel then ends it.
      guard !isDetached, !FuseMount.isMountPoint(disk.mount.path) else { return }
      isDetached = true
      notice("unmounted by somebody else; serving those who still have files open")
    default:
      guard let connection = connections[source] else { return }
      activity += 1
      connection.lastActive = activity
      if connection.hasOutput { connection.flush() } else { connection.receive() }
      answer(connection, source)
    }
  }

  private func accept() {
    let descriptor = Glibc.accept(listener, nil, nil)
    guard descriptor >= 0 else {
      // No descriptor is left: the silent ones make room; the socket stays ready meanwhile.
      if errno == EMFILE || errno == ENFILE {
        if connections.isEmpty { usleep(10_000) }
        dropSilent()
      }
      return
    }
    if connections.count >= Self.connectionLimit { dropSilent() }
    activity += 1
    let number = nextConnection
    nextConnection += 1
    let connection = ControlConnection(descriptor, lastActive: activity)
    guard (try? poller.add(descriptor, number)) != nil else { return }
    connections[number] = connection
  }

  /// Closes the connection that has said nothing for the longest time.
  private func dropSilent() {
    let silent = connections.min { ($0.value.lastActive, $0.key) < ($1.value.lastActive, $1.key) }
    if let silent { drop(silent.key) }
  }

  private func drop(_ number: UInt64) {
    guard let connection = connections.removeValue(forKey: number) else { return }
    poller.remove(connection.descriptor)
    connection.close()
  }

  /// Answers what the client has asked, as far as it reads the answers.
  private func answer(_ connection: ControlConnection, _ number: UInt64) {
    while !connection.hasOutput && !isOver {
      switch connection.next() {
      case .nothing:
        watch(connection, number)
        return
      case .request(let line): connection.send(answer(to: line))
      case .rubbish(let message): connection.send(Self.refusal(message))
      case .end:
        drop(number)
        return
      }
    }
    watch(connection, number)
  }

  /// Waits for what is next: the client reading its answer, or asking more.
  private func watch(_ connection: ControlConnection, _ number: UInt64) {
    poller.remove(connection.descriptor)
    if (try? poller.add(connection.descriptor, number, writable: connection.hasOutput)) == nil {
      drop(number)
    }
  }

  private func answer(to line: [UInt8]) -> String {
    let request: ControlRequest
    do throws(ControlRefusal) {
      request = try ControlRequest(parsing: line)
    } catch {
      return Self.refusal(error.message)
    }
    let answer = disk.perform(request)
    if answer.ends {
      // It is answered when it is done.
      disk.mount.unmount()
      isOver = true
    }
    var text = ""
    for line in answer.lines { text += line + "\n" }
    switch answer.result {
    case .success(let done): text += done.isEmpty ? "ok\n" : "ok \(done)\n"
    case .failure(let refusal): text += Self.refusal(refusal.message)
    }
    return text
  }

  private static func refusal(_ message: String) -> String { "error \(message)\n" }
}
