public import StorageInterface

/// That dirty pages of a file could not be written: at a barrier, or without any call.
public struct WriteBackFailure: Sendable, Equatable {
  /// The file.
  public var inode: InodeNumber
  /// The error.
  public var error: Errno
  /// What it leaves behind; one that does not stop the file system.
  public var after: AfterFailedBarrier
  /// Which pages of the batch were lost.
  public var lost: LostPages
  /// The bytes of the file that the batch was about; nil for all.
  public var range: Range<UInt64>?
  /// Whether the call that failed told its caller; otherwise a later one will.
  public var isReported: Bool

  /// Makes a failure.
  public init(
    inode: InodeNumber, error: Errno, after: AfterFailedBarrier, lost: LostPages = .all,
    range: Range<UInt64>? = nil, isReported: Bool
  ) {
    self.inode = inode
    self.error = error
    self.after = after
    self.lost = lost
    self.range = range
    self.isReported = isReported
  }
}
