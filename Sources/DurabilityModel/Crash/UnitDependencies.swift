/// For each unit of a crash point, the earlier ones that it needs: what a whole unit cannot be kept
/// without, under the rules of the persistence model.
///
/// Under `posix-min` only entry operations need each other. Under the models of real file systems a
/// unit that is kept whole also needs what the rules tie it to; so every closed set of whole units
/// is a state that the model permits.
struct UnitDependencies {
  /// By unit, the units that must be kept with it, each before it.
  let needed: [[Int]]

  /// The dependencies of `units`, which are in issue order.
  init(_ units: [CrashStateEnumerator.Unit], _ disk: Disk, _ files: [InodeNumber]) {
    var needed = [[Int]](repeating: [], count: units.count)
    if !disk.pendingNames.isEmpty {
      var unitOfName = [Int](repeating: 0, count: disk.pendingNames.count)
      for (index, unit) in units.enumerated() {
        if let name = unit.name { unitOfName[name] = index }
      }
      for (name, earlier) in NameDependencies(disk.pendingNames).needed.enumerated()
      where !earlier.isEmpty {
        needed[unitOfName[name]] = earlier.map { unitOfName[$0] }
      }
    }
    if disk.parameters.ordering == .issue {
      for index in units.indices.dropFirst() { needed[index].append(index - 1) }
    }
    if disk.rules.names == .issueOrder {
      Self.tie(units, disk, files, &needed)
    }
    self.needed = needed
  }

  /// What the rules of a real file system tie together.
  private static func tie(
    _ units: [CrashStateEnumerator.Unit], _ disk: Disk, _ files: [InodeNumber],
    _ needed: inout [[Int]]
  ) {
    let rules = disk.rules
    let inodes = files.map { disk.inodes[Int($0.rawValue)] }
    var newestMetadata: Int?
    var newestTruncation = [Int?](repeating: nil, count: files.count)
    var newestGrowth = [Int?](repeating: nil, count: files.count)
    var filled = [[(unit: Int, page: Int)]](repeating: [], count: files.count)
    for (index, unit) in units.enumerated() {
      let isTruncation =
        unit.file.flatMap { file in unit.size.map { !inodes[file].pendingSizes[$0 - 1].byWrite } }
        ?? false
      if unit.name != nil || isTruncation {
        if let newestMetadata { needed[index].append(newestMetadata) }
        newestMetadata = index
      }
      if let name = unit.name, disk.pendingNames[name].replaces, rules.renameOver != .nothing {
        let sources = disk.pendingNames[name].named
        for (earlier, other) in units[..<index].enumerated() {
          if let file = other.file, sources.contains(files[file]) { needed[index].append(earlier) }
        }
      }
      guard let file = unit.file else { continue }
      if let truncation = newestTruncation[file] { needed[index].append(truncation) }
      if isTruncation {
        newestTruncation[file] = index
        newestGrowth[file] = nil
      } else if unit.size != nil && rules.growth == .inOrder {
        if let growth = newestGrowth[file] { needed[index].append(growth) }
        newestGrowth[file] = index
      }
      if rules.preallocatedInOrder, !inodes[file].filling.isEmpty {
        for item in unit.data where inodes[file].pendingData[item].bytes != nil {
          let pages = inodes[file].filling.intersection(
            inodes[file].pendingData[item].units(of: Page.size))
          guard let first = pages.ranges.first?.lowerBound,
            let last = pages.ranges.last?.upperBound
          else { continue }
          needed[index] += filled[file].filter { $0.unit < index && $0.page < last }.map(\.unit)
          filled[file].append((index, first))
        }
      }
    }
  }

  /// Whether every marked unit has what it needs.
  func isClosed(_ kept: [Bool]) -> Bool {
    needed.indices.allSatisfy { !kept[$0] || needed[$0].allSatisfy { kept[$0] } }
  }

  /// `kept` without the units that lack something they need.
  func reduced(_ kept: [Bool]) -> [Bool] {
    var result = kept
    for index in needed.indices where result[index] && !needed[index].isEmpty {
      result[index] = needed[index].allSatisfy { result[$0] }
    }
    return result
  }

  /// `kept` with all that its units need, however indirectly.
  func completed(_ kept: [Bool]) -> [Bool] {
    var result = kept
    for index in needed.indices.reversed() where result[index] {
      for earlier in needed[index] { result[earlier] = true }
    }
    return result
  }
}
