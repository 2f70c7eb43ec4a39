import Determinism

/// The bytes of a file without its size: pages, or holes that read as zeros.
///
/// A value that clones by copy-on-write: a clone shares every page, and a write copies only the
/// pages it touches.
struct FileContent {
  private var pages: [Page?] = []

  /// The largest file the model holds, in bytes (16 GiB); beyond it writes get `EFBIG`.
  static let maximumSize: UInt64 = 16 << 30

  /// Whether page `index` holds data (not a hole).
  func hasPage(_ index: Int) -> Bool { index < pages.count && pages[index] != nil }

  /// Where the last page with data ends.
  var pageLimit: Int { pages.count }

  /// How many pages hold data.
  var pageCount: Int { pages.reduce(0) { $0 + ($1 == nil ? 0 : 1) } }

  /// Copies the bytes from `offset` on into `buffer`; holes and what lies beyond read as zeros.
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) {
    var position = Int(offset)
    var done = 0
    while done < buffer.count {
      let within = position % Page.size
      let count = min(Page.size - within, buffer.count - done)
      let index = position / Page.size
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
      if index < pages.count, let page = pages[index] {
        part.copyMemory(from: UnsafeRawBufferPointer(rebasing: page.bytes[within..<within + count]))
      } else {
        part.initializeMemory(as: UInt8.self, repeating: 0)
      }
      done += count
      position += count
    }
  }

  /// Replaces the bytes from `offset` on.
  mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
    var position = Int(offset)
    var done = 0
    while done < bytes.count {
      let within = position % Page.size
      let count = min(Page.size - within, bytes.count - done)
      let page = uniquePage(position / Page.size)
      page.replace(at: within, with: UnsafeRawBufferPointer(rebasing: bytes[done..<done + count]))
      done += count
      position += count
    }
  }

  /// Makes `range` read as zeros; whole pages become holes.
  mutating func zero(_ range: Range<UInt64>) {
    var position = Int(range.lowerBound)
    let firstWhole = (position + Page.size - 1) / Page.size
    if range.upperBound >= pages.count * Page.size, firstWhole < pages.count {
      // All behind it goes: a huge sparse file is cut at once, not page by page.
      pages.removeSubrange(firstWhole...)
    }
    let end = min(Int(range.upperBound), pages.count * Page.size)
    while position < end {
      let within = position % Page.size
      let count = min(Page.size - within, end - position)
      let index = position / Page.size
      if count == Page.size {
        pages[index] = nil
      } else if pages[index] != nil {
        uniquePage(index).zero(at: within, count: count)
      }
      position += count
    }
    while let last = pages.last, last == nil { pages.removeLast() }
  }

  /// Makes all bytes from `offset` on read as zeros.
  mutating func zero(from offset: UInt64) {
    if offset < Self.maximumSize { zero(offset..<Self.maximumSize) }
  }

  /// Adds the first `size` bytes, and which pages are holes, to a digest.
  func combine(size: UInt64, into hasher: inout DigestHasher) {
    var index = 0
    var position: UInt64 = 0
    var holes: UInt64 = 0
    while position < size, index < pages.count {
      let length = Int(min(UInt64(Page.size), size - position))
      if let page = pages[index] {
        if holes > 0 { hasher.combine(holes << 8 | 1) }
        holes = 0
        hasher.combine(page.digest(length: length))
      } else {
        holes += 1
      }
      position += UInt64(Page.size)
      index += 1
    }
    hasher.combine(size)
  }

  private mutating func uniquePage(_ index: Int) -> Page {
    if index >= pages.count {
      pages.append(contentsOf: repeatElement(nil, count: index + 1 - pages.count))
    }
    if pages[index] == nil {
      let page = Page.zeros()
      pages[index] = page
      return page
    }
    if !isKnownUniquelyReferenced(&pages[index]), let shared = pages[index] {
      let page = shared.copy()
      pages[index] = page
      return page
    }
    guard let page = pages[index] else { preconditionFailure("a page that was there a line ago") }
    return page
  }
}
