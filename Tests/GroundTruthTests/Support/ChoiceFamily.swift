@testable import DurabilityModel

/// Ways in which a power cut may keep part of what is pending, beyond the enumerator's sample:
/// every subset of pages while they are few, intervals of them beyond that, each with at most one
/// page torn by any mask of its sectors, as the laboratory tore them; every size.
///
/// A member need not be permitted: `Disk.accepts` decides that.
struct ChoiceFamily {
  let disk: Disk
  /// The files that have something pending.
  let files: [InodeNumber]

  init(_ disk: Disk) {
    self.disk = disk
    files = disk.inodes.indices.map { InodeNumber(UInt32($0)) }.filter { number in
      disk[number].map { !$0.pendingData.isEmpty || !$0.pendingSizes.isEmpty } ?? false
    }
  }

  /// Nothing of `file`.
  func nothing(of file: InodeNumber) -> PowerLossChoice.FileChoice {
    choice(
      file, Kept(pages: [], torn: nil, mask: 0), EarlierItems(count: 0, wholly: false),
      SizeChoice(number: 0))
  }

  /// All of `file`.
  func everything(of file: InodeNumber) -> PowerLossChoice.FileChoice {
    var choice = nothing(of: file)
    choice.size = disk[file]?.pendingSizes.count ?? 0
    for index in choice.data.indices { choice.data[index] = .all }
    return choice
  }

  /// The sets of entry operations: all subsets while they are few, else the prefixes.
  var names: [[Bool]] {
    let count = disk.pendingNames.count
    if count <= 4 {
      return (0..<1 << count).map { bits in (0..<count).map { bits >> $0 & 1 == 1 } }
    }
    return (0...count).map { end in (0..<count).map { $0 < end } }
  }

  /// Which of the ways are listed.
  enum Part: CaseIterable {
    /// Whole pages.
    case wholePages
    /// One torn page beside whole ones.
    case tornPage
  }

  /// The ways for one file. `body` returns false to stop.
  func forEach(
    _ part: Part, of file: InodeNumber, _ body: (PowerLossChoice.FileChoice) -> Bool
  ) {
    guard let inode = disk[file] else { return }
    switch part {
    case .wholePages: wholePages(inode, file, body)
    case .tornPage: if !disk.parameters.tears.isEmpty { tornPage(inode, file, body) }
    }
  }

  private func wholePages(
    _ inode: Inode, _ file: InodeNumber, _ body: (PowerLossChoice.FileChoice) -> Bool
  ) {
    let sizes = Self.sizes(of: inode)
    let pages = Self.pages(of: inode)
    let earlier = Self.earlierItems(of: inode)
    for shape in Self.shapes(of: pages) {
      let kept = Kept(pages: shape, torn: nil, mask: 0)
      for size in sizes {
        for mode in earlier where !body(choice(file, kept, mode, size)) { return }
      }
    }
  }

  private func tornPage(
    _ inode: Inode, _ file: InodeNumber, _ body: (PowerLossChoice.FileChoice) -> Bool
  ) {
    let sizes = Self.sizes(of: inode)
    let pages = Self.pages(of: inode)
    let earlier = Self.earlierItems(of: inode)
    let coarse =
      sizes.count <= 3 ? sizes : [sizes[0], sizes[sizes.count / 2], sizes[sizes.count - 1]]
    let beside = pages.map { Self.shapes(beside: $0, pages, inode) }
    for mask in Self.masks {
      for (page, shapes) in zip(pages, beside) {
        for shape in shapes {
          let kept = Kept(pages: shape, torn: page, mask: mask)
          for size in coarse {
            for mode in earlier where !body(choice(file, kept, mode, size)) { return }
          }
        }
      }
    }
  }

  /// The sets of sectors of a torn page, as bits; those of few runs first.
  private static let masks = (1..<255).sorted {
    let left = ($0 ^ $0 << 1).nonzeroBitCount
    let right = ($1 ^ $1 << 1).nonzeroBitCount
    return (left, $0) < (right, $1)
  }

  /// The sets of whole pages that a torn `page` is combined with: none, those before it, all
  /// others, and every subset of those that the newest item touches while they are few.
  private static func shapes(beside page: Int, _ pages: [Int], _ inode: Inode) -> [[Int]] {
    let others = pages.filter { $0 != page }
    let newest = inode.pendingData.last?.units(of: Page.size) ?? 0..<0
    let few = others.count <= 3 ? others : others.filter(newest.contains)
    let some = few.count <= 3 ? Self.shapes(of: few) : [[]]
    return some + [pages.filter { $0 < page }, others].filter { !some.contains($0) }
  }

  /// Which pages of a file are kept whole, and of which one those sectors whose bits are set.
  private struct Kept {
    var pages: [Int]
    var torn: Int?
    var mask: Int
  }

  /// What is kept of the first `count` items, where that differs from the rest: pages reach the
  /// disk more than once, with what the cache held at the time.
  private struct EarlierItems {
    var count: Int
    /// All of them; else the pages of the choice, none torn.
    var wholly: Bool
  }

  /// A size of a choice: a pending one, or a number of bytes.
  private struct SizeChoice {
    var number: Int
    var exact: UInt64?
  }

  private func choice(
    _ file: InodeNumber, _ kept: Kept, _ earlier: EarlierItems, _ size: SizeChoice
  ) -> PowerLossChoice.FileChoice {
    var whole = Set(kept.pages.flatMap(sectors))
    var part = whole
    if let page = kept.torn {
      whole.formUnion(sectors(of: page))
      for (index, sector) in sectors(of: page).enumerated() where kept.mask >> index & 1 == 1 {
        part.insert(sector)
      }
    }
    let items = disk[file]?.pendingData ?? []
    let data = items.enumerated().map { index, item -> PowerLossChoice.KeptData in
      if index < earlier.count && earlier.wholly { return .all }
      let marked = index < earlier.count ? whole : part
      let units = item.units(of: disk.parameters.sectorSize)
      let sectors = units.filter(marked.contains)
      if sectors.isEmpty { return .none }
      return sectors.count == units.count ? .all : .sectors(sectors)
    }
    return PowerLossChoice.FileChoice(
      inode: file, data: data, size: size.number, exactSize: size.exact, garbage: .zeros)
  }

  /// The same for all items, and each way in which the first few differ where they overlap later
  /// ones.
  private static func earlierItems(of inode: Inode) -> [EarlierItems] {
    let items = inode.pendingData
    var result = [EarlierItems(count: 0, wholly: false)]
    for count in 1..<max(1, min(items.count, 4))
    where items[..<count].contains(where: { $0.range.overlaps(items[count].range) }) {
      result.append(EarlierItems(count: count, wholly: true))
      result.append(EarlierItems(count: count, wholly: false))
    }
    return result
  }

  private func sectors(of page: Int) -> [Int] {
    let count = Page.size / disk.parameters.sectorSize
    return Array(page * count..<(page + 1) * count)
  }

  /// Every pending size, and within each growth every page boundary.
  private static func sizes(of inode: Inode) -> [SizeChoice] {
    var sizes = (0...inode.pendingSizes.count).map { SizeChoice(number: $0) }
    for pending in inode.pendingSizes where pending.after > pending.before {
      let first = (pending.before / UInt64(Page.size) + 1) * UInt64(Page.size)
      for boundary in stride(from: first, to: pending.after, by: Page.size) {
        sizes.append(SizeChoice(number: 0, exact: boundary))
      }
    }
    return sizes
  }

  private static func pages(of inode: Inode) -> [Int] {
    var pages = Set<Int>()
    for item in inode.pendingData { pages.formUnion(item.units(of: Page.size)) }
    return pages.sorted()
  }

  /// Sets of pages: all while they are few, else every interval and what it leaves.
  private static func shapes(of pages: [Int]) -> [[Int]] {
    if pages.count <= 4 {
      return (0..<1 << pages.count).map { bits in
        pages.indices.filter { bits >> $0 & 1 == 1 }.map { pages[$0] }
      }
    }
    var shapes: [[Int]] = [[], pages, pages.indices.filter { $0 % 2 == 0 }.map { pages[$0] }]
    let step = max(1, pages.count / 16)
    for start in stride(from: 0, to: pages.count, by: step) {
      for end in stride(from: start + 1, through: pages.count, by: step) {
        shapes.append(Array(pages[start..<end]))
        shapes.append(Array(pages[..<start] + pages[end...]))
      }
    }
    return shapes
  }
}
