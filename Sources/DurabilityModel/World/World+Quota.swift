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

/// The space of a world in pages, as statfs shows it.
public struct SpaceStatistics: Sendable, Equatable {
  /// The unit in bytes.
  public let blockSize = Page.size
  /// How many blocks there are.
  public let blocks: UInt64
  /// How many of them are free.
  public let freeBlocks: UInt64
}

extension World {
  /// The space that statfs shows: the quota's, else one tebibyte that is always free.
  public func space() throws(Errno) -> SpaceStatistics {
    try check(.statfs, .root)
    guard let quota else { return SpaceStatistics(blocks: 1 << 28, freeBlocks: 1 << 28) }
    let limit = Int(clamping: quota.bytes / UInt64(Page.size))
    return SpaceStatistics(
      blocks: UInt64(limit), freeBlocks: UInt64(max(0, limit - countUsedPages())))
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
      if !disk.cacheHasPage(page, of: number) {
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
  func cacheHasPage(_ page: Int, of number: InodeNumber) -> Bool {
    isAlive(number) && inodes[Int(number.rawValue)].cached.hasPage(page)
  }

  /// How many pages the cache's view of the world takes; files without a name count while `isOpen`.
  func usedPages(_ isOpen: (InodeNumber) -> Bool) -> Int {
    var used = 0
    for index in 2..<max(2, inodes.count) where inodes[index].isAlive {
      guard inodes[index].names > 0 || isOpen(InodeNumber(UInt32(index))) else { continue }
      switch inodes[index].kind {
      case .regular: used += inodes[index].cached.pageCount
      case .directory: used += 1
      case .symbolicLink: break
      }
    }
    return used
  }
}
