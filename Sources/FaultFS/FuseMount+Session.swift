import CFuse
import CLinuxShims
import Glibc

extension FuseMount {
  /// Answers one request if one waits; false when none does. Never waits.
  ///
  /// - Throws: `MountFailure` of kind `unmountedFromOutside` when the connection is gone.
  @discardableResult
  public func processNext() throws(MountFailure) -> Bool {
    guard let session else { return false }
    while true {
      let count = fuse_session_receive_buf(session, requestBuffer)
      if count > 0 {
        requestCount &+= 1
        fuse_session_process_buf(session, requestBuffer)
        return true
      }
      if count == -EINTR { continue }
      if count == -EAGAIN { return false }
      throw MountFailure(
        .unmountedFromOutside,
        "the mount at \(path) is gone: something else unmounted it or aborted its connection; "
          + "leave the mount alone while torture runs")
    }
  }

  /// Answers the requests that wait, at most `limit` of them; whether there was one. Never waits.
  ///
  /// What waits at the call is answered: the kernel hands requests out in order, and holds far
  /// fewer than the bound, which is there against a program that asks faster than it is answered.
  ///
  /// - Throws: `MountFailure` of kind `unmountedFromOutside` when the connection is gone.
  @discardableResult
  public func processPending(atMost limit: Int = 4_097) throws(MountFailure) -> Bool {
    guard try processNext() else { return false }
    for _ in 1..<max(1, limit) {
      guard try processNext() else { break }
    }
    return true
  }

  /// Unmounts, whoever still has files open on it: their next call fails. A second call does
  /// nothing.
  public func unmount() {
    guard let session else { return }
    letGo()
    self.session = nil
    fileDescriptor = -1
    fuse_session_unmount(session)
    fuse_session_destroy(session)
    // libfuse skips the unmounting itself when the connection was aborted.
    MountPoint.detach(path)
    worlds.removeAll()
  }

  func openSession() throws(MountFailure) {
    cfuse_capture_log()
    guard let session = makeSession() else {
      throw MountFailure(
        .refused, "libfuse refuses the mount's options at \(path): \(Self.capturedMessage())")
    }
    guard fuse_session_mount(session, path) == 0 else {
      let message = Self.capturedMessage()
      fuse_session_destroy(session)
      throw MountPoint.refusal(at: path, message)
    }
    self.session = session
    fileDescriptor = fuse_session_fd(session)
    do {
      try shakeHands()
    } catch {
      unmount()
      throw error
    }
  }

  private func makeSession() -> OpaquePointer? {
    var optionList = "fsname=torture,subtype=torture,nosuid,nodev,default_permissions"
    if options.allowsOtherUsers { optionList += ",allow_other" }
    var operations = Self.operations()
    var texts = ["torture", "-o", optionList].map { (text: String) in strdup(text) }
    defer { texts.forEach { free($0) } }
    return texts.withUnsafeMutableBufferPointer { texts in
      var arguments = fuse_args(argc: Int32(texts.count), argv: texts.baseAddress, allocated: 0)
      // Parsing replaces the list by a copy of libfuse's own, which is ours to free.
      defer { fuse_opt_free_args(&arguments) }
      return fuse_session_new(
        &arguments, &operations, MemoryLayout<fuse_lowlevel_ops>.size,
        Unmanaged.passUnretained(self).toOpaque())
    }
  }

  /// Answers INIT, so that programs may use the mount as soon as `init` returns.
  private func shakeHands() throws(MountFailure) {
    let flags = fcntl(fileDescriptor, F_GETFL)
    _ = fcntl(fileDescriptor, F_SETFL, flags | O_NONBLOCK)
    _ = fcntl(fileDescriptor, F_SETFD, FD_CLOEXEC)
    var entry = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
    // The kernel queues INIT while it mounts; five seconds are only for a stopped machine.
    while poll(&entry, 1, 5_000) < 0 && errno == EINTR {}
    guard try processNext() else {
      throw MountFailure(
        .silent, "the kernel did not start the conversation for the mount at \(path) within 5 s")
    }
  }

  private static func capturedMessage() -> String {
    let text = String(cString: clinux_captured_message())
    let line = text.split(separator: "\n").last.map(String.init) ?? ""
    return line.isEmpty ? "no reason given" : line
  }
}
