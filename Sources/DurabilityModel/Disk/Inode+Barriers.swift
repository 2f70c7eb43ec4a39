extension Inode {
  /// A barrier that succeeded: all data and size changes of this inode are on the disk (disk.md,
  /// "What a barrier covers").
  ///
  /// Nothing is copied: the disk's view becomes the cache's, except where an earlier failed barrier
  /// keeps the two apart.
  mutating func cover() {
    if lost.isEmpty && unwritten.isEmpty {
      durable = cached
    } else {
      for item in pendingData {
        for part in item.partsOutside(unwritten) { part.apply(to: &durable) }
      }
      lost += pendingData.flatMap { $0.parts(inside: unwritten) }
    }
    durableSize = cachedSize
    durableModified = modified
    pendingData.removeAll()
    pendingSizes.removeAll()
  }

  /// A synchronous write that succeeded: the sectors of its own range, and the size needed to reach
  /// it, are on the disk (disk.md, "What a barrier covers").
  mutating func cover(_ range: Range<UInt64>, sectorSize: Int) {
    guard !range.isEmpty else { return }
    let sector = UInt64(sectorSize)
    let bounds =
      range.lowerBound / sector * sector..<(range.upperBound + sector - 1) / sector * sector
    var remaining: [PendingData] = []
    for item in pendingData {
      if let covered = item.part(within: bounds) {
        for part in covered.partsOutside(unwritten) { part.apply(to: &durable) }
        lost += covered.parts(inside: unwritten)
      }
      if let before = item.part(within: 0..<bounds.lowerBound) { remaining.append(before) }
      if let behind = item.part(within: bounds.upperBound..<UInt64.max) { remaining.append(behind) }
    }
    pendingData = remaining
    // Of the sizes, the newest one that reaches the range, and every one before it.
    if let last = pendingSizes.lastIndex(where: { $0.after >= range.upperBound }),
      durableSize < range.upperBound
    {
      durableSize = pendingSizes[last].after
      pendingSizes.removeSubrange(...last)
    }
    durableModified = modified
  }

  /// A barrier that failed, with the after-state of ext4 (groundtruth, section 2 A): pages are marked
  /// clean, the cache goes on showing the new content, the disk has the old; the size stays pending
  /// until the next commit, with zeros behind it; a page that had never reached the disk stays
  /// unwritten.
  mutating func failBarrier() {
    for item in pendingData {
      let pages = item.units(of: Page.size)
      for page in pages where !durable.hasPage(page) { unwritten.insert(page..<page + 1) }
    }
    lost += pendingData
    pendingData.removeAll()
    errors += 1
    errorSeen = false
  }
}

extension PendingData {
  /// The parts of it in `pages`.
  func parts(inside pages: RangeSet) -> [PendingData] {
    parts(of: pages.intersection(units(of: Page.size)))
  }

  /// The parts of it outside `pages`.
  func partsOutside(_ pages: RangeSet) -> [PendingData] {
    if pages.isEmpty { return [self] }
    return parts(of: pages.complement(in: units(of: Page.size)))
  }

  private func parts(of pages: RangeSet) -> [PendingData] {
    pages.ranges.compactMap {
      part(within: UInt64($0.lowerBound * Page.size)..<UInt64($0.upperBound * Page.size))
    }
  }
}
