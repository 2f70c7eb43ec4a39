/// What a barrier makes durable beyond its own file or directory: what the model's rules say.
extension Disk {
  /// What the persistence model permits.
  var rules: PersistenceRules { parameters.model.rules }

  /// A barrier of a file that succeeded.
  mutating func coverFile(_ number: InodeNumber, dataOnly: Bool) {
    let carries = rules.fileBarrier
    let forces = carries == .earlierMetadata && (!dataOnly || changesMetadata(number))
    with(number) { $0.cover() }
    if !dataOnly { coverAttributes(of: number) }
    carry(carries, number, forces)
  }

  /// A synchronous write of `range` that succeeded: a barrier of its data, as fdatasync is one.
  mutating func coverRange(_ number: InodeNumber, _ range: Range<UInt64>) {
    let carries = rules.fileBarrier
    let forces = carries == .earlierMetadata && changesMetadata(number)
    let sectorSize = parameters.sectorSize
    // The journal goes first: a truncation that it carries must not undo the write.
    carry(carries, number, forces)
    with(number) { $0.cover(range, sectorSize: sectorSize) }
  }

  private mutating func carry(
    _ carries: PersistenceRules.FileBarrier, _ number: InodeNumber, _ forces: Bool
  ) {
    switch carries {
    case .itsDataAlone: break
    case .earlierMetadata: if forces { commitMetadata() }
    case .ownNames:
      commitTruncations(of: number)
      coverNames(leadingTo: number)
    }
  }

  /// A barrier of a directory that succeeded.
  mutating func coverDirectory(_ number: InodeNumber) {
    coverAttributes(of: number)
    switch rules.directoryBarrier {
    case .ownEntries: coverNames(of: number)
    case .earlierMetadata: commitMetadata()
    }
  }

  /// A syncfs that succeeded.
  mutating func coverFileSystem() {
    switch rules.fileSystemBarrier {
    case .nothing: return
    case .everything: break
    case .everythingUnlessLogIsClean:
      guard logIsDirty else {
        // Written, and not flushed.
        for index in inodes.indices where inodes[index].isAlive && !inodes[index].isClean {
          inodes[index].reachDevice(inodes[index].dirtyPages(nil))
        }
        return
      }
    }
    commitMetadata()
    for index in inodes.indices where inodes[index].isAlive && inodes[index].isInDoubt {
      inodes[index].cover()
    }
  }

  /// Whether writing everything back would leave something for the log: anything but overwrites.
  private var logIsDirty: Bool {
    !pendingNames.isEmpty
      || inodes.indices.contains {
        inodes[$0].isAlive && (!inodes[$0].pendingSizes.isEmpty || inodes[$0].fillsNewSpace)
      }
  }

  /// Whether size, allocation or name of a file changed since a barrier.
  private func changesMetadata(_ number: InodeNumber) -> Bool {
    let inode = inodes[Int(number.rawValue)]
    return !inode.pendingSizes.isEmpty || inode.fillsNewSpace
      || pendingNames.contains { $0.named.contains(number) }
  }

  /// Commits the one journal: all entry operations and truncations so far.
  mutating func commitMetadata() {
    for pending in pendingNames {
      makeDurable(pending)
      guard pending.replaces, rules.renameOver == .size else { continue }
      for number in pending.named where isAlive(number) {
        let sectorSize = parameters.sectorSize
        with(number) { $0.commitSizes(through: pending.operation, sectorSize: sectorSize) }
      }
    }
    pendingNames.removeAll()
    let truncated = truncatedFiles
    truncatedFiles.removeAll()
    for number in truncated { commitTruncations(of: number) }
  }

  /// Ties the truncation of a file that was just done, by operation `count`, to what the model ties
  /// it to.
  mutating func noteTruncation(of number: InodeNumber, _ count: UInt64) {
    switch rules.truncation {
    case .independent: return
    case .durableAtOnce: commitTruncations(of: number)
    case .tailMayGoFirst, .tailMayStayOld:
      with(number) { $0.divideNewestCut(of: count) }
      if rules.fileBarrier == .earlierMetadata, truncatedFiles.last != number {
        truncatedFiles.append(number)
      }
    }
  }

  /// Makes the truncations of a file durable, and what they cut off with them.
  mutating func commitTruncations(of number: InodeNumber) {
    guard isAlive(number),
      let newest = inodes[Int(number.rawValue)].pendingSizes.last(where: { !$0.byWrite })
    else { return }
    let sectorSize = parameters.sectorSize
    let truncation = rules.truncation
    with(number) {
      $0.commitCuts(through: newest.operation, truncation, sectorSize: sectorSize)
      $0.commitSizes(through: newest.operation, sectorSize: sectorSize)
    }
  }

  /// Makes the names of a file durable, and those of the new directories that lead to it.
  private mutating func coverNames(leadingTo number: InodeNumber) {
    guard !pendingNames.isEmpty else { return }
    var wanted = [number]
    var covered = [Bool](repeating: false, count: pendingNames.count)
    while let next = wanted.popLast() {
      for (index, pending) in pendingNames.enumerated()
      where !covered[index] && pending.named.contains(next) {
        covered[index] = true
        wanted += pending.touched.map(\.directory)
      }
    }
    cover(covered)
  }

  /// Puts the marked entry operations onto the medium, with what they depend on, however
  /// indirectly.
  mutating func cover(_ marked: [Bool]) {
    let covered = NameDependencies(pendingNames).completed(marked)
    for index in covered.indices where covered[index] { makeDurable(pendingNames[index]) }
    var remaining: [PendingName] = []
    for index in covered.indices where !covered[index] { remaining.append(pendingNames[index]) }
    pendingNames = remaining
  }

  /// Whether states of the point before `operation` may be none of the point behind it, because it
  /// made something durable.
  public func endsStates(_ operation: DiskOperation) -> Bool {
    if operation.isBarrier { return true }
    switch operation {
    case .create, .link, .unlink, .removeDirectory, .rename: return rules.names == .durableAtOnce
    case .setSize, .allocate: return rules.truncation == .durableAtOnce
    default: return false
    }
  }
}

extension Inode {
  /// Whether a barrier would make anything of it durable.
  var isInDoubt: Bool {
    !pendingData.isEmpty || !pendingSizes.isEmpty || !neverSynced.isEmpty
  }

  /// Whether a pending write fills pages that the disk does not have.
  var fillsNewSpace: Bool {
    pendingData.contains { item in
      item.bytes != nil && item.units(of: Page.size).contains { !durable.hasPage($0) }
    }
  }

  /// Divides what the truncation of operation `number` cut off into the rest of the page that stays
  /// and the pages that are given back: under the models of real file systems the two have
  /// different fates.
  mutating func divideNewestCut(of number: UInt64) {
    guard let cut = pendingData.last, cut.bytes == nil, cut.operation == number else { return }
    let border = UInt64(cut.firstWholePage * Page.size)
    guard let head = cut.part(within: 0..<border), let rest = cut.part(within: border..<UInt64.max)
    else { return }
    pendingData.removeLast()
    pendingData += [head, rest]
  }

  /// Makes the sizes up to operation `number` durable; what earlier writes put below stays pending.
  mutating func commitSizes(through number: UInt64, sectorSize: Int) {
    guard let last = pendingSizes.lastIndex(where: { $0.operation <= number }) else { return }
    let oldEnd = (Int(durableSize) + sectorSize - 1) / sectorSize
    durableSize = pendingSizes[last].after
    durableModified = max(durableModified, pendingSizes[last].operation)
    pendingSizes.removeSubrange(...last)
    let newEnd = (Int(durableSize) + sectorSize - 1) / sectorSize
    for item in pendingData where item.bytes != nil && oldEnd < newEnd {
      neverSynced.insert(item.units(of: sectorSize).clamped(to: oldEnd..<newEnd))
    }
  }

  /// Makes durable that what truncations up to operation `number` cut off is zeros.
  ///
  /// Where the disk has the page through which a cut goes, that page is written as the cache had
  /// it, with what was written before; not where the rest of the page is zeroed later.
  mutating func commitCuts(
    through number: UInt64, _ truncation: PersistenceRules.Truncation, sectorSize: Int
  ) {
    let unit = truncation == .durableAtOnce ? sectorSize : Page.size
    var remaining: [PendingData] = []
    for item in pendingData {
      guard item.bytes == nil, item.operation <= number else {
        remaining.append(item)
        continue
      }
      let isHead = item.range.lowerBound % UInt64(Page.size) != 0
      if truncation == .tailMayStayOld, isHead, item.range.upperBound % UInt64(Page.size) == 0,
        item.length < Page.size
      {
        remaining.append(item)
        continue
      }
      let first = item.range.lowerBound / UInt64(unit) * UInt64(unit)
      if isHead, durableSize > item.range.lowerBound, durable.hasPage(Int(first) / Page.size) {
        // The unit it cuts through, as the cache had it.
        let bounds = first..<first + UInt64(unit)
        for earlier in remaining { earlier.apply(to: &durable, within: bounds) }
        remaining = remaining.flatMap { $0.parts(outside: bounds) }
        neverSynced.remove(
          Int(bounds.lowerBound) / sectorSize..<Int(bounds.upperBound) / sectorSize)
      }
      durable.zero(item.range)
      // A hole may be punched within one sector.
      let firstSector = (Int(item.range.lowerBound) + sectorSize - 1) / sectorSize
      let endSector = max(firstSector, Int(item.range.upperBound) / sectorSize)
      neverSynced.remove(firstSector..<endSector)
      remaining = remaining.flatMap { $0.parts(outside: item.range) }
    }
    pendingData = remaining
  }
}

extension PendingData {
  /// The parts of it that lie outside `bounds`, in bytes.
  func parts(outside bounds: Range<UInt64>) -> [PendingData] {
    guard range.overlaps(bounds) else { return [self] }
    return [part(within: 0..<bounds.lowerBound), part(within: bounds.upperBound..<UInt64.max)]
      .compactMap { $0 }
  }
}
