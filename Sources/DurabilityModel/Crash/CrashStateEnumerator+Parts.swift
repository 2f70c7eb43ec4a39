import Determinism

extension CrashStateEnumerator {
  /// The choice that keeps just the units marked in `kept`, each whole.
  ///
  /// A file's size is that of its last kept unit. Ranges whose unit was dropped show zeros, or
  /// where the space was never synced every kind of garbage in turn.
  func choice(keeping kept: [Bool]) -> PowerLossChoice {
    var names = [Bool](repeating: false, count: disk.pendingNames.count)
    var attributes = [Bool](repeating: false, count: disk.pendingAttributes.count)
    var choices = files.map { number in
      PowerLossChoice.FileChoice(
        inode: number,
        data: Array(repeating: .none, count: disk[number]?.pendingData.count ?? 0), size: 0)
    }
    for (unit, isKept) in zip(units, kept) where isKept {
      if let name = unit.name { names[name] = true }
      if let place = unit.attributes { attributes[place] = true }
      guard let file = unit.file else { continue }
      for index in unit.data { choices[file].data[index] = .all }
      if let size = unit.size { choices[file].size = max(choices[file].size, size) }
    }
    return PowerLossChoice(names: names, attributes: attributes, files: choices)
  }

  /// Lists the choice that keeps the marked units whole, with a kind of garbage where it matters.
  func emit(_ kept: [Bool], _ generator: inout PRNG, _ body: (PowerLossChoice) -> Void) {
    var choice = choice(keeping: kept)
    let garbage = garbageKinds
    if !garbage.isEmpty, kept.contains(false) {
      let kind = generator.pick(garbage)
      let variant = generator.next() >> 32
      for index in choice.files.indices {
        choice.files[index].garbage = kind
        choice.files[index].garbageSeed = variant
      }
    }
    body(choice)
    if rules.truncation == .tailMayStayOld { tailsStayOld(choice, body) }
    if !rules.showsGarbage { doubtfulSpace(choice, &generator, body) }
  }

  /// Lists `choice` again with each kind of garbage in space that a failed barrier left in doubt.
  private func doubtfulSpace(
    _ choice: PowerLossChoice, _ generator: inout PRNG, _ body: (PowerLossChoice) -> Void
  ) {
    for (file, number) in files.enumerated() {
      guard let inode = disk[number], !inode.doubtfulSectors.isEmpty else { continue }
      for kind in disk.parameters.garbage where kind != .zeros {
        var garbage = choice
        garbage.files[file].garbage = kind
        garbage.files[file].garbageSeed = generator.next() >> 32
        body(garbage)
      }
    }
  }

  /// The kinds of garbage that never-synced space may show here; none where it shows zeros.
  private var garbageKinds: [GarbageKind] { rules.showsGarbage ? disk.parameters.garbage : [] }

  /// Lists the ways in which only part of unit `index` is kept, beside the units marked in `kept`.
  func partial(
    of index: Int, _ kept: [Bool], _ generator: inout PRNG, _ body: (PowerLossChoice) -> Void
  ) {
    let unit = units[index]
    guard let file = unit.file, let inode = disk[files[file]] else {
      renameWithoutData(index, kept, &generator, body)
      return
    }
    let base = choice(keeping: closed(kept))
    var before = base
    before.files[file].size = largestSize(below: index, file: file, kept)
    if rules.dataUnit == .page {
      partialByPages(of: unit, file: file, base, before, inode, &generator, body)
      return
    }
    if let size = unit.size {
      let pending = inode.pendingSizes[size - 1]
      sizeWithoutData(base, file: file, size: size, &generator, body)
      if pending.after > pending.before {
        shortAppends(base, unit, file: file, pending, &generator, body)
      }
      // Its data without its size: seen where the range lies below the size that is kept.
      var dataOnly = before
      for item in unit.data { dataOnly.files[file].data[item] = .all }
      body(dataOnly)
    }
    tornBySectors(base, unit, file: file, inode, &generator, body)
    if disk.parameters.tears.contains(.garbageSector) {
      damaged(base, unit, file: file, inode, &generator, body)
    }
  }

  /// The sector in flight holds garbage: the first, the last, or any, beside all of the unit or
  /// what is before it alone. Every kind of garbage is a stratum.
  private func damaged(
    _ base: PowerLossChoice, _ unit: Unit, file: Int, _ inode: Inode, _ generator: inout PRNG,
    _ body: (PowerLossChoice) -> Void
  ) {
    for item in unit.data where inode.pendingData[item].bytes != nil {
      let units = inode.pendingData[item].units(of: disk.parameters.sectorSize)
      let sectors = [
        units.lowerBound, units.upperBound - 1,
        generator.number(in: units.lowerBound...units.upperBound - 1),
      ]
      for sector in Set(sectors).sorted() {
        for kind in garbageKinds.isEmpty ? [.zeros] : garbageKinds {
          var choice = base
          choice.files[file].data[item] = .sectors(Array(units.lowerBound..<sector))
          if let size = unit.size { choice.files[file].size = max(choice.files[file].size, size) }
          choice.files[file].garbage = kind
          choice.files[file].garbageSeed = generator.next() >> 32
          choice.files[file].damagedSector = sector
          body(choice)
        }
      }
    }
  }

  private func largestSize(below index: Int, file: Int, _ kept: [Bool]) -> Int {
    var size = 0
    for other in units.indices where other != index && kept[other] && units[other].file == file {
      size = max(size, units[other].size ?? 0)
    }
    return size
  }

  /// The size reached the disk and the data did not: every kind of garbage is a stratum of its own.
  private func sizeWithoutData(
    _ base: PowerLossChoice, file: Int, size: Int, _ generator: inout PRNG,
    _ body: (PowerLossChoice) -> Void
  ) {
    for kind in garbageKinds.isEmpty ? [.zeros] : garbageKinds {
      var choice = base
      choice.files[file].size = max(choice.files[file].size, size)
      choice.files[file].garbage = kind
      choice.files[file].garbageSeed = generator.next() >> 32
      body(choice)
    }
  }

  /// An append that ended at a byte: near both ends, in the middle, and somewhere.
  private func shortAppends(
    _ base: PowerLossChoice, _ unit: Unit, file: Int, _ pending: PendingSize,
    _ generator: inout PRNG, _ body: (PowerLossChoice) -> Void
  ) {
    guard disk.parameters.tears.contains(.bytePrefix), !unit.data.isEmpty else { return }
    let length = Int(pending.after - pending.before)
    guard length > 1 else { return }
    let ends = [1, length / 2, length - 1, generator.number(in: 1...length - 1)]
    for end in Set(ends).sorted() {
      var choice = base
      for item in unit.data { choice.files[file].data[item] = .all }
      choice.files[file].size = 0
      choice.files[file].exactSize = pending.before + UInt64(end)
      body(choice)
    }
  }

  /// Part of the sectors of a write, in every shape that the disk allows; the size as if it were
  /// whole.
  private func tornBySectors(
    _ base: PowerLossChoice, _ unit: Unit, file: Int, _ inode: Inode, _ generator: inout PRNG,
    _ body: (PowerLossChoice) -> Void
  ) {
    let sectorSize = disk.parameters.sectorSize
    var touched = RangeSet()
    for item in unit.data { touched.insert(inode.pendingData[item].units(of: sectorSize)) }
    // A truncation may cut off a whole file: the tear lies near its start.
    let sectors = Array(touched.ranges.joined().prefix(Self.sectorLimit))
    guard sectors.count > 1 else { return }
    var shapes: [[Int]] = []
    if disk.parameters.tears.contains(.sectorPrefix) {
      for end in Set([1, sectors.count / 2, sectors.count - 1]).sorted() where end > 0 {
        shapes.append(Array(sectors[..<end]))
      }
    }
    if disk.parameters.tears.contains(.anySectors) {
      shapes.append(Array(sectors.dropFirst()))
      shapes.append(sectors.filter { _ in generator.chance(1, in: 2) })
    }
    for shape in shapes where !shape.isEmpty && shape.count < sectors.count {
      var choice = base
      for item in unit.data {
        let units = inode.pendingData[item].units(of: sectorSize)
        choice.files[file].data[item] = .sectors(shape.filter(units.contains))
      }
      if let size = unit.size { choice.files[file].size = max(choice.files[file].size, size) }
      if !garbageKinds.isEmpty {
        choice.files[file].garbage = generator.pick(garbageKinds)
        choice.files[file].garbageSeed = generator.next() >> 32
      }
      body(choice)
    }
  }

  /// How many sectors of one operation a tear may tell apart: 2 MiB of the smaller ones.
  private static var sectorLimit: Int { 4096 }
}
