import Determinism

/// The bytes of a file without its size: pages, or holes that read as zeros.
///
/// A value that clones by copy-on-write in constant time: a clone shares every page, and a write
/// copies only the pages it touches and the few tree nodes above them. The tree is as high as the
/// place of the last page asks for, and holes cost nothing, so a file of a few pages is one small
/// node and a sparse file of any size costs what its data does.
struct FileContent {
  /// The tree; nil while there is no page.
  var root: PageNode?
  /// The level of the root: 0 is a leaf, which holds pages.
  var level = 0
  /// How many pages hold data.
  var pageCount = 0

  /// The largest file the model holds, in bytes: 8 EiB, which is what `off_t` can tell, less two
  /// pages, so that rounding an offset up to a page or a sector is always a number too.
  static let maximumSize = UInt64(Int.max - 2 * Page.size + 1)

  /// Whether page `index` holds data (not a hole).
  func hasPage(_ index: Int) -> Bool { page(index) != nil }

  /// Whether both hold the very same pages, as far as that is seen at once: a large file whose tree
  /// was changed counts as another.
  func isSame(as other: FileContent) -> Bool {
    if root === other.root { return level == other.level }
    guard level == 0, other.level == 0, pageCount == other.pageCount, let root,
      let theirs = other.root
    else { return false }
    for place in 0..<max(root.count, theirs.count) where root.page(place) !== theirs.page(place) {
      return false
    }
    return true
  }

  /// Copies the bytes from `offset` on into `buffer`; holes and what lies beyond read as zeros.
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) {
    var done = 0
    forEachPiece(at: offset, count: buffer.count) { bytes, count in
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
      if let bytes {
        part.copyMemory(from: bytes)
      } else {
        part.initializeMemory(as: UInt8.self, repeating: 0)
      }
      done += count
    }
  }

  /// Calls `body` with the pieces of the `count` bytes from `offset` on, in order: the bytes and
  /// how many, or nil and how many of a hole. The bytes stay where they are while the content is
  /// held and not written to.
  func forEachPiece(
    at offset: UInt64, count: Int, _ body: (UnsafeRawBufferPointer?, Int) -> Void
  ) {
    guard count > 0 else { return }
    var position = Int(offset)
    let end = position + count
    var leaf: PageNode?
    var leafNumber = -1
    while position < end {
      let index = position / Page.size
      if index >> PageNode.bits != leafNumber {
        leafNumber = index >> PageNode.bits
        leaf = self.leaf(of: index)
      }
      let within = position % Page.size
      let length = min(Page.size - within, end - position)
      if let page = leaf?.page(index & (PageNode.fanOut - 1)) {
        body(UnsafeRawBufferPointer(rebasing: page.bytes[within..<within + length]), length)
      } else {
        body(nil, length)
      }
      position += length
    }
  }

  /// Replaces the bytes from `offset` on.
  mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
    var position = Int(offset)
    var done = 0
    while done < bytes.count {
      let within = position % Page.size
      let count = min(Page.size - within, bytes.count - done)
      let part = UnsafeRawBufferPointer(rebasing: bytes[done..<done + count])
      if count == Page.size {
        setPage(position / Page.size, .copying(part))
      } else {
        changePage(position / Page.size) { $0.replace(at: within, with: part) }
      }
      done += count
      position += count
    }
  }

  /// Makes `range` read as zeros; whole pages become holes.
  mutating func zero(_ range: Range<UInt64>) {
    guard !range.isEmpty, root != nil else { return }
    let lower = Int(range.lowerBound)
    let upper = Int(min(range.upperBound, Self.maximumSize))
    let first = lower / Page.size
    let firstWhole = (lower + Page.size - 1) / Page.size
    let endWhole = upper / Page.size
    if first < firstWhole, hasPage(first) {
      let count = min(firstWhole * Page.size, upper) - lower
      changePage(first) { $0.zero(at: lower % Page.size, count: count) }
    }
    if firstWhole < endWhole { removePages(firstWhole..<endWhole) }
    if endWhole >= firstWhole, upper % Page.size > 0, hasPage(endWhole) {
      changePage(endWhole) { $0.zero(at: 0, count: upper % Page.size) }
    }
  }

  /// Makes all bytes from `offset` on read as zeros.
  mutating func zero(from offset: UInt64) {
    if offset < Self.maximumSize { zero(offset..<Self.maximumSize) }
  }

  /// The offset of the first byte from `offset` on that lies in a page with data; nil when only
  /// holes follow.
  func firstData(from offset: UInt64) -> UInt64? {
    let start = Int(offset) / Page.size
    guard let index = nextPage(from: start) else { return nil }
    return index == start ? offset : UInt64(index) * UInt64(Page.size)
  }

  /// The offset of the first byte from `offset` on that lies in a hole.
  func firstHole(from offset: UInt64) -> UInt64 {
    var index = Int(offset) / Page.size
    guard hasPage(index) else { return offset }
    while hasPage(index) { index += 1 }
    return UInt64(index) * UInt64(Page.size)
  }

  /// Adds the first `size` bytes, and which pages are holes, to a digest.
  func combine(size: UInt64, into hasher: inout DigestHasher) {
    var expected = 0
    var index = 0
    while let found = nextPage(from: index), UInt64(found) * UInt64(Page.size) < size {
      if found > expected { hasher.combine(UInt64(found - expected) << 8 | 1) }
      if let page = page(found) {
        let length = min(UInt64(Page.size), size - UInt64(found) * UInt64(Page.size))
        hasher.combine(page.digest(length: Int(length)))
      }
      index = found + 1
      expected = index
    }
    hasher.combine(size)
  }
}
