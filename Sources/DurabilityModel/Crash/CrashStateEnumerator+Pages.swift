import Determinism

/// The parts of a unit where data is written by pages: the models of real file systems.
extension CrashStateEnumerator {
  /// Lists the ways in which only part of a unit of file `file` is kept, beside `base`, which has
  /// nothing of it; `before` has the size that is kept without it.
  func partialByPages(
    of unit: Unit, file: Int, _ base: PowerLossChoice, _ before: PowerLossChoice, _ inode: Inode,
    _ generator: inout PRNG, _ body: (PowerLossChoice) -> Void
  ) {
    let sizes = sizes(of: unit, base, before, file, inode)
    for size in sizes {
      var choice = size
      body(choice)  // the size, and none of its data
      for item in unit.data { choice.files[file].data[item] = .all }
      body(choice)
      if unit.data.count > 1 {
        // The rest of a page that a truncation zeroes, and the pages that it gives back.
        for item in unit.data {
          var one = size
          one.files[file].data[item] = .all
          body(one)
        }
      }
    }
    let pages = pages(of: unit, inode)
    for shape in shapes(pages, &generator) {
      for size in sizes { body(keeping(shape, of: unit, file: file, in: size, inode)) }
    }
    for page in pages.count <= 4 ? pages : [pages[0], generator.pick(pages)] {
      for sectors in tears(of: page, unit, inode, &generator) {
        let others = sectorsOf(pages.filter { $0 != page && generator.chance(1, in: 2) })
        for size in sizes {
          body(keeping(sectors, of: unit, file: file, in: size, inode))
          if !others.isEmpty {
            body(keeping((sectors + others).sorted(), of: unit, file: file, in: size, inode))
          }
        }
      }
    }
  }

  /// Lists `choice` again without what zeroes the rest of the pages through which cuts go.
  func tailsStayOld(_ choice: PowerLossChoice, _ body: (PowerLossChoice) -> Void) {
    var old = choice
    for (file, number) in files.enumerated() {
      for (index, item) in (disk[number]?.pendingData ?? []).enumerated()
      where item.bytes == nil && item.offset % UInt64(Page.size) != 0 {
        old.files[file].data[index] = .none
      }
    }
    if old != choice { body(old) }
  }

  /// The sizes that the file may have with part of the unit's data: as before it, as behind it, as
  /// behind later ones where it may lead the data, and where a page of it ends.
  private func sizes(
    of unit: Unit, _ base: PowerLossChoice, _ before: PowerLossChoice, _ file: Int, _ inode: Inode
  ) -> [PowerLossChoice] {
    guard let number = unit.size else { return [base] }
    var choices = [before]
    var whole = base
    whole.files[file].size = max(whole.files[file].size, number)
    choices.append(whole)
    if rules.growth == .mayLeadData {
      // The size of the last append that no truncation divides from it.
      var last = number
      while last < inode.pendingSizes.count, inode.pendingSizes[last].byWrite { last += 1 }
      if last > number {
        whole.files[file].size = max(whole.files[file].size, last)
        choices.append(whole)
      }
    }
    let pending = inode.pendingSizes[number - 1]
    let page = UInt64(Page.size)
    guard pending.byWrite, pending.after > pending.before, rules.growth != .inOrder else {
      return choices
    }
    let first = pending.before / page * page + page
    guard first < pending.after else { return choices }
    let last = (pending.after - 1) / page * page
    let middle = first + (last - first) / page / 2 * page
    for end in Set([first, middle, last]).sorted() {
      var choice = base
      choice.files[file].size = number - 1
      choice.files[file].exactSize = end
      choices.append(choice)
    }
    return choices
  }

  /// The pages that the unit's writes touch, up to a bound: a huge one is torn near its start.
  private func pages(of unit: Unit, _ inode: Inode) -> [Int] {
    var touched = RangeSet()
    for item in unit.data { touched.insert(inode.pendingData[item].units(of: Page.size)) }
    return Array(touched.ranges.joined().prefix(512))
  }

  /// Sets of pages, in sectors: every one while they are few, else prefixes, all but the first, and
  /// a random one.
  private func shapes(_ pages: [Int], _ generator: inout PRNG) -> [[Int]] {
    guard pages.count > 1 else { return [] }
    if pages.count <= 4 {
      return (1..<(1 << pages.count) - 1).map { subset in
        sectorsOf(pages.indices.filter { subset & (1 << $0) != 0 }.map { pages[$0] })
      }
    }
    let sets =
      [1, pages.count / 2, pages.count - 1].map { Array(pages[..<$0]) } + [
        Array(pages.dropFirst()), pages.filter { _ in generator.chance(1, in: 2) },
      ]
    return sets.map(sectorsOf)
  }

  private func sectorsOf(_ pages: [Int]) -> [Int] {
    let perPage = Page.size / disk.parameters.sectorSize
    return pages.flatMap { Array($0 * perPage..<($0 + 1) * perPage) }
  }

  /// Parts of one page of the unit, in sectors, in the shapes that the knobs allow.
  private func tears(
    of page: Int, _ unit: Unit, _ inode: Inode, _ generator: inout PRNG
  ) -> [[Int]] {
    guard rules.tears == .pageInFlight else { return [] }
    let perPage = Page.size / disk.parameters.sectorSize
    var touched = RangeSet()
    for item in unit.data {
      touched.insert(
        inode.pendingData[item].units(of: disk.parameters.sectorSize).clamped(
          to: page * perPage..<(page + 1) * perPage))
    }
    let sectors = Array(touched.ranges.joined())
    guard sectors.count > 1 else { return [] }
    var shapes: [[Int]] = []
    if disk.parameters.tears.contains(.sectorPrefix) {
      for end in Set([1, sectors.count / 2, sectors.count - 1]).sorted() {
        shapes.append(Array(sectors[..<end]))
      }
    }
    if disk.parameters.tears.contains(.anySectors) {
      shapes.append(Array(sectors.dropFirst()))
      shapes.append(sectors.filter { _ in generator.chance(1, in: 2) })
    }
    return shapes.filter { !$0.isEmpty && $0.count < sectors.count }
  }

  /// `choice`, with the unit's items kept where `sectors` are.
  private func keeping(
    _ sectors: [Int], of unit: Unit, file: Int, in choice: PowerLossChoice, _ inode: Inode
  ) -> PowerLossChoice {
    var result = choice
    for item in unit.data {
      let units = inode.pendingData[item].units(of: disk.parameters.sectorSize)
      let kept = sectors.filter(units.contains)
      result.files[file].data[item] =
        kept.isEmpty ? .none : kept.count == units.count ? .all : .sectors(kept)
    }
    return result
  }

  /// A rename over an existing name whose source is not synced: it is there with the source's size,
  /// of whose data nothing, or its first page alone, reached the disk.
  func renameWithoutData(
    _ index: Int, _ kept: [Bool], _ generator: inout PRNG, _ body: (PowerLossChoice) -> Void
  ) {
    guard let name = units[index].name, disk.pendingNames[name].replaces, rules.renameOver == .size
    else { return }
    var marked = closed(kept)
    marked[index] = true
    let whole = choice(keeping: completed(marked))
    for number in disk.pendingNames[name].named {
      guard let file = files.firstIndex(of: number), let inode = disk[number] else { continue }
      var empty = whole
      for item in inode.pendingData.indices { empty.files[file].data[item] = .none }
      body(empty)
      guard let first = inode.pendingData.indices.first else { continue }
      var choice = empty
      let units = inode.pendingData[first].units(of: disk.parameters.sectorSize)
      let page = Page.size / disk.parameters.sectorSize
      choice.files[file].data[first] =
        units.count <= page ? .all : .sectors(Array(units.prefix(page - units.lowerBound % page)))
      body(choice)
    }
  }
}
