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

  /// Sectors behind the durable size whose data a write-back brought to the disk: they never show
  /// garbage.
  var writtenAhead = RangeSet()

  // After failed barriers.
  /// What a failed barrier marked clean although the disk never got it. Writing to one of its pages
  /// makes the page dirty again, and all of it pending.
  var lost: [PendingData] = []
  /// Pages whose first write failed: what is written to them never reaches the disk, although later
  /// barriers answer 0 (groundtruth, surprise 1), until a truncation drops them.
  var unwritten = RangeSet()
  /// How many barrier failures there were, and whether the newest has been reported to anybody.
  var errors: UInt32 = 0
  var errorSeen = true

  // Directories.
  var cachedEntries = DirectoryMap()
  var durableEntries = DirectoryMap()

  /// The target of a symbolic link.
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
  }

  // MARK: What writes do to the cache.

  /// A write of `bytes` at `offset` by operation `operation`.
  mutating func write(_ bytes: WrittenBytes, at offset: UInt64, operation: UInt64) {
    guard bytes.count > 0 else { return }
    let item = PendingData(operation: operation, offset: offset, length: bytes.count, bytes: bytes)
    redirty(item.units(of: Page.size), operation)
    item.apply(to: &cached)
    pendingData.append(item)
    if item.range.upperBound > cachedSize { changeSize(to: item.range.upperBound, operation) }
    modified = operation
  }

  /// A change of the size to `size` by operation `operation`.
  ///
  /// What a truncation cuts off reads as zeros should the file grow again, and the cut range may
  /// reach the disk as zeros whether or not the size does (groundtruth, row g).
  mutating func setSize(_ size: UInt64, operation: UInt64) {
    if size < cachedSize {
      // To the end of the last page: it is given back whole, and is a hole from then on.
      let end = (Int(cachedSize) + Page.size - 1) / Page.size * Page.size
      let cut = PendingData(operation: operation, offset: size, length: end - Int(size), bytes: nil)
      let page = cut.firstWholePage
      forgetLost(from: page)
      let dropped = unwritten.intersection(page..<Int.max)
      if !dropped.isEmpty {
        // What was written to them could not reach the disk before, and cannot behind the cut.
        pendingData = pendingData.flatMap { $0.partsOutside(dropped) }
      }
      // Zeroing the rest of the page that stays is a write to it.
      redirty(Int(size) / Page.size..<page, operation)
      cached.zero(cut.range)
      pendingData.append(cut)
      unwritten.remove(page..<Int.max)
    }
    changeSize(to: size, operation)
    modified = operation
  }

  private mutating func changeSize(to size: UInt64, _ operation: UInt64) {
    guard size != cachedSize else { return }
    pendingSizes.append(PendingSize(operation: operation, before: cachedSize, after: size))
    cachedSize = size
  }

  /// Writing to a page makes the whole page dirty: what a failed barrier lost there is pending
  /// again, as part of `operation`.
  private mutating func redirty(_ pages: Range<Int>, _ operation: UInt64) {
    guard !lost.isEmpty, !pages.isEmpty else { return }
    let bounds = UInt64(pages.lowerBound * Page.size)..<UInt64(pages.upperBound * Page.size)
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
