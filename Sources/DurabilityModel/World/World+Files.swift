public import StorageInterface

extension World {
  /// What stat shows of an inode.
  public func attributes(_ number: InodeNumber) throws(Errno) -> Attributes {
    let inode = try inode(number)
    let size: UInt64 =
      switch inode.kind {
      case .regular: inode.cachedSize
      case .directory: UInt64(Page.size)
      case .symbolicLink: UInt64(inode.target.count)
      }
    var links = UInt32(max(0, inode.names))
    if inode.kind == .directory {
      links = 2
      for entry in inode.cachedEntries.entries where disk[entry.inode]?.kind == .directory {
        links += 1
      }
    }
    return Attributes(
      inode: number, kind: inode.kind, mode: inode.mode, linkCount: links, user: inode.user,
      group: inode.group, size: size,
      blocks: inode.kind == .regular
        ? UInt64(inode.cached.pageCount * Page.size / 512) : UInt64(Page.size / 512),
      modified: inode.modified)
  }

  /// Opens a file; with `truncating` its content goes, as by `O_TRUNC`.
  public func open(_ number: InodeNumber, truncating: Bool) throws(Errno) -> HandleID {
    let inode = try inode(number)
    guard inode.kind == .regular else {
      throw inode.kind == .directory ? .isDirectory : .invalidArgument
    }
    try check(.open, number)
    if truncating && inode.cachedSize > 0 {
      try check(.truncate, number)
      perform(.setSize(inode: number, size: 0), number)
    }
    return add(opened(number))
  }

  /// Opens a file that the same call has just created: no `open` of its own for faults.
  public func openCreated(_ number: InodeNumber) throws(Errno) -> HandleID {
    _ = try inode(number)
    return add(opened(number))
  }

  /// The size in bytes of the file behind a description.
  public func size(of handle: HandleID) throws(Errno) -> UInt64 {
    try inode(try description(handle).inode).cachedSize
  }

  /// Sets the size of the file behind a description.
  public func setSize(_ handle: HandleID, to size: UInt64) throws(Errno) {
    try setSize(try description(handle).inode, to: size)
  }

  /// A new description: it reports an earlier failure if nobody has seen that one yet.
  private func opened(_ number: InodeNumber) -> Description {
    let inode = disk[number]
    let errors = inode?.errors ?? 0
    return Description(
      inode: number, errors: inode?.errorSeen ?? true ? errors : errors - 1,
      fileSystemErrors: disk.fileSystemErrors - (disk.fileSystemErrorSeen ? 0 : 1))
  }

  /// Closes a description. No durability effect.
  public func release(_ handle: HandleID) { removeDescription(handle) }

  /// Copies up to `buffer.count` bytes from `offset` on; fewer at the end of the file.
  public func read(
    _ handle: HandleID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    let number = try description(handle).inode
    try check(.read, number)
    let inode = try inode(number)
    guard offset < inode.cachedSize else { return 0 }
    let count = min(buffer.count, Int(inode.cachedSize - offset))
    inode.cached.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
    return count
  }

  /// Writes at `offset`; a failed write may leave a prefix behind (disk.md).
  ///
  /// A synchronous write is a barrier for its range, and so reports an earlier failure that this
  /// description has not seen (`generic_write_sync` of Linux); its bytes are then in the cache
  /// only. The write and its barrier are two operations of the disk, with a crash point between.
  public func write(
    _ handle: HandleID, at offset: UInt64, _ bytes: UnsafeRawBufferPointer,
    _ durability: WriteDurability
  ) throws(Errno) -> Int {
    let description = try description(handle)
    let number = description.inode
    guard disk.isAlive(number) else { throw .noSuchFile }
    let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.count))
    guard !overflow, end <= FileContent.maximumSize else { throw .fileTooLarge }
    guard !bytes.isEmpty else { return 0 }
    if let fault = meetFault(.write, name: faults.isEmpty ? [] : disk[number]?.lastName ?? []) {
      let prefix = min(fault.partial, bytes.count)
      if prefix > 0 {
        perform(
          .write(
            inode: number, offset: offset,
            bytes: WrittenBytes(UnsafeRawBufferPointer(rebasing: bytes[..<prefix]), at: offset)),
          number)
      }
      throw fault.error
    }
    perform(
      .write(inode: number, offset: offset, bytes: WrittenBytes(bytes, at: offset)), number)
    guard durability == .synchronous else { return bytes.count }
    if let unseen = unseenError(description) {
      reported(handle, number)
      failedBarriers += 1
      throw unseen
    }
    perform(.synchronizeRange(inode: number, range: offset..<end), number)
    return bytes.count
  }

  /// Sets the size, with zeros where the file grows. Volatile until a barrier.
  public func setSize(_ number: InodeNumber, to size: UInt64) throws(Errno) {
    let inode = try inode(number)
    guard inode.kind == .regular else {
      throw inode.kind == .directory ? .isDirectory : .invalidArgument
    }
    guard size <= FileContent.maximumSize else { throw .fileTooLarge }
    try check(.truncate, number)
    if size != inode.cachedSize { perform(.setSize(inode: number, size: size), number) }
  }

  /// Changes the permission bits.
  public func setMode(_ number: InodeNumber, _ mode: UInt16) throws(Errno) {
    let inode = try inode(number)
    perform(
      .setAttributes(inode: number, mode: mode & 0o7777, user: inode.user, group: inode.group),
      number)
  }

  /// Changes the owner; nil leaves a part as it is.
  public func setOwner(_ number: InodeNumber, user: UInt32?, group: UInt32?) throws(Errno) {
    let inode = try inode(number)
    perform(
      .setAttributes(
        inode: number, mode: inode.mode, user: user ?? inode.user, group: group ?? inode.group),
      number)
  }

  /// fsync, or fdatasync when `dataOnly`.
  ///
  /// Reports a failure of an earlier barrier once to each description that was open then (errseq_t
  /// of Linux 4.13; groundtruth, section 2). A barrier that fails covers nothing. One that fails
  /// with the error of a write-back leaves its after-state; any other errno (EINTR, EROFS, ENOMEM…)
  /// says that nothing was tried, and all stays pending.
  public func synchronize(_ handle: HandleID, dataOnly: Bool) throws(Errno) {
    let description = try description(handle)
    let number = description.inode
    if let fault = meetFault(
      dataOnly ? .fdatasync : .fsync, name: faults.isEmpty ? [] : disk[number]?.lastName ?? [])
    {
      failedBarriers += 1
      if fault.error.isOfWriteBack {
        perform(
          .failedSynchronize(inode: number, after: disk.parameters.afterFailedBarrier), number)
        lastErrors[number] = fault.error
        reported(handle, number)
      }
      throw fault.error
    }
    if let unseen = unseenError(description) {
      // This barrier failed too, so it covers nothing (disk.md).
      reported(handle, number)
      failedBarriers += 1
      throw unseen
    }
    perform(.synchronize(inode: number, dataOnly: dataOnly), number)
  }

  /// The error of an earlier barrier that `description` has not reported yet. One left by an
  /// earlier life of the process is EIO: the disk keeps its count only.
  func unseenError(_ description: Description) -> Errno? {
    guard disk.errorCount(of: description.inode) != description.errors else { return nil }
    return lastErrors[description.inode] ?? .ioError
  }

  func reported(_ handle: HandleID, _ number: InodeNumber) {
    disk.with(number) { $0.errorSeen = true }
    descriptions[Int(handle.rawValue)]?.errors = disk.errorCount(of: number)
  }

  /// fsync or fdatasync of a directory: its entry operations, nothing of a child.
  public func synchronizeDirectory(_ number: InodeNumber, dataOnly: Bool) throws(Errno) {
    _ = try directory(number)
    if let fault = meetFault(
      .fsyncdir, name: faults.isEmpty ? [] : disk[number]?.lastName ?? [])
    {
      failedBarriers += 1
      perform(.failedSynchronizeDirectory(inode: number), number)
      throw fault.error
    }
    perform(.synchronizeDirectory(inode: number), number)
  }
}

extension Errno {
  /// Whether it is what a file system reports when writing pages back failed.
  fileprivate var isOfWriteBack: Bool {
    self == .ioError || self == .noSpace || self == .quotaExceeded
  }
}
