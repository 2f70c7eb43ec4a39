/// One file, directory or symbolic link: what the cache shows, what the disk holds, and what lies
/// between the two.
struct Inode {
  /// False where nothing is: a power cut took its last name.
  var isAlive = true
  var kind: FileKind
  var mode: UInt16
  var user: UInt32
  var group: UInt32
  /// The operation that last changed the cache's view of it: the model's mtime.
  var modified: UInt64
  /// The operation that created it.
  var created: UInt64
  /// The operation that last changed its attributes or the number of its names.
  var changed: UInt64 = 0
  /// The attributes that few inodes have, where this one has any.
  var rareBox: RareAttributesBox?
  /// How many names the cache knows for it (directories: 1 while it has its name).
  var names: Int = 1
  /// The name it was last given, for roles.
  var lastName: [UInt8]

  // Content: the cache's view, and the disk's.
  var cached = FileContent()
  var cachedSize: UInt64 = 0
  var durable = FileContent()
  var durableSize: UInt64 = 0
  /// The operation that last changed the disk's view of it.
  var durableModified: UInt64 = 0
  /// Data no barrier has covered, in issue order.
  var pendingData: [PendingData] = []
  /// Sizes no barrier has covered, in issue order.
  var pendingSizes: [PendingSize] = []
  /// Sectors below the durable size whose data no barrier has covered: a synchronous write behind
  /// them took the size along, and not them.
  var neverSynced = RangeSet()

  /// What is on the disk ahead of what is pending, or behind it, where there is any.
  var earlyBox: EarlySpaceBox?

  // After failed barriers.
  /// What a failed barrier marked clean although the disk never got it. Writing to one of its pages
  /// makes the page dirty again, and all of it pending.
  var lost: [PendingData] = []
  /// Pages whose first write failed: what is written to them never reaches the disk, although later
  /// barriers answer 0 (groundtruth, surprise 1), until a truncation drops them.
  var unwritten = RangeSet()
  /// Whether some of the pending data is in doubt (`PendingData.isDoubtful`).
  var hasDoubtful = false
  /// Sectors in doubt that nothing durable had ever been in.
  var doubtfulSectors = RangeSet()
  /// The failures of writing it back, and whether anybody was told.
  var errors = ErrorSequence()

  // Directories.
  var cachedEntries = DirectoryMap()
  var durableEntries = DirectoryMap()
  /// How many of the cache's entries are directories: each has a `..` that links here.
  var subdirectories = 0
  /// Of a directory, the one that holds its name, or held it last.
  var parent = InodeNumber.root

  /// The target of a symbolic link; of a device its number, as four bytes, the lowest first.
  var target: [UInt8] = []

  init(
    kind: FileKind, mode: UInt16, user: UInt32, group: UInt32, operation: UInt64, name: [UInt8]
  ) {
    self.kind = kind
    self.mode = mode
    self.user = user
    self.group = group
    self.modified = operation
    self.durableModified = operation
    self.created = operation
    self.lastName = name
  }

  /// What stands where no inode is.
  static var gone: Inode {
    var inode = Inode(kind: .regular, mode: 0, user: 0, group: 0, operation: 0, name: [])
    inode.isAlive = false
    inode.names = 0
    return inode
  }

  /// Whether cache and disk hold the same bytes and size, with nothing in doubt.
  var isClean: Bool {
    pendingData.isEmpty && pendingSizes.isEmpty && lost.isEmpty && unwritten.isEmpty
      && durableSize == cachedSize
  }

  /// The size that a barrier makes durable: the cache's, except where a failed barrier left the
  /// disk's behind (`AfterFailedBarrier.xfs`).
  var sizeToCover: UInt64 { pendingSizes.last?.after ?? durableSize }

  // MARK: What writes do to the cache.

  /// A write of `bytes` at `offset` by operation `operation`.
  mutating func write(_ bytes: WrittenBytes, at offset: UInt64, operation: UInt64) {
    guard bytes.count > 0 else { return }
    let item = PendingData(operation: operation, offset: offset, length: bytes.count, bytes: bytes)
    redirty(item.units(of: Page.size), operation)
    if rareBox != nil { fill(item.units(of: Page.size)) }
    item.apply(to: &cached)
    pendingData.append(item)
    grow(to: item.range.upperBound, operation)
    modified = operation
  }

  /// Pages of preallocated space are preallocated no longer; until the write is done the disk has
  /// them unwritten.
  private mutating func fill(_ pages: Range<Int>) {
    let preallocated = rare.preallocated.intersection(pages)
    guard !preallocated.isEmpty else { return }
    filling.formUnion(preallocated)
    rare.preallocated.remove(pages)
  }

  /// The size after a write that ends at `end`.
  ///
  /// Where the disk's size lags behind the cache's, writing a page back carries it to the end of
  /// that page, as far as the file goes.
  private mutating func grow(to end: UInt64, _ operation: UInt64) {
    if end > cachedSize {
      changeSize(to: end, operation, byWrite: true)
    } else if sizeToCover < cachedSize {
      let page = UInt64(Page.size)
      let reached = min(cachedSize, (end + page - 1) / page * page)
      if reached > sizeToCover {
        pendingSizes.append(
          PendingSize(operation: operation, before: sizeToCover, after: reached, byWrite: true))
      }
    }
  }

  /// A change of the size to `size` by operation `operation`.
  ///
  /// What a truncation cuts off reads as zeros should the file grow again, and the cut range may
  /// reach the disk as zeros whether or not the size does (groundtruth, row g).
  mutating func setSize(_ size: UInt64, operation: UInt64) {
    if size < cachedSize {
      // To the end of the last page: it is given back whole, and is a hole from then on.
      let end = (Int(cachedSize) + Page.size - 1) / Page.size * Page.size
      let item = PendingData(
        operation: operation, offset: size, length: end - Int(size), bytes: nil)
      cut(item, operation)
      if rareBox != nil { rare.preallocated.remove(item.firstWholePage..<Int.max) }
    }
    changeSize(to: size, operation)
    modified = operation
  }

  /// Makes the range of `item` read as zeros. Its whole pages are given back, and with them what a
  /// failed barrier left there; zeroing part of a page is a write to it.
  mutating func cut(_ item: PendingData, _ operation: UInt64) {
    let pages = item.wholePages
    forgetLost(in: pages)
    if hasDoubtful { clearDoubt(within: item.range) }
    let dropped = unwritten.intersection(pages)
    if !dropped.isEmpty {
      // What was written to them could not reach the disk before, and cannot behind the cut.
      pendingData = pendingData.flatMap { $0.partsOutside(dropped) }
    }
    let touched = item.units(of: Page.size)
    redirty(touched.lowerBound..<min(pages.lowerBound, touched.upperBound), operation)
    redirty(
      max(pages.upperBound, touched.lowerBound)..<max(pages.upperBound, touched.upperBound),
      operation)
    cached.zero(item.range)
    pendingData.append(item)
    unwritten.remove(pages)
  }

  mutating func changeSize(to size: UInt64, _ operation: UInt64, byWrite: Bool = false) {
    guard size != cachedSize else { return }
    pendingSizes.append(
      PendingSize(operation: operation, before: sizeToCover, after: size, byWrite: byWrite))
    cachedSize = size
  }

  /// Writing to a page makes the whole page dirty: what a failed barrier lost there is pending
  /// again, as part of `operation`.
  private mutating func redirty(_ pages: Range<Int>, _ operation: UInt64) {
    guard !pages.isEmpty else { return }
    let bounds = UInt64(pages.lowerBound * Page.size)..<UInt64(pages.upperBound * Page.size)
    if hasDoubtful { clearDoubt(within: bounds) }
    guard !lost.isEmpty else { return }
    var kept: [PendingData] = []
    for old in lost {
      guard var again = old.part(within: bounds) else {
        kept.append(old)
        continue
      }
      again.operation = operation
      pendingData.append(again)
      if let before = old.part(within: 0..<bounds.lowerBound) { kept.append(before) }
      if let behind = old.part(within: bounds.upperBound..<UInt64.max) { kept.append(behind) }
    }
    lost = kept
  }
}
