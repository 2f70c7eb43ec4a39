public import StorageInterface

/// Calls that the kernel never forwards to a FUSE server, and write-back that nobody called for
/// (disk.md, "What FUSE shows and hides"): the harness sees them by other means and tells the
/// world.
extension World {
  /// syncfs through `handle`, or sync when it is nil.
  ///
  /// What it covers is the persistence model's affair: everything (`ext4-ordered`, `btrfs`),
  /// nothing (`posix-min`, `lazyfs`), or all but overwrites where the log is clean (`xfs`). Reports
  /// a failed write-back of any file once to each description (`s_wb_err` of Linux 5.8); sync
  /// reports none.
  public func synchronizeFileSystem(_ handle: HandleID?) throws(Errno) {
    if case .fails(let failure)? = try meet(.syncfs, .root) {
      failedBarriers += 1
      // The caller is told here, so that there is nothing left to report.
      if let health = failure.after?.health {
        perform(.stop(health, unreported: nil), name: [])
      }
      throw failure.error
    }
    if let handle {
      let description = try description(handle)
      if let error = disk.errors.unreported(since: description.fileSystemErrors) {
        // It failed, and so covers nothing (disk.md).
        if disk.errors.isUnseen { perform(.reportError(inode: nil), name: []) }
        descriptions[Int(handle.rawValue)]?.fileSystemErrors = disk.errors.sample
        failedBarriers += 1
        hindrances += 1
        throw error
      }
    }
    perform(.synchronizeFileSystem, name: [])
  }

  /// The flags of sync_file_range.
  public struct SyncFileRangeFlags: OptionSet, Sendable {
    /// The bits as the kernel has them.
    public let rawValue: UInt32
    /// Makes flags of the kernel's bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// `SYNC_FILE_RANGE_WAIT_BEFORE`.
    public static let waitBefore = SyncFileRangeFlags(rawValue: 1)
    /// `SYNC_FILE_RANGE_WRITE`.
    public static let write = SyncFileRangeFlags(rawValue: 2)
    /// `SYNC_FILE_RANGE_WAIT_AFTER`.
    public static let waitAfter = SyncFileRangeFlags(rawValue: 4)
  }

  /// sync_file_range: what it started reaches the device's volatile cache. Never a barrier
  /// (groundtruth, row j: 851 of 2378 such overwrites lost).
  ///
  /// `range` is in bytes; its pages are meant whole. With a flag that waits it reports an earlier
  /// failure, and by that consumes the report of its description (groundtruth, section 2).
  public func writeBack(
    range: Range<UInt64>, of handle: HandleID, wait flags: SyncFileRangeFlags
  ) throws(Errno) {
    let description = try description(handle)
    let number = description.inode
    if case .fails(let failure)? = try meet(.syncRange, number) {
      // What it started failed, and it says so itself: the report is its description's.
      throw failBarrier(of: number, handle, failure, range: range)
    }
    if flags.contains(.write),
      disk[number]?.dirtyPages(Self.pages(touching: range)).isEmpty == false
    {
      perform(
        .writeBack(inode: number, pages: Self.pages(touching: range), outcome: .deviceCache), number
      )
    }
    guard !flags.isDisjoint(with: [.waitBefore, .waitAfter]) else { return }
    try reportError(handle)
  }

  /// `POSIX_FADV_DONTNEED`: whole clean pages within `range` leave the cache.
  public func adviseDontNeed(range: Range<UInt64>, of handle: HandleID) throws(Errno) {
    let number = try description(handle).inode
    calls += 1
    let size = UInt64(Page.size)
    let first = range.lowerBound / size + (range.lowerBound % size == 0 ? 0 : 1)
    // A range that reaches the end of the file takes its last page along.
    let reachesEnd = range.upperBound >= disk[number]?.cachedSize ?? 0
    let end = range.upperBound / size + (reachesEnd && range.upperBound % size != 0 ? 1 : 0)
    guard first < end, disk[number]?.isClean == false else { return }
    perform(
      .dropPages(
        inode: number,
        pages: Int(clamping: first)..<Int(clamping: end)), number)
  }

  /// A write-back of the file's dirty pages in `pages` (nil: all) without any call of the subject.
  /// One that failed is reported at a later barrier, to whom it concerns (disk.md).
  public func writeBack(
    _ number: InodeNumber, pages: Range<Int>?, _ outcome: WriteBackOutcome
  ) throws(Errno) {
    let inode = try inode(number)
    guard !inode.dirtyPages(pages).isEmpty else { return }
    perform(.writeBack(inode: number, pages: pages, outcome: outcome), number)
  }

  /// An inode leaves the cache, with an error that nobody has seen; not while somebody has it open.
  public func evict(_ number: InodeNumber) throws(Errno) {
    _ = try inode(number)
    guard !descriptions.contains(where: { $0?.inode == number }) else { return }
    perform(.evict(inode: number), number)
  }

  private static func pages(touching range: Range<UInt64>) -> Range<Int> {
    let size = UInt64(Page.size)
    let end = range.upperBound / size + (range.upperBound % size == 0 ? 0 : 1)
    return Int(clamping: range.lowerBound / size)..<Int(clamping: end)
  }
}
