import Determinism

/// Choices changed operation by operation, for shrinking a failure and for telling what its loss
/// hangs on.
///
/// A change names an operation by its number on this disk and leaves the rest of the choice as it
/// is. The result may be one that the model does not permit (an order it keeps, for one): whoever
/// wants to make a state of it asks `accepts` first.
extension Disk {
  /// The operations of which something is pending, by number, in issue order.
  public var pendingOperations: [UInt64] {
    var numbers = pendingNames.map(\.operation) + pendingAttributes.map(\.operation)
    for inode in inodes where inode.isAlive {
      numbers += inode.pendingData.map(\.operation) + inode.pendingSizes.map(\.operation)
    }
    numbers.sort()
    var distinct: [UInt64] = []
    for number in numbers where number != distinct.last { distinct.append(number) }
    return distinct
  }

  /// The choice that keeps nothing of what is pending.
  public var keepingNothing: PowerLossChoice {
    PowerLossChoice(
      names: Array(repeating: false, count: pendingNames.count),
      attributes: Array(repeating: false, count: pendingAttributes.count),
      files: CrashStateEnumerator(disk: self, limits: ExplosionLimits(), seed: Seed(0)).files.map {
        PowerLossChoice.FileChoice(
          inode: $0, data: Array(repeating: .none, count: self[$0]?.pendingData.count ?? 0),
          size: 0)
      })
  }

  /// The operations that `choice` dropped, in whole or in part, in issue order.
  public func dropped(by choice: PowerLossChoice) -> [UInt64] {
    pendingOperations.filter { keeping($0, in: choice) != choice }
  }

  /// `choice` with all of operation `number`, and the entry operations that it cannot do without.
  public func keeping(_ number: UInt64, in choice: PowerLossChoice) -> PowerLossChoice {
    var result = choice
    for (index, pending) in pendingNames.enumerated() where pending.operation == number {
      result.names[index] = true
    }
    result.names = NameDependencies(pendingNames).completed(result.names)
    result.attributes = markingAttributes(of: number, true, in: choice)
    for index in result.files.indices {
      guard let inode = self[result.files[index].inode] else { continue }
      for (item, pending) in inode.pendingData.enumerated() where pending.operation == number {
        result.files[index].data[item] = .all
      }
      guard let size = inode.pendingSizes.lastIndex(where: { $0.operation == number }) else {
        continue
      }
      if let torn = choice.files[index].tornAppend(of: inode) {
        let isWhole = choice.files[index].exactSize == inode.pendingSizes[torn].after
        if size < torn || (size == torn && isWhole) { continue }
        result.files[index].exactSize = nil
        result.files[index].size = size + 1
      } else {
        result.files[index].size = max(choice.files[index].size, size + 1)
      }
    }
    return result
  }

  private func markingAttributes(
    of number: UInt64, _ kept: Bool, in choice: PowerLossChoice
  ) -> [Bool] {
    var marks = attributeMarks(choice)
    for (index, pending) in pendingAttributes.enumerated() where pending.operation == number {
      marks[index] = kept
    }
    return marks == attributeMarks(choice) ? choice.attributes : marks
  }

  /// `choice` with nothing of operation `number`, nor of the entry operations that need it.
  public func dropping(_ number: UInt64, in choice: PowerLossChoice) -> PowerLossChoice {
    var result = choice
    for (index, pending) in pendingNames.enumerated() where pending.operation == number {
      result.names[index] = false
    }
    result.names = NameDependencies(pendingNames).reduced(result.names)
    result.attributes = markingAttributes(of: number, false, in: choice)
    for index in result.files.indices {
      guard let inode = self[result.files[index].inode] else { continue }
      for (item, pending) in inode.pendingData.enumerated() where pending.operation == number {
        result.files[index].data[item] = .none
      }
      guard let size = inode.pendingSizes.firstIndex(where: { $0.operation == number }) else {
        continue
      }
      if let torn = choice.files[index].tornAppend(of: inode) {
        if size <= torn {
          result.files[index].exactSize = nil
          result.files[index].size = size
        }
      } else {
        result.files[index].size = min(choice.files[index].size, size)
      }
    }
    return result
  }

  /// `choice`, made for `other`, as a choice for this disk, where `counterpart` gives the number
  /// that an operation of this disk has on the other one.
  ///
  /// What is pending here and was not there (a barrier is gone, say) is kept, since there it was
  /// on the medium; or dropped, where `keepsOthers` is false, since there it did not exist. Tears
  /// and ends of appends keep their distance from the start of their write.
  public func transferred(
    _ choice: PowerLossChoice, from other: Disk, keepsOthers: Bool = true,
    counterpart: (UInt64) -> UInt64?
  ) -> PowerLossChoice {
    var names: [Bool] = []
    for (index, pending) in pendingNames.enumerated() {
      let ordinal = pendingNames[..<index].count { $0.operation == pending.operation }
      guard let number = counterpart(pending.operation) else {
        names.append(keepsOthers)
        continue
      }
      let places = other.pendingNames.indices.filter { other.pendingNames[$0].operation == number }
      names.append(
        ordinal < places.count ? choice.names[places[ordinal]] : places.isEmpty && keepsOthers)
    }
    names = NameDependencies(pendingNames).reduced(names)
    let marks = other.attributeMarks(choice)
    let attributes = pendingAttributes.map { pending in
      let number = counterpart(pending.operation)
      let place = other.pendingAttributes.firstIndex { $0.operation == number }
      return place.map { marks[$0] } ?? keepsOthers
    }
    let files = CrashStateEnumerator(disk: self, limits: ExplosionLimits(), seed: Seed(0)).files
    return PowerLossChoice(
      names: names, attributes: attributes,
      files: files.map { transferred($0, choice, other, keepsOthers, counterpart) })
  }

  private func transferred(
    _ number: InodeNumber, _ choice: PowerLossChoice, _ other: Disk, _ keepsOthers: Bool,
    _ counterpart: (UInt64) -> UInt64?
  ) -> PowerLossChoice.FileChoice {
    let unknown = keepsOthers ? PowerLossChoice.KeptData.all : .none
    guard let here = self[number] else { preconditionFailure("a file with pending data is there") }
    let numbers = Set(
      (here.pendingData.map(\.operation) + here.pendingSizes.map(\.operation))
        .compactMap(counterpart))
    let source = choice.files.first { file in
      guard let inode = other[file.inode] else { return false }
      return inode.pendingData.contains { numbers.contains($0.operation) }
        || inode.pendingSizes.contains { numbers.contains($0.operation) }
    }
    guard let source, let there = other[source.inode] else {
      return PowerLossChoice.FileChoice(
        inode: number, data: here.pendingData.map { _ in unknown },
        size: keepsOthers ? here.pendingSizes.count : 0)
    }
    var result = source
    result.inode = number
    result.data = here.pendingData.indices.map { index in
      let item = here.pendingData[index]
      let ordinal = here.pendingData[..<index].count { $0.operation == item.operation }
      guard let number = counterpart(item.operation) else { return unknown }
      let places = there.pendingData.indices.filter { there.pendingData[$0].operation == number }
      guard ordinal < places.count else { return places.isEmpty ? unknown : .none }
      let kept = source.data[places[ordinal]]
      guard case .sectors(let sectors) = kept else { return kept }
      let units = item.units(of: parameters.sectorSize)
      let old = there.pendingData[places[ordinal]].units(of: other.parameters.sectorSize)
      return .sectors(
        sectors.map { $0 - old.lowerBound + units.lowerBound }.filter(units.contains))
    }
    (result.size, result.exactSize) = size(
      of: here, source, there, keepsOthers, counterpart)
    return result
  }

  /// The newest size here whose counterpart was kept there.
  private func size(
    of here: Inode, _ source: PowerLossChoice.FileChoice, _ there: Inode, _ keepsOthers: Bool,
    _ counterpart: (UInt64) -> UInt64?
  ) -> (size: Int, exact: UInt64?) {
    let torn = source.tornAppend(of: there)
    for (index, pending) in here.pendingSizes.enumerated().reversed() {
      let place = counterpart(pending.operation).flatMap { number in
        there.pendingSizes.firstIndex { $0.operation == number }
      }
      guard let place else {
        if keepsOthers { return (index + 1, nil) }
        continue
      }
      if let torn, let exact = source.exactSize, place == torn, pending.after > pending.before {
        let length = min(exact - there.pendingSizes[torn].before, pending.after - pending.before)
        return (source.size == 0 ? 0 : index, pending.before + length)
      }
      if place < (torn ?? source.size) { return (index + 1, nil) }
    }
    return (0, nil)
  }
}

extension PowerLossChoice.FileChoice {
  /// The place of the append that ended at `exactSize`, among the pending sizes of `inode`.
  fileprivate func tornAppend(of inode: Inode) -> Int? {
    guard let exactSize else { return nil }
    if size > 0 { return size }
    return inode.pendingSizes.firstIndex { $0.before <= exactSize && exactSize <= $0.after }
  }
}
