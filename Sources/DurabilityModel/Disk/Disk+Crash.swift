extension Disk {
  /// What a process crash leaves: the cache and all that is pending survive; descriptions close.
  public func afterProcessCrash() -> Disk {
    var disk = self
    disk.dropNamelessInodes()
    return disk
  }

  /// What a power cut leaves when it kept `choice` of what was pending: the medium, and a cache that
  /// shows just that.
  ///
  /// The choice must be one for this disk (`CrashStateEnumerator` makes them).
  public func afterPowerLoss(_ choice: PowerLossChoice) -> Disk {
    precondition(choice.names.count == pendingNames.count, "a choice made for another crash point")
    var disk = self
    disk.pendingNames = []
    for (pending, kept) in zip(pendingNames, choice.names) where kept { disk.makeDurable(pending) }
    var next = 0
    for index in 1..<disk.inodes.count where disk.inodes[index].isAlive {
      let number = InodeNumber(UInt32(index))
      if next < choice.files.count, choice.files[next].inode == number {
        compose(choice.files[next], into: &disk.inodes[index])
        next += 1
      }
      disk.inodes[index].settle()
    }
    precondition(next == choice.files.count, "a choice for a file that is not there")
    disk.collectUnreachable()
    return disk
  }

  /// Whether `choice` is one for this disk: of its shape, and closed under dependence.
  public func accepts(_ choice: PowerLossChoice) -> Bool {
    guard choice.names.count == pendingNames.count else { return false }
    for (index, pending) in pendingNames.enumerated() where choice.names[index] {
      for earlier in 0..<index
      where !choice.names[earlier] && pending.depends(on: pendingNames[earlier]) {
        return false
      }
    }
    var next = 0
    for index in inodes.indices where inodes[index].isAlive {
      let inode = inodes[index]
      guard next < choice.files.count, choice.files[next].inode.rawValue == UInt32(index) else {
        continue
      }
      let file = choice.files[next]
      next += 1
      let largest = max(inode.durableSize, inode.pendingSizes.map(\.after).max() ?? 0)
      guard file.data.count == inode.pendingData.count, file.size <= inode.pendingSizes.count,
        file.exactSize ?? 0 <= largest
      else { return false }
    }
    return next == choice.files.count
  }

  /// Puts what `choice` kept of one file onto its durable content.
  private func compose(_ choice: PowerLossChoice.FileChoice, into inode: inout Inode) {
    precondition(choice.data.count == inode.pendingData.count, "a choice for another crash point")
    let size =
      choice.exactSize
      ?? (choice.size == 0 ? inode.durableSize : inode.pendingSizes[choice.size - 1].after)
    let keepsAll = choice.data.allSatisfy { $0 == .all }
    var newest = inode.durableModified
    if keepsAll && inode.lost.isEmpty && inode.unwritten.isEmpty {
      if let last = inode.pendingData.last { newest = max(newest, last.operation) }
      inode.durable = inode.cached
    } else {
      let kept = keptSectors(choice, inode)
      let garbage = exposedSectors(inode, kept: kept.union, size: size)
      let before = inode.durable
      for (item, sectors) in zip(inode.pendingData, kept.perItem) where !sectors.isEmpty {
        newest = max(newest, item.operation)
        for range in sectors.ranges {
          let bounds =
            UInt64(
              range.lowerBound * parameters.sectorSize)..<UInt64(
              range.upperBound * parameters.sectorSize)
          guard let part = item.part(within: bounds) else { continue }
          for piece in part.partsOutside(inode.unwritten) { piece.apply(to: &inode.durable) }
        }
      }
      if !garbage.isEmpty {
        fill(garbage, choice, of: inode, before: before, into: &inode.durable)
      }
    }
    if size != inode.durableSize {
      let pending = choice.exactSize == nil && choice.size > 0
      newest = max(
        newest,
        pending
          ? inode.pendingSizes[choice.size - 1].operation
          : inode.pendingSizes.last?.operation ?? newest)
    }
    let end = max(inode.cachedSize, inode.durableSize, inode.pendingSizes.map(\.after).max() ?? 0)
    if size < end { inode.durable.zero(size..<end) }
    inode.durableSize = size
    inode.durableModified = newest
  }

  /// The sectors of each pending item that reached the disk.
  ///
  /// A sector on the disk is a snapshot of the cache: with the newest kept item that touches it come
  /// all earlier ones that do.
  private func keptSectors(
    _ choice: PowerLossChoice.FileChoice, _ inode: Inode
  ) -> (perItem: [RangeSet], union: RangeSet) {
    var union = RangeSet()
    var perItem = [RangeSet](repeating: RangeSet(), count: choice.data.count)
    for index in choice.data.indices.reversed() {
      let units = inode.pendingData[index].units(of: parameters.sectorSize)
      var kept = RangeSet()
      switch choice.data[index] {
      case .none: break
      case .all: kept = RangeSet(units)
      case .sectors(let sectors):
        for sector in sectors where units.contains(sector) { kept.insert(sector..<sector + 1) }
      }
      perItem[index] = union.intersection(units)
      perItem[index].formUnion(kept)
      union.formUnion(kept)
    }
    return (perItem, union)
  }

  /// The sectors below `size` that a pending write covers, that did not reach the disk and that no
  /// write ever made durable: what they show is garbage.
  ///
  /// A sector that was durable up to the old end holds zeros behind it: the cache wrote them.
  func exposedSectors(_ inode: Inode, kept: RangeSet, size: UInt64) -> RangeSet {
    let sectorSize = parameters.sectorSize
    let firstNeverSynced = (Int(inode.durableSize) + sectorSize - 1) / sectorSize
    let end = (Int(size) + sectorSize - 1) / sectorSize
    var exposed = RangeSet()
    guard firstNeverSynced < end else { return exposed }
    for item in inode.pendingData where item.bytes != nil {
      let units = item.units(of: sectorSize).clamped(to: firstNeverSynced..<end)
      exposed.formUnion(kept.complement(in: units))
    }
    guard !inode.unwritten.isEmpty else { return exposed }
    var result = RangeSet()
    for sector in exposed.ranges.joined()
    where !inode.unwritten.contains(sector * sectorSize / Page.size) {
      result.insert(sector..<sector + 1)
    }
    return result
  }

  /// Gives up what no name leads to any more: a durable inode without a name is gone, and with a
  /// directory whose own name was lost goes everything below it.
  private mutating func collectUnreachable() {
    var names = [Int](repeating: 0, count: inodes.count)
    names[Int(InodeNumber.root.rawValue)] = 1
    var queue = [InodeNumber.root]
    while let directory = queue.popLast() {
      for entry in inodes[Int(directory.rawValue)].cachedEntries.entries {
        let index = Int(entry.inode.rawValue)
        names[index] += 1
        if names[index] == 1 {
          inodes[index].lastName = entry.name
          if inodes[index].kind == .directory { queue.append(entry.inode) }
        }
      }
    }
    for index in inodes.indices where inodes[index].isAlive {
      if names[index] == 0 {
        inodes[index] = .gone
      } else {
        inodes[index].names = names[index]
      }
    }
  }

  /// Gives up files without a name that nothing pending could bring back.
  private mutating func dropNamelessInodes() {
    for index in inodes.indices where inodes[index].isAlive && inodes[index].names == 0 {
      let number = InodeNumber(UInt32(index))
      let mayReturn =
        !pendingNames.isEmpty
        || inodes.contains { $0.durableEntries.entries.contains { $0.inode == number } }
      if !mayReturn { inodes[index] = .gone }
    }
  }
}

extension Inode {
  /// After a power cut: the cache shows what the medium holds, and nothing is in doubt.
  mutating func settle() {
    cached = durable
    cachedSize = durableSize
    cachedEntries = durableEntries
    modified = durableModified
    if !pendingData.isEmpty { pendingData = [] }
    if !pendingSizes.isEmpty { pendingSizes = [] }
    if !lost.isEmpty { lost = [] }
    unwritten = RangeSet()
    errors = 0
    errorSeen = true
  }
}
