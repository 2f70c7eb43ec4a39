// What `data=journal` leaves behind a write in place that failed: the journal holds the new
// content, the place what it held before (`AfterFailedBarrier.ext4Journal`; groundtruth, 2 A).
extension Disk {
  /// Clean pages of a file leave the cache: those among `pages`, or with nil all.
  mutating func dropPages(of number: InodeNumber, _ pages: Range<Int>?) {
    rereadDoubtful(number, pages)
    with(number) { $0.dropPages(pages) }
  }

  /// A page in doubt is clean, and read anew it shows its place: old content, or where nothing was
  /// before the garbage of another file (groundtruth: `after DONTNEED`, `S` and `X`). A power cut
  /// may bring the journal's content back, so what was read joins it in the queue.
  private mutating func rereadDoubtful(_ number: InodeNumber, _ bounds: Range<Int>?) {
    guard isAlive(number), inodes[Int(number.rawValue)].hasDoubtful else { return }
    let inode = inodes[Int(number.rawValue)]
    var pages = RangeSet()
    for item in inode.pendingData where item.isDoubtful { pages.insert(item.units(of: Page.size)) }
    if let bounds { pages = pages.intersection(bounds) }
    for item in inode.pendingData where !item.isDoubtful && !item.isInDevice {
      pages.remove(item.units(of: Page.size))
    }
    guard !pages.isEmpty else { return }
    var exposed = RangeSet()
    let perPage = Page.size / parameters.sectorSize
    for range in pages.ranges {
      exposed.formUnion(
        inode.doubtfulSectors.intersection(range.lowerBound * perPage..<range.upperBound * perPage))
    }
    let garbage = PowerLossChoice.FileChoice(
      inode: number, data: [], size: 0, garbage: freed.isEmpty ? .random : .staleNewest,
      garbageSeed: UInt64(number.rawValue))
    var medium = inode.durable
    fill(exposed, garbage, of: inode, into: &medium)
    let operation = operationCount
    with(number) {
      $0.durable = medium
      $0.expose(exposed)
      for page in pages.ranges.joined() { $0.reread(page, operation) }
    }
  }

  /// Fills never-synced `sectors` under a model that shows no garbage: zeros, but for those that a
  /// failed barrier left in doubt.
  func fillDoubtful(
    _ sectors: RangeSet, _ choice: PowerLossChoice.FileChoice, of inode: Inode,
    into content: inout FileContent
  ) {
    var zeros = choice
    zeros.garbage = .zeros
    fill(sectors, zeros, of: inode, into: &content)
    guard choice.garbage != .zeros else { return }
    for range in sectors.ranges {
      fill(inode.doubtfulSectors.intersection(range), choice, of: inode, into: &content)
    }
  }
}

extension Inode {
  /// What the medium holds in `sectors` is settled from now on.
  fileprivate mutating func expose(_ sectors: RangeSet) {
    for range in sectors.ranges {
      doubtfulSectors.remove(range)
      neverSynced.remove(range)
      writtenAhead.insert(range)
    }
  }

  /// Reads a page in doubt from its place.
  fileprivate mutating func reread(_ page: Int, _ operation: UInt64) {
    let start = UInt64(page * Page.size)
    guard start < cachedSize else { return }
    let count = Int(min(UInt64(Page.size), cachedSize - start))
    var shown = [UInt8](repeating: 0, count: count)
    var placed = shown
    shown.withUnsafeMutableBytes { cached.read(at: start, into: $0) }
    placed.withUnsafeMutableBytes { durable.read(at: start, into: $0) }
    guard shown != placed else { return }
    var item = PendingData(
      operation: operation, offset: start, length: count, bytes: WrittenBytes(placed, at: start))
    item.isDoubtful = true
    item.apply(to: &cached)
    pendingData.append(item)
  }
}
