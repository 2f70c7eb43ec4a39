extension Inode {
  /// A barrier that succeeded: all data and size changes of this inode are on the disk (disk.md,
  /// "What a barrier covers").
  ///
  /// Nothing is copied: the disk's view becomes the cache's, except where an earlier failed barrier
  /// keeps the two apart.
  mutating func cover() {
    coverPreallocated()
    durableSize = sizeToCover
    var remaining: [PendingData] = []
    if lost.isEmpty && unwritten.isEmpty && !hasDoubtful && durableSize == cachedSize {
      coverDirtyPages()
    } else {
      for item in pendingData {
        if item.isDoubtful {
          remaining.append(item)
          continue
        }
        for part in item.partsOutside(unwritten) { part.apply(to: &durable) }
      }
      lost += pendingData.flatMap { $0.parts(inside: unwritten) }
      durable.zero(from: durableSize)
    }
    durableModified = modified
    pendingSizes.removeAll()
    earlyBox = nil
    if remaining.isEmpty {
      pendingData.removeAll()
      neverSynced = RangeSet()
    } else {
      keepDoubtful(remaining)
    }
  }

  /// Makes the disk's view the cache's, which differ in what is pending alone unless a barrier ever
  /// failed.
  ///
  /// Few dirty pages are handed over one by one, and the two trees stay apart: a tree that both
  /// held would have its nodes copied by the next write.
  private mutating func coverDirtyPages() {
    if errors.count == 0 && pendingData.count <= Self.fewPages && handOverDirtyPages() { return }
    durable = cached
  }

  /// Hands the dirty pages over while they are few; whether nothing else can differ.
  private mutating func handOverDirtyPages() -> Bool {
    var dirty = 0
    for item in pendingData {
      let pages = item.units(of: Page.size)
      dirty += pages.count
      guard dirty <= Self.fewPages else { return false }
      for index in pages { durable.takePage(index, from: cached) }
    }
    return durable.pageCount == cached.pageCount
  }

  /// How many dirty pages a barrier hands over one by one.
  private static var fewPages: Int { 32 }

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

  /// Forgets what was lost in whole pages that are given back: they are never written again.
  mutating func forgetLost(in pages: Range<Int>) {
    guard !lost.isEmpty, !pages.isEmpty else { return }
    let (start, end) = (UInt64(pages.lowerBound * Page.size), UInt64(pages.upperBound * Page.size))
    lost = lost.flatMap { item in
      [item.part(within: 0..<start), item.part(within: end..<UInt64.max)].compactMap { $0 }
    }
  }
}

extension PendingData {
  /// The first page that lies wholly behind its start.
  var firstWholePage: Int { (Int(offset) + Page.size - 1) / Page.size }

  /// The pages that lie wholly within it.
  var wholePages: Range<Int> {
    firstWholePage..<max(firstWholePage, (Int(offset) + length) / Page.size)
  }

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
