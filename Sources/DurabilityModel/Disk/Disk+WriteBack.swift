/// Write-back without a call of the subject, eviction, and barriers of the whole file system.
///
/// Method. Late errors, delayed allocation and early write-back exist only through these steps
/// (disk.md, "Write-back steps"). The unit is the page: writing a page back writes what the cache
/// holds of it, so every pending change of that page goes with it. Whole pages that a truncation
/// gave back are no data that could be written; they follow the size.
extension Disk {
  /// Writes the dirty pages among `pages` of a file back, with `outcome`.
  mutating func writeBack(
    _ number: InodeNumber, _ pages: Range<Int>?, _ outcome: WriteBackOutcome
  ) {
    let sectorSize = parameters.sectorSize
    switch outcome {
    case .durable:
      if !parameters.liesAboutBarriers {
        if rules.names == .issueOrder { commitCutsBelow(pages, of: number) }
        with(number) { $0.cover(pages: $0.dirtyPages(pages), sectorSize: sectorSize) }
      }
    case .deviceCache: with(number) { $0.reachDevice($0.dirtyPages(pages)) }
    case .failed(let error, let after):
      let range = pages.map {
        UInt64($0.lowerBound * Page.size)..<UInt64($0.upperBound * Page.size)
      }
      fail(
        WriteBackFailure(
          inode: number, error: error, after: after, range: range, isReported: false))
    }
  }

  /// A page that a truncation gave back and that was written again is reached through the journal
  /// alone: it is on the medium only with the truncation, and so with all before that.
  private mutating func commitCutsBelow(_ pages: Range<Int>?, of number: InodeNumber) {
    let inode = inodes[Int(number.rawValue)]
    let dirty = inode.dirtyPages(pages)
    let isBelow = inode.pendingSizes.contains { size in
      let border = (Int(size.after) + Page.size - 1) / Page.size
      return !size.byWrite && size.after < size.before
        && dirty.ranges.last.map { $0.upperBound > border } ?? false
    }
    guard isBelow else { return }
    if rules.fileBarrier == .earlierMetadata { commitMetadata() }
    commitTruncations(of: number)
  }

  /// A write-back that failed, at a barrier or without a call; syncfs hears of each.
  mutating func fail(_ failure: WriteBackFailure) {
    if failure.after.isRecorded { errors.record(failure.error) }
    let sectorSize = parameters.sectorSize
    with(failure.inode) { $0.failWriteBack(failure, sectorSize: sectorSize) }
  }
}

extension Inode {
  /// The pages of `bounds` (nil: of the file) that a write-back would write.
  func dirtyPages(_ bounds: Range<Int>?) -> RangeSet {
    var dirty = RangeSet()
    for item in pendingData where !item.isInDevice {
      let pages = item.units(of: Page.size)
      if item.bytes == nil {
        // Of what was cut off or punched out, the pages that stay in part are written, with zeros.
        let whole = item.wholePages
        dirty.insert(pages.lowerBound..<min(whole.lowerBound, pages.upperBound))
        dirty.insert(
          max(whole.upperBound, pages.lowerBound)..<max(whole.upperBound, pages.upperBound))
      } else {
        dirty.insert(pages)
      }
    }
    return bounds.map { dirty.intersection($0) } ?? dirty
  }

  /// The write-back of `pages` is on the medium; the file's size is not: it stays pending.
  mutating func cover(pages: RangeSet, sectorSize: Int) {
    guard !pages.isEmpty else { return }
    let (inside, outside) = split(at: pages)
    for item in inside {
      for part in item.partsOutside(unwritten) { part.apply(to: &durable) }
      lost += item.parts(inside: unwritten)
      durableModified = max(durableModified, item.operation)
    }
    pendingData = outside
    let perPage = Page.size / sectorSize
    let firstAhead = (Int(durableSize) + sectorSize - 1) / sectorSize
    for range in pages.ranges {
      let sectors = range.lowerBound * perPage..<range.upperBound * perPage
      neverSynced.remove(sectors)
      if sectors.upperBound > firstAhead {
        writtenAhead.insert(max(sectors.lowerBound, firstAhead)..<sectors.upperBound)
      }
    }
  }

  /// The write-back of `pages` is in the device's volatile cache.
  mutating func reachDevice(_ pages: RangeSet) {
    guard !pages.isEmpty else { return }
    var (inside, outside) = split(at: pages)
    for index in inside.indices { inside[index].isInDevice = true }
    pendingData = Self.inOrder(inside, outside)
  }

  /// The clean pages among `pages` (nil: all) leave the cache: they show what the disk holds, and
  /// what a failed barrier lost of them is lost for good.
  ///
  /// A page that never reached the disk is read anew, and so can be written again (groundtruth,
  /// surprise 1: "DONTNEED before the rewrite" works).
  mutating func dropPages(_ pages: Range<Int>?) {
    guard !lost.isEmpty || !unwritten.isEmpty else { return }
    var clean = unwritten
    for item in lost { clean.insert(item.units(of: Page.size)) }
    if let pages { clean = clean.intersection(pages) }
    for item in pendingData where !item.isInDevice { clean.remove(item.units(of: Page.size)) }
    for page in clean.ranges.joined() {
      let bounds = UInt64(page * Page.size)..<UInt64((page + 1) * Page.size)
      if let onDisk = durable.page(page) {
        cached.setPage(page, onDisk)
      } else {
        cached.zero(bounds)
      }
      // What lies behind the end on the disk was cut off and could not be zeroed there.
      if durableSize < bounds.upperBound {
        cached.zero(max(durableSize, bounds.lowerBound)..<bounds.upperBound)
      }
      for item in pendingData where item.isInDevice { item.apply(to: &cached, within: bounds) }
    }
    lost = lost.flatMap { $0.parts(of: clean.complement(in: $0.units(of: Page.size))) }
    for range in clean.ranges { unwritten.remove(range) }
  }

  /// The parts of what is pending that lie in `pages`, and the rest; both in issue order.
  private func split(at pages: RangeSet) -> (inside: [PendingData], outside: [PendingData]) {
    var inside: [PendingData] = []
    var outside: [PendingData] = []
    for item in pendingData {
      if item.isInDevice && !pages.isEmpty && pages.intersection(item.units(of: Page.size)).isEmpty
      {
        outside.append(item)
        continue
      }
      let touched = item.units(of: Page.size)
      inside += item.parts(of: pages.intersection(touched))
      outside += item.parts(of: pages.complement(in: touched))
    }
    return (inside, outside)
  }

  /// Two parts of one queue, in issue order again.
  static func inOrder(_ first: [PendingData], _ second: [PendingData]) -> [PendingData] {
    if first.isEmpty { return second }
    if second.isEmpty { return first }
    var merged: [PendingData] = []
    var rest = second[...]
    for item in first {
      while let next = rest.first, next.operation < item.operation {
        merged.append(rest.removeFirst())
      }
      merged.append(item)
    }
    return merged + rest
  }
}
