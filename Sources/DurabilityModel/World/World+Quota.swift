public import StorageInterface

/// How many bytes the files of a world may take, and what a call gets that needs more.
public struct Quota: Sendable, Equatable {
  /// The limit in bytes; whole pages count.
  public var bytes: UInt64
  /// ENOSPC, as from a full disk, or EDQUOT.
  public var error: Errno

  /// The least quota that lets anything be written: one page.
  public static let least = Page.size

  /// Makes a quota.
  public init(bytes: UInt64, error: Errno = .noSpace) {
    self.bytes = bytes
    self.error = error
  }

  /// Makes a quota that says what it is.
  public init(bytes: UInt64, _ kind: Kind) {
    self.init(bytes: bytes, error: kind == .diskIsFull ? .noSpace : .quotaExceeded)
  }

  /// What a full quota looks like, by the C name of its error.
  public enum Kind: String, Sendable, CaseIterable {
    /// As a disk that is full.
    case diskIsFull = "ENOSPC"
    /// As a user's quota that is used up.
    case quotaIsUsedUp = "EDQUOT"
  }
}

/// The space of a world, as statfs shows it.
public struct SpaceStatistics: Sendable, Equatable {
  /// The unit in bytes.
  public var blockSize: Int { Page.size }
  /// How many blocks there are.
  public var blocks: UInt64
  /// How many of them are free.
  public var freeBlocks: UInt64
  /// How many inodes are in use.
  public var inodes: UInt64

  /// An empty disk without a quota.
  public static let unlimited = SpaceStatistics(
    blocks: World.capacity / UInt64(Page.size), freeBlocks: World.capacity / UInt64(Page.size),
    inodes: 0)
}

extension World {
  /// The space that statfs shows: of the quota where there is one, else of `capacity`.
  public func space() throws(Errno) -> SpaceStatistics {
    try check(.statfs, .root)
    let blocks = (quota?.bytes ?? Self.capacity) / UInt64(Page.size)
    let used = UInt64(countUsedPages())
    return SpaceStatistics(
      blocks: blocks, freeBlocks: blocks - min(blocks, used), inodes: UInt64(disk.inodeCount))
  }

  /// How many of `count` bytes at `offset` can be written before the quota is full: all, part of
  /// them (a short write, as on a full disk), or none.
  ///
  /// - Throws: the quota's error where none can.
  func room(for count: Int, at offset: UInt64, of number: InodeNumber) throws(Errno) -> Int {
    guard let quota else { return count }
    var free = Int(clamping: quota.bytes / UInt64(Page.size)) - countUsedPages()
    let end = Int(offset) + count
    var position = Int(offset)
    while position < end {
      let page = position / Page.size
      if !disk.hasSpace(page, of: number) {
        if free <= 0 { break }
        free -= 1
        usedPages = (usedPages ?? 0) + 1
      }
      position = min(end, (page + 1) * Page.size)
    }
    let fits = position - Int(offset)
    if fits < count { hindrances += 1 }
    if fits == 0 && count > 0 { throw quota.error }
    return fits
  }

  /// Throws the quota's error where no page is left, for a call that needs `pages` more.
  func claim(pages: Int) throws(Errno) {
    guard let quota, pages > 0 else { return }
    guard Int(clamping: quota.bytes / UInt64(Page.size)) - countUsedPages() >= pages else {
      hindrances += 1
      throw quota.error
    }
  }

  /// How many pages of a range have no space yet.
  func missingPages(at offset: UInt64, _ length: UInt64, of number: InodeNumber) -> Int {
    let first = Int(offset) / Page.size
    let end = (Int(offset) + Int(length) - 1) / Page.size + 1
    return (first..<end).reduce(0) { $0 + (disk.hasSpace($1, of: number) ? 0 : 1) }
  }

  /// The pages of every file that has a name or is open, and one for each directory.
  private func countUsedPages() -> Int {
    if let usedPages { return usedPages }
    var open: Set<InodeNumber> = []
    for description in descriptions { if let description { open.insert(description.inode) } }
    let used = disk.usedPages { open.contains($0) }
    usedPages = used
    return used
  }
}

extension Disk {
  /// Whether a page of a file has space already: data, or space that fallocate gave it.
  func hasSpace(_ page: Int, of number: InodeNumber) -> Bool {
    guard isAlive(number) else { return false }
    let index = Int(number.rawValue)
    return inodes[index].cached.hasPage(page)
      || inodes[index].rareBox?.value.preallocated.contains(page) == true
  }

  /// How many pages the cache's view of the world takes; files without a name count while `isOpen`.
  func usedPages(_ isOpen: (InodeNumber) -> Bool) -> Int {
    var used = 0
    for index in 2..<max(2, inodes.count) where inodes[index].isAlive {
      guard inodes[index].names > 0 || isOpen(InodeNumber(UInt32(index))) else { continue }
      used += Int(inodes[index].blocks) * 512 / Page.size
    }
    return used
  }
}
