public import StorageInterface

extension World {
  /// What stat shows of an inode.
  public func attributes(_ number: InodeNumber) throws(Errno) -> Attributes {
    let index = try index(number)
    let kind = disk.inodes[index].kind
    let names = disk.inodes[index].names
    let size: UInt64 =
      switch kind {
      case .regular: disk.inodes[index].cachedSize
      case .directory: UInt64(Page.size)
      case .symbolicLink: UInt64(disk.inodes[index].target.count)
      case .pipe, .socket, .characterDevice, .blockDevice: 0
      }
    var links = UInt32(max(0, names))
    // A directory has its name, its `.` and the `..` of each directory in it; a removed one none.
    if kind == .directory { links = names > 0 ? UInt32(2 + disk.inodes[index].subdirectories) : 0 }
    return Attributes(
      inode: number, kind: kind, mode: disk.inodes[index].mode, linkCount: links,
      user: disk.inodes[index].user, group: disk.inodes[index].group, size: size,
      blocks: disk.inodes[index].blocks, modified: disk.inodes[index].modified,
      modificationTime: disk.inodes[index].modificationTime,
      accessTime: disk.inodes[index].accessTime, changed: disk.inodes[index].changeTime,
      device: disk.inodes[index].device)
  }

  /// Opens a file; with `truncating` its content goes, as by `O_TRUNC`.
  public func open(_ number: InodeNumber, truncating: Bool) throws(Errno) -> HandleID {
    let index = try index(number)
    let kind = disk.inodes[index].kind
    guard kind == .regular else {
      throw kind == .directory ? .isDirectory : .invalidArgument
    }
    try check(.open, number)
    if truncating && disk.inodes[index].cachedSize > 0 {
      try check(.truncate, number)
      perform(.setSize(inode: number, size: 0), number)
    }
    return add(opened(number))
  }

  /// Opens a file that the same call has just created: no `open` of its own for faults.
  public func openCreated(_ number: InodeNumber) throws(Errno) -> HandleID {
    _ = try index(number)
    return add(opened(number))
  }

  /// A description was opened with `O_SYNC` or `O_DSYNC`: what is copied to it is durable when the
  /// call returns. Its writes say so themselves, since a single one may ask for it (`RWF_DSYNC`).
  public func writesSynchronously(_ handle: HandleID) {
    descriptions[Int(handle.rawValue)]?.isSynchronous = true
  }

  /// The size in bytes of the file behind a description.
  public func size(of handle: HandleID) throws(Errno) -> UInt64 {
    let number = try description(handle).inode
    try check(.getattr, number)
    return disk.inodes[try index(number)].cachedSize
  }

  /// Sets the size of the file behind a description.
  public func setSize(_ handle: HandleID, to size: UInt64) throws(Errno) {
    try setSize(try description(handle).inode, to: size)
  }

  /// A new description: it reports an earlier failure if nobody has seen that one yet.
  private func opened(_ number: InodeNumber) -> Description {
    Description(
      inode: number, errors: disk.errorSample(of: number), fileSystemErrors: disk.errors.sample)
  }

  /// Closes a description. No durability effect, and nothing that could fail: the kernel waits for
  /// no answer.
  public func release(_ handle: HandleID) { removeDescription(handle) }

  /// Copies up to `buffer.count` bytes from `offset` on; fewer at the end of the file.
  public func read(
    _ handle: HandleID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    let (content, count) = try readable(handle, at: offset, count: buffer.count)
    content.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
    return count
  }

  /// What a read of `count` bytes reads from, and how many of them there are.
  private func readable(
    _ handle: HandleID, at offset: UInt64, count: Int
  ) throws(Errno) -> (FileContent, Int) {
    let number = try description(handle).inode
    let effect = try meet(.read, number)
    if case .fails(let failure)? = effect { throw failure.error }
    guard disk.isAlive(number) else { throw .noSuchFile }
    let index = Int(number.rawValue)
    let size = disk.inodes[index].cachedSize
    var most = offset < size ? Int(clamping: size - offset) : 0
    if case .short(let limit)? = effect { most = min(most, limit) }
    return (disk.inodes[index].cached, min(count, most))
  }

  /// Writes at `offset`; a failed write may leave a prefix behind (disk.md).
  ///
  /// A synchronous write is a barrier for its range, and so reports a failure that this description
  /// has not seen, an earlier one or one of its own bytes' write-back (`generic_write_sync` of
  /// Linux); its bytes are then in the cache only. The write and its barrier are two operations of
  /// the disk, with a crash point between.
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
    let effect = try meet(.write, number)
    var count = bytes.count
    if case .short(let most)? = effect { count = min(count, most) }
    if case .fails(let failure)? = effect {
      if durability == .synchronous && failure.leaving == nil && failure.error.isOfWriteBack {
        change(number, at: offset, bytes)
        throw failBarrier(
          of: number, handle, failure, range: offset..<offset + UInt64(bytes.count))
      }
      let prefix = min(failure.leaving ?? 0, bytes.count)
      if prefix > 0 {
        change(number, at: offset, UnsafeRawBufferPointer(rebasing: bytes[..<prefix]))
      }
      throw failure.error
    }
    count = try room(for: count, at: offset, of: number)
    change(number, at: offset, UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    let isTold =
      durability == .synchronous
      && disk.unreportedError(of: number, since: description.errors) != nil
    if isTold {
      try reportError(handle)
    } else if durability == .synchronous {
      perform(.synchronizeRange(inode: number, range: offset..<offset + UInt64(count)), number)
    }
    return count
  }

  /// Performs a write, and the background work that a fault puts behind it.
  private func change(_ number: InodeNumber, at offset: UInt64, _ bytes: UnsafeRawBufferPointer) {
    perform(
      .write(inode: number, offset: offset, bytes: WrittenBytes(bytes, at: offset, in: &arena)),
      number)
    contentChanged(number)
  }

  /// Sets the size, with zeros where the file grows. Volatile until a barrier.
  public func setSize(_ number: InodeNumber, to size: UInt64) throws(Errno) {
    let index = try index(number)
    let kind = disk.inodes[index].kind
    guard kind == .regular else {
      throw kind == .directory ? .isDirectory : .invalidArgument
    }
    guard size <= FileContent.maximumSize else { throw .fileTooLarge }
    try check(.truncate, number)
    guard size != disk.inodes[index].cachedSize else { return }
    perform(.setSize(inode: number, size: size), number)
    contentChanged(number)
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
    if case .fails(let failure)? = try meet(dataOnly ? .fdatasync : .fsync, number) {
      throw failBarrier(of: number, handle, failure)
    }
    // A barrier that only reports an earlier failure failed too, so it covers nothing (disk.md).
    try reportError(handle)
    perform(.synchronize(inode: number, dataOnly: dataOnly), number)
  }

  /// fsync or fdatasync of a directory: its entry operations, nothing of a child.
  public func synchronizeDirectory(_ number: InodeNumber, dataOnly: Bool) throws(Errno) {
    _ = try directoryIndex(number)
    if case .fails(let failure)? = try meet(.fsyncdir, number) {
      failedBarriers += 1
      perform(.failedSynchronizeDirectory(inode: number), number)
      stop(failure.after ?? disk.parameters.afterState, failure.error, number)
      throw failure.error
    }
    perform(.synchronizeDirectory(inode: number), number)
  }
}
