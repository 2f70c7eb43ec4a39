extension Disk {
  /// Whether a power cut takes everything that is pending, and there is no other choice (lazyfs).
  public var losesAllPending: Bool { rules.dataUnit == .nothing }

  /// Whether `choice` is one for this disk: of its shape, closed under dependence, and nothing that
  /// the persistence model or this crash point does not permit.
  public func accepts(_ choice: PowerLossChoice) -> Bool {
    guard choice.names.count == pendingNames.count,
      choice.attributes.isEmpty || choice.attributes.count == pendingAttributes.count,
      NameDependencies(pendingNames).isClosed(choice.names)
    else { return false }
    var next = 0
    for index in inodes.indices where inodes[index].isAlive {
      guard next < choice.files.count, choice.files[next].inode.rawValue == UInt32(index) else {
        continue
      }
      guard hasShape(choice.files[next], of: inodes[index]) else { return false }
      next += 1
    }
    guard next == choice.files.count else { return false }
    if parameters.ordering == .issue, !keepsOperationOrder(choice) { return false }
    return parameters.model == .posixMin || permits(choice)
  }

  /// Whether what `choice` kept of a file is something that the file has pending.
  private func hasShape(_ choice: PowerLossChoice.FileChoice, of inode: Inode) -> Bool {
    guard choice.data.count == inode.pendingData.count, choice.size >= 0,
      choice.size <= inode.pendingSizes.count
    else { return false }
    if let exact = choice.exactSize {
      // Where an append ended: between the size before it and the one after. Without a size beside
      // it, any append's.
      if inode.pendingData.contains(where: { isAtomic($0) && $0.holdsEnd(exact) }) { return false }
      guard
        choice.size == 0
          ? inode.pendingSizes.contains(where: { $0.before <= exact && exact <= $0.after })
          : choice.size < inode.pendingSizes.count
            && inode.pendingSizes[choice.size].holds(exact)
      else { return false }
    }
    if let sector = choice.damagedSector {
      guard parameters.model == .posixMin, parameters.tears.contains(.garbageSector),
        inode.pendingData.contains(where: {
          $0.bytes != nil && !isAtomic($0) && $0.units(of: parameters.sectorSize).contains(sector)
        })
      else { return false }
    }
    for (item, kept) in zip(inode.pendingData, choice.data) {
      guard case .sectors(let sectors) = kept else { continue }
      let units = item.units(of: parameters.sectorSize)
      guard sectors.allSatisfy(units.contains), zip(sectors, sectors.dropFirst()).allSatisfy(<)
      else { return false }
    }
    return true
  }

  /// Whether the rules of the persistence model permit `choice`, which has the right shape.
  private func permits(_ choice: PowerLossChoice) -> Bool {
    let rules = rules
    if rules.dataUnit == .nothing { return !choice.keepsAnything }
    if rules.names == .issueOrder, !keepsIssueOrder(choice) { return false }
    var torn = 0
    for file in choice.files {
      guard let inode = self[file.inode] else { return false }
      if !rules.showsGarbage && !inode.hasDoubtful && file.garbage != .zeros { return false }
      let kept = KeptFile(
        inode: inode, choice: file, sectors: keptSectors(file, inode).perItem,
        sectorSize: parameters.sectorSize, rules: rules)
      guard kept.isPermitted else { return false }
      torn += kept.tornPages
    }
    let mayTear = parameters.tears.contains { $0 != .bytePrefix }
    switch rules.tears {
    case .anywhere: break
    case .pageInFlight: if torn > (mayTear ? 1 : 0) { return false }
    case .nowhere: if torn > 0 { return false }
    }
    return renamesBringSources(choice, rules)
  }

  /// Whether what was kept is a prefix of issue order, the newest perhaps in part.
  private func keepsOperationOrder(_ choice: PowerLossChoice) -> Bool {
    var newestKept: UInt64 = 0
    var oldestMissing = UInt64.max
    func note(_ operation: UInt64, keepsAny: Bool, keepsAll: Bool) {
      if keepsAny { newestKept = max(newestKept, operation) }
      if !keepsAll { oldestMissing = min(oldestMissing, operation) }
    }
    for (pending, kept) in zip(pendingNames, choice.names) {
      note(pending.operation, keepsAny: kept, keepsAll: kept)
    }
    for file in choice.files {
      guard let inode = self[file.inode] else { return false }
      for (item, sectors) in zip(inode.pendingData, keptSectors(file, inode).perItem) {
        let units = item.units(of: parameters.sectorSize)
        note(
          item.operation, keepsAny: !sectors.isEmpty,
          keepsAll: sectors.complement(in: units).isEmpty)
      }
      for (index, size) in inode.pendingSizes.enumerated() {
        let isKept = file.exactSize.map { $0 >= size.after } ?? (index < file.size)
        note(size.operation, keepsAny: isKept, keepsAll: isKept)
      }
    }
    return newestKept <= oldestMissing
  }

  /// Whether `item` is a write that the device brings to the medium whole or not at all.
  func isAtomic(_ item: PendingData) -> Bool {
    let size = UInt64(parameters.atomicWriteSize)
    guard size > 0, item.bytes != nil, item.length > 0 else { return false }
    return item.offset / size == (item.range.upperBound - 1) / size
  }

  /// Whether entry operations and truncations were kept as a prefix of their issue order.
  private func keepsIssueOrder(_ choice: PowerLossChoice) -> Bool {
    var newestKept: UInt64 = 0
    var oldestDropped = UInt64.max
    func note(_ operation: UInt64, _ kept: Bool) {
      if kept {
        newestKept = max(newestKept, operation)
      } else {
        oldestDropped = min(oldestDropped, operation)
      }
    }
    for (pending, kept) in zip(pendingNames, choice.names) { note(pending.operation, kept) }
    var mayReturn: [Bool]?
    for file in choice.files {
      guard let inode = self[file.inode], inode.pendingSizes.contains(where: { !$0.byWrite }) else {
        continue
      }
      if inode.names == 0 {
        // What becomes of a file whose last name is gone for good nobody sees.
        let named = mayReturn ?? namedOnMedium()
        mayReturn = named
        if !named[Int(file.inode.rawValue)] { continue }
      }
      for (index, size) in inode.pendingSizes.enumerated() where !size.byWrite {
        note(size.operation, index < file.size)
      }
    }
    return newestKept < oldestDropped
  }

  /// Whether each kept rename over an existing name has of its source what the model says.
  private func renamesBringSources(
    _ choice: PowerLossChoice, _ rules: PersistenceRules
  ) -> Bool {
    guard rules.renameOver != .nothing else { return true }
    for (pending, kept) in zip(pendingNames, choice.names) where kept && pending.replaces {
      for number in pending.named {
        guard let inode = self[number] else { continue }
        let file = choice.files.first { $0.inode == number }
        let sizes = inode.pendingSizes.count { $0.operation < pending.operation }
        guard file?.size ?? 0 >= sizes else { return false }
        guard rules.renameOver == .sizeAndData else { continue }
        for (index, item) in inode.pendingData.enumerated() where item.operation < pending.operation
        {
          guard item.bytes == nil || file?.data[index] == .all else { return false }
        }
      }
    }
    return true
  }
}

extension PendingData {
  /// Whether an end at `size` would divide it.
  func holdsEnd(_ size: UInt64) -> Bool { range.lowerBound < size && size < range.upperBound }
}

extension PendingSize {
  /// Whether a write that made it may have ended at `size`.
  func holds(_ size: UInt64) -> Bool { byWrite && before <= size && size <= after }
}
