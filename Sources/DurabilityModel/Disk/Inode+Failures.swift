// What a write-back that failed leaves of a file (groundtruth, section 2 A). Each after-state of
// `AfterFailedBarrier` that does not stop the file system stands here, and nowhere else.
extension Inode {
  /// Dirty pages could not be written.
  ///
  /// The pages of the batch that `failure.lost` spares stay pending: they may be in the device's
  /// cache, and a later barrier covers them. The whole pages that a truncation cut off are no data
  /// that could fail to be written: giving them back belongs to the size.
  mutating func failWriteBack(_ failure: WriteBackFailure, sectorSize: Int) {
    if failure.after.isRecorded {
      errors.record(failure.error)
      if failure.isReported { errors.markSeen() }
    }
    let pages = failure.lost.select(dirtyPages(within: failure.range))
    guard !pages.isEmpty else { return }
    switch failure.after {
    case .ext4: loseData(pages, leavingUnwritten: true)
    case .xfs, .btrfs:
      loseData(pages, leavingUnwritten: false)
      loseSizes()
    case .btrfs2020:
      loseData(pages, leavingUnwritten: false)
      loseSizes()
      revert(pages)
    case .ext4Journal: doubt(pages, sectorSize: sectorSize)
    case .redirty: break
    case .flush: reachDevice(pages)
    case .ext4Abort, .xfsShutdown, .btrfsReadOnly, .btrfsFlush, .ext4JournalAbort:
      preconditionFailure("a journal that failed stops the file system (FileSystemHealth)")
    }
  }

  /// The pages whose data a write-back of `range` would send out.
  private func dirtyPages(within range: Range<UInt64>?) -> RangeSet {
    var pages = RangeSet()
    for item in pendingData where !item.isInDevice {
      guard let part = range.map({ item.part(within: $0) }) ?? item else { continue }
      let units = part.units(of: Page.size)
      guard item.bytes == nil else {
        pages.insert(units)
        continue
      }
      // Of what was cut off, the pages that stay in part are written, with zeros.
      let whole = item.wholePages
      for page in [units.lowerBound, units.upperBound - 1] where !whole.contains(page) {
        pages.insert(page..<page + 1)
      }
    }
    return pages
  }

  /// Pages are marked clean, the cache goes on showing the new content, the disk has the old.
  ///
  /// With `leavingUnwritten` (ext4): a page whose first write failed stays unwritten, whatever is
  /// written to it later (surprise 1); one that was cut off before counts as new.
  private mutating func loseData(_ pages: RangeSet, leavingUnwritten: Bool) {
    var remaining: [PendingData] = []
    var cutPages = RangeSet()
    // What the device has taken is clean already, and no longer new.
    var taken = RangeSet()
    for item in pendingData {
      if item.isInDevice {
        remaining.append(item)
        taken.insert(item.units(of: Page.size))
      } else if item.bytes == nil {
        let whole = item.wholePages
        cutPages.insert(whole)
        forgetLost(in: whole)
        // Zeroing part of a page that stays is a write to it.
        let units = item.units(of: Page.size)
        for range in [
          units.lowerBound..<min(whole.lowerBound, units.upperBound), whole,
          max(whole.upperBound, units.lowerBound)..<units.upperBound,
        ] where !range.isEmpty {
          let failing = range == whole ? RangeSet() : pages.intersection(range)
          lost += item.parts(of: failing)
          remaining += item.parts(of: failing.complement(in: range))
        }
      } else {
        let units = item.units(of: Page.size)
        let failing = pages.intersection(units)
        if leavingUnwritten {
          for page in failing.ranges.joined()
          where cached.hasPage(page) && !taken.contains(page)
            && (cutPages.contains(page) || !durable.hasPage(page))
          {
            unwritten.insert(page..<page + 1)
          }
        }
        lost += item.parts(of: failing)
        remaining += item.parts(of: failing.complement(in: units))
      }
    }
    pendingData = remaining
  }

  /// A size grows only with data that reached the disk (xfs, btrfs; groundtruth, section 4: "size
  /// persisted: contradicted"): growth by writes that were lost is lost with them, until something
  /// behind it is written. A truncation is in the log and stays.
  private mutating func loseSizes() {
    var sizes: [PendingSize] = []
    for var size in pendingSizes {
      let before = sizes.last?.after ?? durableSize
      let isLost = lost.contains { $0.operation == size.operation && $0.bytes != nil }
      if size.byWrite && isLost {
        size.after = pendingData.reduce(before) {
          $1.operation <= size.operation && $1.bytes != nil
            ? max($0, min($1.range.upperBound, size.after)) : $0
        }
      }
      size.before = before
      if size.before != size.after { sizes.append(size) }
    }
    pendingSizes = sizes
  }

  /// The cache shows what the disk has: what was lost is not even read any more.
  private mutating func revert(_ pages: RangeSet) {
    for page in pages.ranges.joined() {
      var buffer = [UInt8](repeating: 0, count: Page.size)
      let offset = UInt64(page * Page.size)
      buffer.withUnsafeMutableBytes { durable.read(at: offset, into: $0) }
      if durable.hasPage(page) {
        buffer.withUnsafeBytes { cached.write($0, at: offset) }
      } else {
        cached.zero(offset..<offset + UInt64(Page.size))
      }
    }
    lost = lost.flatMap { $0.partsOutside(pages) }
    revertSize()
  }

  /// A size that grew only with data that was lost is not even seen any more: at once in what the
  /// study of 2020 saw, and on xfs and btrfs when the inode leaves the cache (groundtruth, variant
  /// `bg3`: the old size is read, 12 of 12).
  mutating func revertSize() {
    guard sizeToCover < cachedSize else { return }
    cachedSize = sizeToCover
    cached.zero(from: cachedSize)
  }

  /// The journal holds the data, their place does not: from now on neither is sure.
  private mutating func doubt(_ pages: RangeSet, sectorSize: Int) {
    let sectors = Page.size / sectorSize
    var items: [PendingData] = []
    for item in pendingData {
      let units = item.units(of: Page.size)
      guard item.bytes != nil, !item.isInDevice, !pages.intersection(units).isEmpty else {
        items.append(item)
        continue
      }
      for page in units {
        guard
          var part = item.part(
            within: UInt64(page * Page.size)..<UInt64((page + 1) * Page.size))
        else { continue }
        if pages.contains(page) {
          part.isDoubtful = true
          if !durable.hasPage(page) {
            doubtfulSectors.insert(page * sectors..<(page + 1) * sectors)
          }
        }
        items.append(part)
      }
    }
    pendingData = items
    hasDoubtful = pendingData.contains(where: \.isDoubtful)
  }

  /// Writing to a page again ends the doubt about it: the next barrier covers it.
  mutating func clearDoubt(within bounds: Range<UInt64>) {
    for index in pendingData.indices
    where pendingData[index].isDoubtful && pendingData[index].range.overlaps(bounds) {
      pendingData[index].isDoubtful = false
    }
    hasDoubtful = pendingData.contains(where: \.isDoubtful)
    if !hasDoubtful { doubtfulSectors = RangeSet() }
  }

  /// After a barrier: what is in doubt stays pending, and where nothing was before it may show what
  /// the disk held there.
  mutating func keepDoubtful(_ items: [PendingData]) {
    pendingData = items
    neverSynced = doubtfulSectors
  }

  /// A barrier of a file system whose journal was aborted (`FileSystemHealth.aborted`): data goes
  /// into space that was durable before; sizes and new space would need the journal.
  mutating func coverAllocated() {
    var remaining: [PendingData] = []
    for item in pendingData {
      guard item.bytes != nil, !item.isDoubtful else {
        remaining.append(item)
        continue
      }
      var allocated = RangeSet()
      for page in item.units(of: Page.size)
      where durable.hasPage(page) && !unwritten.contains(page)
        && UInt64(page * Page.size) < durableSize
      {
        allocated.insert(page..<page + 1)
      }
      for part in item.parts(of: allocated) { part.apply(to: &durable) }
      remaining += item.parts(of: allocated.complement(in: item.units(of: Page.size)))
    }
    durable.zero(from: durableSize)
    durableModified = modified
    pendingData = remaining
  }
}
