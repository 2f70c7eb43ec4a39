public import StorageInterface

// Space: giving and taking it, finding data and holes, copying ranges, and what is used.
extension World {
  /// fallocate(2). Zeroed data is volatile like any other until a barrier, and so is the size.
  public func allocate(
    _ handle: HandleID, at offset: UInt64, length: UInt64, _ mode: AllocationMode
  ) throws(Errno) {
    let number = try description(handle).inode
    let inode = try inode(number)
    guard length > 0 else { throw .invalidArgument }
    let (end, overflow) = offset.addingReportingOverflow(length)
    guard !overflow, end <= FileContent.maximumSize else { throw .fileTooLarge }
    guard inode.kind == .regular else { throw .noSuchAddress }
    try check(.fallocate, number)
    // Space that no device has cannot be promised; a sparse file may reach as far as it likes.
    guard !mode.gives || length <= Self.capacity else { throw .noSpace }
    if mode.gives && quota != nil { try claim(pages: missingPages(at: offset, length, of: number)) }
    perform(.allocate(inode: number, offset: offset, length: length, mode: mode), number)
  }

  /// The first byte from `offset` on that lies in a page with data (`SEEK_DATA`); the end of the
  /// file is none. Space without data looks like a hole.
  ///
  /// - Throws: `ENXIO` when nothing but holes follows, or when `offset` lies behind the end.
  public func seekData(_ handle: HandleID, from offset: UInt64) throws(Errno) -> UInt64 {
    let number = try description(handle).inode
    try check(.seek, number)
    let inode = try inode(number)
    guard offset < inode.cachedSize, let found = inode.cached.firstData(from: offset),
      found < inode.cachedSize
    else { throw .noSuchAddress }
    return found
  }

  /// The first byte from `offset` on that lies in a hole (`SEEK_HOLE`); behind the last byte of the
  /// file there is one.
  ///
  /// - Throws: `ENXIO` when `offset` lies behind the end.
  public func seekHole(_ handle: HandleID, from offset: UInt64) throws(Errno) -> UInt64 {
    let number = try description(handle).inode
    try check(.seek, number)
    let inode = try inode(number)
    guard offset < inode.cachedSize else { throw .noSuchAddress }
    return min(inode.cached.firstHole(from: offset), inode.cachedSize)
  }

  /// Copies up to `count` bytes from one file to another (copy_file_range), at most as many as fit
  /// `buffer`; how many. A read and a write in one: each meets its own faults too. A barrier for
  /// what was copied where the target was opened `O_SYNC` or `O_DSYNC`: ext4 copies through writes,
  /// xfs and btrfs force their logs (`xfs_file_remap_range`, `btrfs_remap_file_range`).
  public func copy(
    from source: HandleID, at offset: UInt64, to target: HandleID, at targetOffset: UInt64,
    count: UInt64, through buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    let description = try description(target)
    let effect = try meet(.copyRange, description.inode)
    var length = Int(min(count, UInt64(buffer.count)))
    if case .fails(let failure)? = effect { throw failure.error }
    if case .short(let most)? = effect { length = min(length, most) }
    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<length])
    let read = try read(source, at: offset, into: part)
    guard read > 0 else { return 0 }
    return try write(
      target, at: targetOffset, UnsafeRawBufferPointer(rebasing: part[..<read]),
      description.isSynchronous ? .synchronous : .volatile)
  }

  /// The size of the device in bytes, as statfs shows it where there is no quota: one tebibyte.
  public static var capacity: UInt64 { 1 << 40 }
}
