import StorageInterface

/// The failures of writing back one file (or, for syncfs, one file system), and who was told: the
/// `errseq_t` of Linux 4.13 and later.
///
/// Each failure is reported once to every description that was open at the time, and once to one
/// opened later if nobody has seen it yet (disk.md; groundtruth, section 2 A). Eviction of the
/// inode forgets it, seen or not: on Linux it lives in the inode.
struct ErrorSequence: Equatable {
  /// How many failures there were.
  private(set) var count: UInt32 = 0
  /// Whether the newest has been reported to anybody.
  private(set) var isSeen = true
  /// The newest.
  private(set) var newest = Errno.ioError

  /// Whether a description opened now would be told of something.
  var isUnseen: Bool { !isSeen }

  /// A failure that nobody has seen yet.
  mutating func record(_ error: Errno) {
    count += 1
    isSeen = false
    newest = error
  }

  /// What a new description remembers: an unseen failure counts as one that is still to come.
  var sample: UInt32 { isSeen ? count : count - 1 }

  /// The failure that a description which remembers `sample` has not been told of yet.
  func unreported(since sample: UInt32) -> Errno? { sample == count ? nil : newest }

  /// Somebody was told.
  mutating func markSeen() { isSeen = true }
}
