/// Whether a file system still does what it is asked (groundtruth, section 2 B: journal or log
/// writes that fail).
///
/// A process crash leaves it as it is, since the file system stays mounted; a power cut ends it.
/// What was pending when it stopped may have reached the disk or not, and no barrier covers it any
/// more.
public enum FileSystemHealth: UInt8, Sendable, Equatable {
  /// All is well.
  case working
  /// `ext4` after its journal was aborted, before anything found out: barriers answer 0. They still
  /// write data into space that was allocated and durable before; sizes and names stay behind. The
  /// first change that needs a transaction is refused, and the file system is read-only from then
  /// on.
  case aborted
  /// Changes and barriers get EROFS; reading goes on from the cache.
  case readOnly
  /// Every call gets EIO (`xfs`).
  case shutDown
  /// As `readOnly`, and the superblock says so (`btrfs`): syncfs finds nothing to do there and
  /// answers 0, but for a failure that it has not reported yet (`sync_filesystem` of Linux;
  /// groundtruth: 0 after a failed flush, EIO once after failed writes of the log).
  case remountedReadOnly
}
