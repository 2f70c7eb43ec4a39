// The tree of pages: finding, sharing and replacing them.
extension FileContent {
  /// The place below a node of `level` on the way to page `index`.
  @inline(__always)
  private static func place(_ index: Int, _ level: Int) -> Int {
    (index >> (level * PageNode.bits)) & (PageNode.fanOut - 1)
  }

  /// Whether the tree is high enough for page `index`.
  @inline(__always)
  private func reaches(_ index: Int) -> Bool { index >> (level * PageNode.bits) < PageNode.fanOut }

  /// The leaf in which page `index` would stand, if there is one.
  func leaf(of index: Int) -> PageNode? {
    guard reaches(index) else { return nil }
    var node = root
    var level = level
    while level > 0, let inner = node {
      node = inner.node(Self.place(index, level))
      level -= 1
    }
    return node
  }

  /// Page `index`, or nil where it is a hole.
  func page(_ index: Int) -> Page? { leaf(of: index)?.page(index & (PageNode.fanOut - 1)) }

  /// The number of the first page from `index` on that holds data.
  func nextPage(from index: Int) -> Int? {
    guard let root, reaches(index) else { return nil }
    return Self.nextPage(from: index, below: root, level, base: 0)
  }

  private static func nextPage(
    from index: Int, below node: PageNode, _ level: Int, base: Int
  ) -> Int? {
    let width = 1 << (level * PageNode.bits)
    var place = max(0, (index - base) / width)
    while place < node.count {
      let start = base + place * width
      if level == 0 {
        if node.page(place) != nil { return start }
      } else if let inner = node.node(place),
        let found = nextPage(from: index, below: inner, level - 1, base: start)
      {
        return found
      }
      place += 1
    }
    return nil
  }

  /// Puts a whole page in the place of page `index`; it may be one that others hold as well.
  mutating func setPage(_ index: Int, _ page: Page) {
    let leaf = uniqueLeaf(of: index)
    let place = index & (PageNode.fanOut - 1)
    if leaf.isHole(place) { pageCount += 1 }
    leaf.set(place, page)
  }

  /// Puts whole pages in the places from page `index` on, leaf by leaf.
  mutating func setPages(from index: Int, _ pages: ArraySlice<Page>) {
    var index = index
    var position = pages.startIndex
    while position < pages.endIndex {
      let place = index & (PageNode.fanOut - 1)
      let count = min(PageNode.fanOut - place, pages.endIndex - position)
      // The leaf of the last of them has room for all.
      let leaf = uniqueLeaf(of: index + count - 1)
      for offset in 0..<count {
        if leaf.isHole(place + offset) { pageCount += 1 }
        leaf.set(place + offset, pages[position + offset])
      }
      index += count
      position += count
    }
  }

  /// Makes page `index` what it is in `other`: the same page, or a hole.
  mutating func takePage(_ index: Int, from other: FileContent) {
    if let page = other.page(index) {
      setPage(index, page)
    } else {
      removePages(index..<index + 1)
    }
  }

  /// Changes page `index`, of zeros where it was a hole, in a page of this content's own.
  mutating func changePage(_ index: Int, _ change: (Page) -> Void) {
    let leaf = uniqueLeaf(of: index)
    let place = index & (PageNode.fanOut - 1)
    if leaf.holdsAlone(place) {
      if let page = leaf.page(place) { change(page) }
      return
    }
    let page: Page
    if let shared = leaf.page(place) {
      page = shared.copy()
    } else {
      page = .zeros()
      pageCount += 1
    }
    change(page)
    leaf.set(place, page)
  }

  /// The leaf of page `index`, with room for it, held by this content alone as are all nodes above.
  private mutating func uniqueLeaf(of index: Int) -> PageNode {
    growToReach(index)
    var level = level
    let rootPlace = Self.place(index, level)
    var node: PageNode
    if isKnownUniquelyReferenced(&root), let old = root, old.count > rootPlace {
      node = old
    } else {
      node = Self.roomy(root, rootPlace)
      root = node
    }
    while level > 0 {
      let place = Self.place(index, level)
      level -= 1
      let innerPlace = Self.place(index, level)
      if node.holdsAlone(place), let inner = node.node(place), inner.count > innerPlace {
        node = inner
      } else {
        let inner = Self.roomy(node.node(place), innerPlace)
        node.set(place, inner)
        node = inner
      }
    }
    return node
  }

  /// A node of its own with what `node` holds, and room for `place`.
  private static func roomy(_ node: PageNode?, _ place: Int) -> PageNode {
    guard let node else { return .empty(PageNode.room(for: place)) }
    return node.copy(node.count > place ? node.count : PageNode.room(for: place))
  }

  private mutating func growToReach(_ index: Int) {
    while !reaches(index) {
      if let old = root {
        let node = PageNode.empty(2)
        node.set(0, old)
        root = node
      }
      level += 1
    }
  }

  /// Turns whole pages into holes. Costs what goes, not what lies between: a huge sparse file is
  /// cut at once.
  mutating func removePages(_ range: Range<Int>) {
    guard let first = nextPage(from: range.lowerBound), first < range.upperBound else { return }
    if !isKnownUniquelyReferenced(&root) { root = root.map { $0.copy($0.count) } }
    guard let node = root else { return }
    pageCount -= Self.remove(first..<range.upperBound, below: node, level, base: 0)
    if pageCount == 0 {
      root = nil
      level = 0
    }
  }

  /// Removes pages below `node`, which nobody else holds; how many.
  private static func remove(
    _ range: Range<Int>, below node: PageNode, _ level: Int, base: Int
  ) -> Int {
    let width = 1 << (level * PageNode.bits)
    var removed = 0
    for place in max(0, (range.lowerBound - base) / width)..<node.count {
      let start = base + place * width
      if start >= range.upperBound { break }
      if level == 0 {
        if node.page(place) != nil { removed += 1 }
        node.set(place, nil)
      } else {
        let isOwn = node.holdsAlone(place)
        guard var inner = node.node(place) else { continue }
        if range.lowerBound <= start && start + width <= range.upperBound {
          removed += inner.pageCount(level: level - 1)
          node.set(place, nil)
          continue
        }
        if !isOwn {
          inner = inner.copy(inner.count)
          node.set(place, inner)
        }
        removed += remove(range, below: inner, level - 1, base: start)
        if inner.isEmpty { node.set(place, nil) }
      }
    }
    return removed
  }
}
