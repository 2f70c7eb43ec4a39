extension Inode {
  /// A barrier that succeeded: all data and size changes of this inode are on the disk (disk.md,
  /// "What a barrier covers").
  ///
  /// Nothing is copied: the disk's view becomes the cache's, except where an earlier failed barrier
  /// keeps the two apart.
  mutating func cover() {
    durableSize = cachedSize
    if lost.isEmpty && unwritten.isEmpty {
      durable = cached
    } else {
      for item in pendingData {
        for part in item.partsOutside(unwritten) { part.apply(to: &durable) }
      }
      lost += pendingData.flatMap { $0.parts(inside: unwritten) }
      durable.zero(from: durableSize)
    }
    durableModified = modified
    pendingData.removeAll()
    pendingSizes.removeAll()
    neverSynced = RangeSet()
    writtenAhead = RangeSet()
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
    coverSize(reaching: range.upperBound, sectorSize: sectorSize)
    neverSynced.remove(Int(bounds.lowerBound / sector)..<Int(bounds.upperBound / sector))
    durableModified = modified
  }

  /// Makes the least size durable that a synchronous write up to `end` needs. From now on no size
  /// below it is permitted, whatever was pending.
  private mutating func coverSize(reaching end: UInt64, sectorSize: Int) {
    let first = pendingSizes.firstIndex { $0.after >= end }
    if durableSize < end, let first {
      let oldEnd = (Int(durableSize) + sectorSize - 1) / sectorSize
      durableSize = pendingSizes[first].after
      pendingSizes.removeSubrange(...first)
      // The size is durable now, what earlier writes put below it is not: it may show garbage.
      let newEnd = (Int(durableSize) + sectorSize - 1) / sectorSize
      for item in pendingData where item.bytes != nil && oldEnd < newEnd {
        neverSynced.insert(item.units(of: sectorSize).clamped(to: oldEnd..<newEnd))
      }
    }
    var kept: [PendingSize] = []
    for var size in pendingSizes where size.after >= end {
      size.before = kept.last?.after ?? durableSize
      if size.before != size.after { kept.append(size) }
    }
    pendingSizes = kept
  }

  /// A barrier that failed, with the after-state of ext4 (groundtruth, section 2 A): pages are
  /// marked clean, the cache goes on showing the new content, the disk has the old; the size stays
  /// pending until the next commit, with zeros behind it; a page that had never reached the disk
  /// stays unwritten.
  ///
  /// The whole pages that a truncation cut off are no data that could fail to be written: giving
  /// them back belongs to the size and stays pending with it.
  mutating func failBarrier() {
    // What the device has taken is clean already: there is nothing left to fail.
    let inDevice = pendingData.filter(\.isInDevice)
    if !inDevice.isEmpty { pendingData.removeAll(where: \.isInDevice) }
    var cuts: [PendingData] = []
    var firstCutPage = Int.max
    for item in pendingData {
      if item.bytes == nil {
        let page = item.firstWholePage
        firstCutPage = min(firstCutPage, page)
        forgetLost(from: page)
        let border = UInt64(page * Page.size)
        if let head = item.part(within: 0..<border) { lost.append(head) }
        if let rest = item.part(within: border..<UInt64.max) { cuts.append(rest) }
      } else {
        for page in item.units(of: Page.size)
        where cached.hasPage(page) && (page >= firstCutPage || !durable.hasPage(page)) {
          unwritten.insert(page..<page + 1)
        }
        lost.append(item)
      }
    }
    pendingData = inDevice.isEmpty ? cuts : Self.inOrder(cuts, inDevice)
    errors += 1
    errorSeen = false
  }

  /// Forgets what was lost in whole pages that a truncation cuts off: they are never written again.
  mutating func forgetLost(from page: Int) {
    guard !lost.isEmpty else { return }
    lost = lost.compactMap { $0.part(within: 0..<UInt64(page * Page.size)) }
  }
}

extension PendingData {
  /// The first page that lies wholly behind its start.
  var firstWholePage: Int { (Int(offset) + Page.size - 1) / Page.size }

  /// The parts of it in `pages`, whose writes never reach the disk; what is cut off is no write.
  func parts(inside pages: RangeSet) -> [PendingData] {
    bytes == nil ? [] : parts(of: pages.intersection(units(of: Page.size)))
  }

  /// The parts of it that reach the disk although writes to `pages` do not.
  func partsOutside(_ pages: RangeSet) -> [PendingData] {
    if pages.isEmpty || bytes == nil { return [self] }
    return parts(of: pages.complement(in: units(of: Page.size)))
  }

  /// The parts of it in `pages`.
  func parts(of pages: RangeSet) -> [PendingData] {
    pages.ranges.compactMap {
      part(within: UInt64($0.lowerBound * Page.size)..<UInt64($0.upperBound * Page.size))
    }
  }
}
