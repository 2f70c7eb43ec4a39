extension Disk {
  /// What a process crash leaves: the cache and all that is pending survive; descriptions close.
  public func afterProcessCrash() -> Disk {
    var disk = self
    disk.dropNamelessInodes()
    return disk
  }

  /// What a power cut leaves when it kept `choice` of what was pending: the medium, and a cache
  /// that shows just that.
  ///
  /// The choice must be one for this disk: one that `CrashStateEnumerator` made here, or that
  /// `accepts` takes.
  public func afterPowerLoss(_ choice: PowerLossChoice) -> Disk {
    precondition(choice.names.count == pendingNames.count, "a choice made for another crash point")
    var disk = self
    disk.health = .working
    disk.errors = ErrorSequence()
    disk.pendingNames = []
    disk.settleAttributes(choice.attributes)
    for (pending, kept) in zip(pendingNames, choice.names) where kept { disk.makeDurable(pending) }
    var next = 0
    for index in 1..<disk.inodes.count where disk.inodes[index].isAlive {
      let number = InodeNumber(UInt32(index))
      if next < choice.files.count, choice.files[next].inode == number {
        compose(choice.files[next], into: &disk.inodes[index])
        disk.inodes[index].settle()
        next += 1
      } else {
        disk.inodes.settle(index)
      }
    }
    precondition(next == choice.files.count, "a choice for a file that is not there")
    disk.collectUnreachable()
    return disk
  }

  /// Puts what `choice` kept of one file onto its durable content.
  private func compose(_ choice: PowerLossChoice.FileChoice, into inode: inout Inode) {
    precondition(choice.data.count == inode.pendingData.count, "a choice for another crash point")
    let size =
      choice.exactSize
      ?? (choice.size == 0 ? inode.durableSize : inode.pendingSizes[choice.size - 1].after)
    let keepsAll = choice.data.allSatisfy { $0 == .all }
    var newest = inode.durableModified
    var hasGarbage = false
    if keepsAll && inode.lost.isEmpty && inode.unwritten.isEmpty {
      if let last = inode.pendingData.last { newest = max(newest, last.operation) }
      inode.durable = inode.cached
    } else {
      let kept = keptSectors(choice, inode)
      let garbage = exposedSectors(inode, kept: kept.union, size: size)
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
      hasGarbage = !garbage.isEmpty
      if hasGarbage {
        if rules.showsGarbage {
          fill(garbage, choice, of: inode, into: &inode.durable)
        } else {
          fillDoubtful(garbage, choice, of: inode, into: &inode.durable)
        }
      }
    }
    if let sector = choice.damagedSector { damage(sector, choice, of: inode, into: &inode.durable) }
    if let exact = choice.exactSize {
      // The append that ended there; not a later one, which would change the time of this state.
      let append = inode.pendingSizes.dropFirst(choice.size).first {
        $0.before <= exact && exact <= $0.after
      }
      newest = max(newest, append?.operation ?? 0)
    } else if choice.size > 0 {
      newest = max(newest, inode.pendingSizes[choice.size - 1].operation)
    }
    // Not where the file ends behind all of it: zeroing the last page would copy it for nothing.
    // Garbage fills whole sectors, and must not show when the file grows again.
    let end = inode.pendingData.reduce(max(inode.cachedSize, inode.durableSize)) {
      max($0, $1.range.upperBound)
    }
    if size < end || hasGarbage { inode.durable.zero(from: size) }
    inode.durableSize = size
    inode.durableModified = newest
  }

  /// The sectors of each pending item that reached the disk.
  ///
  /// A sector on the disk is a snapshot of the cache: with the newest kept item that touches it
  /// come all earlier ones that do. Where data is written by pages, so is a page of which an item
  /// was kept as a whole; a page that was torn brings along its kept sectors only.
  func keptSectors(
    _ choice: PowerLossChoice.FileChoice, _ inode: Inode
  ) -> (perItem: [RangeSet], union: RangeSet) {
    var union = RangeSet()
    var perItem = [RangeSet](repeating: RangeSet(), count: choice.data.count)
    let perPage = rules.dataUnit == .page ? Page.size / parameters.sectorSize : 1
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
      if parameters.atomicWriteSize > 0, !perItem[index].isEmpty,
        isAtomic(inode.pendingData[index])
      {
        perItem[index] = RangeSet(units)
        kept = perItem[index]
      }
      union.formUnion(kept)
      if perPage > 1 { union.formUnion(Self.wholePages(of: units, in: kept, perPage)) }
    }
    return (perItem, union)
  }

  /// The sectors of those pages of `units` of which all of `units` is in `kept`.
  static func wholePages(of units: Range<Int>, in kept: RangeSet, _ perPage: Int) -> RangeSet {
    var whole = RangeSet()
    for range in kept.ranges {
      // Pages in the middle of a range are whole; only its ends may be torn.
      var first = range.lowerBound / perPage
      var end = (range.upperBound + perPage - 1) / perPage
      if range.lowerBound > max(units.lowerBound, first * perPage) { first += 1 }
      if range.upperBound < min(units.upperBound, end * perPage) { end -= 1 }
      if first < end { whole.insert(first * perPage..<end * perPage) }
    }
    return whole
  }

  /// The sectors below `size` that a pending write covers, that did not reach the disk and that no
  /// barrier ever covered: what they show is garbage.
  ///
  /// A sector that was durable up to the old end holds zeros behind it: the cache wrote them.
  func exposedSectors(_ inode: Inode, kept: RangeSet, size: UInt64) -> RangeSet {
    let sectorSize = parameters.sectorSize
    let firstNeverSynced = (Int(inode.durableSize) + sectorSize - 1) / sectorSize
    let end = (Int(size) + sectorSize - 1) / sectorSize
    var exposed = RangeSet()
    for item in inode.pendingData where item.bytes != nil {
      let units = item.units(of: sectorSize).clamped(to: 0..<end)
      let behind = units.clamped(to: firstNeverSynced..<max(firstNeverSynced, end))
      exposed.formUnion(kept.complement(in: behind))
      for range in inode.neverSynced.intersection(units).ranges {
        exposed.formUnion(kept.complement(in: range))
      }
    }
    for sectors in inode.writtenAhead.ranges { exposed.remove(sectors) }
    // An unwritten page reads as zeros.
    for pages in inode.unwritten.ranges {
      exposed.remove(
        pages.lowerBound * Page.size / sectorSize..<pages.upperBound * Page.size / sectorSize)
    }
    return exposed
  }

  /// Gives up what no name leads to any more: a durable inode without a name is gone, and with a
  /// directory whose own name was lost goes everything below it.
  private mutating func collectUnreachable() {
    // No array: most worlds have a dozen inodes and one directory, and this is done for each state.
    withUnsafeTemporaryAllocation(of: Int.self, capacity: inodes.count) { names in
      names.initialize(repeating: 0)
      collectUnreachable(counting: names)
    }
  }

  private mutating func collectUnreachable(counting names: UnsafeMutableBufferPointer<Int>) {
    names[Int(InodeNumber.root.rawValue)] = 1
    var queue: [InodeNumber] = []
    var next: InodeNumber? = .root
    while let directory = next {
      var subdirectories = 0
      // Only what differs is set: an inode that stays as it was stays shared with other states.
      let entries = inodes[Int(directory.rawValue)].cachedEntries
      entries.forEach { entry in
        let index = Int(entry.inode.rawValue)
        names[index] += 1
        let isDirectory = inodes[index].kind == .directory
        if isDirectory { subdirectories += 1 }
        if names[index] == 1 {
          if inodes[index].lastName != entry.name { inodes[index].lastName = entry.name }
          if inodes[index].parent != directory { inodes[index].parent = directory }
          if isDirectory { queue.append(entry.inode) }
        }
      }
      if inodes[Int(directory.rawValue)].subdirectories != subdirectories {
        inodes[Int(directory.rawValue)].subdirectories = subdirectories
      }
      next = queue.popLast()
    }
    for index in inodes.indices where inodes[index].isAlive {
      if names[index] == 0 {
        inodes.remove(index)
      } else if inodes[index].names != names[index] {
        inodes[index].names = names[index]
      }
    }
  }

  /// Whether an inode lives on without a name.
  var hasNamelessInodes: Bool {
    inodes.indices.contains { inodes[$0].isAlive && inodes[$0].names == 0 }
  }

  /// Gives up files without a name that nothing pending could bring back.
  private mutating func dropNamelessInodes() {
    guard hasNamelessInodes else { return }
    let mayReturn = namedOnMedium()
    for index in inodes.indices
    where inodes[index].isAlive && inodes[index].names == 0 && !mayReturn[index] {
      inodes.remove(index)
    }
  }

  /// By inode number, whether an entry on the medium names it or a pending operation needs it: a
  /// power cut may give it a name.
  func namedOnMedium() -> [Bool] {
    var named = [Bool](repeating: false, count: inodes.count)
    for index in inodes.indices where inodes[index].isAlive {
      inodes[index].durableEntries.forEach { named[Int($0.inode.rawValue)] = true }
    }
    for pending in pendingNames {
      for inode in pending.named { named[Int(inode.rawValue)] = true }
      for touched in pending.touched { named[Int(touched.directory.rawValue)] = true }
    }
    return named
  }
}

extension Inode {
  /// Whether `settle` would change nothing, as far as that is seen without looking at every byte.
  @inline(__always) var isSettled: Bool {
    pendingData.isEmpty && pendingSizes.isEmpty && lost.isEmpty && unwritten.isEmpty
      && !hasDoubtful && doubtfulSectors.isEmpty && neverSynced.isEmpty && earlyBox == nil
      && rareBox == nil && changed == 0 && modified == durableModified
      && cachedSize == durableSize && errors == ErrorSequence() && cached.isSame(as: durable)
      && cachedEntries.isSame(as: durableEntries)
  }

  /// After a power cut: the cache shows what the medium holds, and nothing is in doubt.
  mutating func settle() {
    // A truncation whose page failed to be written leaves old bytes behind the end; none may show
    // when the file grows again.
    if !lost.isEmpty || !unwritten.isEmpty || hasDoubtful { durable.zero(from: durableSize) }
    hasDoubtful = false
    doubtfulSectors = RangeSet()
    cached = durable
    cachedSize = durableSize
    settlePreallocated()
    cachedEntries = durableEntries
    modified = durableModified
    changed = 0
    if !pendingData.isEmpty { pendingData = [] }
    if !pendingSizes.isEmpty { pendingSizes = [] }
    if !lost.isEmpty { lost = [] }
    neverSynced = RangeSet()
    earlyBox = nil
    unwritten = RangeSet()
    errors = ErrorSequence()
  }
}
