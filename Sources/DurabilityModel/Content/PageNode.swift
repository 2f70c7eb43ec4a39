/// A node of the tree in which a file keeps its pages: up to 32 places, each of them empty, a page
/// (in a leaf, level 0) or a node of the level below.
///
/// Nodes are shared by every content that holds the same pages; only a node that one content alone
/// holds is changed. One allocation each, no larger than the highest place in use asks for: most
/// files that crash have few pages.
final class PageNode: ManagedBuffer<Int, AnyObject?> {
  /// How many bits of a page's number one level tells apart.
  static let bits = 5
  /// How many places a node has at most.
  static let fanOut = 1 << bits

  /// An empty node with room for `count` places.
  static func empty(_ count: Int) -> PageNode {
    let node = unsafeDowncast(
      PageNode.create(minimumCapacity: count) { _ in count }, to: PageNode.self)
    node.withUnsafeMutablePointerToElements {
      for place in 0..<count { ($0 + place).initialize(to: nil) }
    }
    return node
  }

  deinit {
    // One by one here and in `copy`: the library's own loop over references calls a witness for
    // each of them, which takes five times as long.
    withUnsafeMutablePointers { count, places in
      for place in 0..<count.pointee { (places + place).deinitialize(count: 1) }
    }
  }

  /// How many places it has room for.
  var count: Int { withUnsafeMutablePointerToHeader { $0.pointee } }

  /// A node of its own with the same content and room for `count` places, at least its own.
  func copy(_ count: Int) -> PageNode {
    let own = self.count
    let node = unsafeDowncast(
      PageNode.create(minimumCapacity: count) { _ in count }, to: PageNode.self)
    withUnsafeMutablePointerToElements { source in
      node.withUnsafeMutablePointerToElements { target in
        for place in 0..<own { (target + place).initialize(to: source[place]) }
        for place in own..<count { (target + place).initialize(to: nil) }
      }
    }
    return node
  }

  /// The page at `place` of a leaf.
  @inline(__always)
  func page(_ place: Int) -> Page? {
    guard place < count, let page = withUnsafeMutablePointerToElements({ $0[place] }) else {
      return nil
    }
    return unsafeDowncast(page, to: Page.self)
  }

  /// The node at `place` of a node that is no leaf.
  @inline(__always)
  func node(_ place: Int) -> PageNode? {
    guard place < count, let node = withUnsafeMutablePointerToElements({ $0[place] }) else {
      return nil
    }
    return unsafeDowncast(node, to: PageNode.self)
  }

  /// Whether nothing is at `place`, for which there is room.
  @inline(__always)
  func isHole(_ place: Int) -> Bool { withUnsafeMutablePointerToElements { $0[place] == nil } }

  /// Puts something, or nothing, at `place`; the node must be held by nobody else.
  @inline(__always)
  func set(_ place: Int, _ object: AnyObject?) {
    withUnsafeMutablePointerToElements { $0[place] = object }
  }

  /// Whether the node alone holds what is at `place`.
  @inline(__always)
  func holdsAlone(_ place: Int) -> Bool {
    withUnsafeMutablePointerToElements { isKnownUniquelyReferenced(&$0[place]) }
  }

  /// Whether nothing is at any place.
  var isEmpty: Bool {
    withUnsafeMutablePointers { count, places in
      for place in 0..<count.pointee where places[place] != nil { return false }
      return true
    }
  }

  /// How many pages lie below it, when it stands at `level`.
  func pageCount(level: Int) -> Int {
    var sum = 0
    for place in 0..<count {
      if level == 0 {
        if page(place) != nil { sum += 1 }
      } else if let inner = node(place) {
        sum += inner.pageCount(level: level - 1)
      }
    }
    return sum
  }

  /// The room a node gets whose place `place` is used: the next power of two.
  static func room(for place: Int) -> Int {
    place < 2 ? 2 : 1 << (Int.bitWidth - place.leadingZeroBitCount)
  }
}
