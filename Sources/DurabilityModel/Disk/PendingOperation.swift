/// A change of a file's bytes that no barrier has covered yet.
///
/// Its sectors reach the disk independently of each other and of the file's size. A sector holds a
/// snapshot of the cache, so a later write that reached the disk brings along what earlier ones put
/// into the same sector (disk.md: "any subset of sectors, any order").
struct PendingData {
  /// The mutating operation that made it, as the world counts them.
  var operation: UInt64
  /// Where it starts in the file, in bytes.
  var offset: UInt64
  /// How long it is, in bytes.
  var length: Int
  /// The bytes, or nil for zeros (what a truncation cut off).
  var bytes: WrittenBytes?
  /// Where its bytes start within `bytes`.
  var start = 0
  /// Whether a write-back of it failed in a way that leaves it in doubt for good: no barrier covers
  /// it until its page is written again (`AfterFailedBarrier.ext4Journal`).
  var isDoubtful = false
  /// Whether it reached the device's volatile cache: it is in doubt at a power cut as before, but
  /// no later write-back writes it again, and so none can fail to.
  var isInDevice = false

  /// The bytes of the file it covers.
  var range: Range<UInt64> { offset..<offset + UInt64(length) }

  /// The units of `size` bytes that it touches (sectors or pages).
  func units(of size: Int) -> Range<Int> {
    guard length > 0 else { return 0..<0 }
    return Int(offset) / size..<(Int(offset) + length - 1) / size + 1
  }

  /// The part of it within `bounds`, or nil when there is none.
  func part(within bounds: Range<UInt64>) -> PendingData? {
    let common = range.clamped(to: bounds)
    guard !common.isEmpty else { return nil }
    var part = self
    part.offset = common.lowerBound
    part.length = Int(common.upperBound - common.lowerBound)
    part.start = start + Int(common.lowerBound - offset)
    return part
  }

  /// Puts its bytes within `bounds` into `content`.
  func apply(to content: inout FileContent, within bounds: Range<UInt64>) {
    let common = range.clamped(to: bounds)
    guard !common.isEmpty else { return }
    guard let bytes else {
      content.zero(common)
      return
    }
    let first = start + Int(common.lowerBound - offset)
    let count = Int(common.upperBound - common.lowerBound)
    bytes.apply(first..<first + count, to: &content, at: common.lowerBound)
  }

  /// Puts all of its bytes into `content`.
  func apply(to content: inout FileContent) { apply(to: &content, within: range) }
}

/// A change of a file's size that no barrier has covered yet.
struct PendingSize {
  /// The mutating operation that made it.
  var operation: UInt64
  /// The size before it, in bytes.
  var before: UInt64
  /// The size after it, in bytes.
  var after: UInt64
  /// Whether a write made it, behind the end; else a truncation or an allocation did.
  var byWrite = false
}

/// A change of a directory's entries that no barrier of that directory has covered yet.
///
/// One that is kept at a power cut needs every earlier one on the same names (disk.md: "operations
/// on one name keep issue order"), and the removal half of a rename across directories needs its
/// link half ("both names may survive; neither, never").
struct PendingName {
  /// What happens to a directory.
  enum Change {
    /// The name names the inode from now on.
    case set(directory: InodeNumber, name: [UInt8], inode: InodeNumber)
    /// The name is gone.
    case remove(directory: InodeNumber, name: [UInt8])
    /// A rename within one directory: one atomic change of two names.
    case rename(directory: InodeNumber, from: [UInt8], to: [UInt8], inode: InodeNumber)
    /// A rename of a directory from one directory into another: one atomic change of two names. No
    /// file system shows a directory under two names, and with two it could come to lie below
    /// itself.
    case move(
      directory: InodeNumber, from: [UInt8], newDirectory: InodeNumber, to: [UInt8],
      inode: InodeNumber)
    /// An exchange of two names, atomic also across directories.
    case exchange(
      first: InodeNumber, firstName: [UInt8], firstInode: InodeNumber, second: InodeNumber,
      secondName: [UInt8], secondInode: InodeNumber)
  }

  /// The mutating operation that made it.
  var operation: UInt64
  /// The change.
  var change: Change
  /// The operation whose link half must be kept for this removal half to be.
  var needsLinkOf: UInt64?
  /// Whether a rename put it over a name that was there.
  var replaces = false

  /// The names it touches.
  var touched: [EntryName] {
    switch change {
    case .set(let directory, let name, _), .remove(let directory, let name):
      [EntryName(directory: directory, name: name)]
    case .rename(let directory, let from, let to, _):
      [EntryName(directory: directory, name: from), EntryName(directory: directory, name: to)]
    case .move(let first, let firstName, let second, let secondName, _),
      .exchange(let first, let firstName, _, let second, let secondName, _):
      [
        EntryName(directory: first, name: firstName),
        EntryName(directory: second, name: secondName),
      ]
    }
  }

  /// Whether a barrier of `directory` covers it.
  func touches(_ directory: InodeNumber) -> Bool {
    switch change {
    case .set(let changed, _, _), .remove(let changed, _), .rename(let changed, _, _, _):
      changed == directory
    case .move(let first, _, let second, _, _), .exchange(let first, _, _, let second, _, _):
      first == directory || second == directory
    }
  }

  /// Whether it may change which directory lies below which.
  var movesDirectory: Bool {
    switch change {
    case .set, .remove, .rename: false
    case .move: true
    case .exchange(let first, _, _, let second, _, _): first != second
    }
  }

  /// The inodes that get a name by it.
  var named: [InodeNumber] {
    switch change {
    case .set(_, _, let inode), .rename(_, _, _, let inode), .move(_, _, _, _, let inode): [inode]
    case .remove: []
    case .exchange(_, _, let first, _, _, let second): [first, second]
    }
  }
}
