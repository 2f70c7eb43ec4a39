/// The bytes of one write, copied once from the caller's buffer.
///
/// Whole pages of the file are kept as pages, which the cache, the medium and every crash state
/// then share; only what lies before the first of them and behind the last is kept as bytes. So a
/// large write is held once, pending or not, and a small one costs little more than its bytes.
public struct WrittenBytes: Equatable {
  /// What lies before the first whole page, then what lies behind the last: in `block`, from
  /// `start` on.
  private let block: ByteArena.Block?
  private let start: Int
  private let edgeCount: Int
  /// How many of these bytes lie before the first whole page.
  private let headCount: Int
  private let pages: [Page]

  /// Copies what is written at `offset` of a file.
  init(_ source: UnsafeRawBufferPointer, at offset: UInt64, in arena: inout ByteArena) {
    let within = Int(offset % UInt64(Page.size))
    let head = within == 0 ? 0 : min(source.count, Page.size - within)
    let pageCount = (source.count - head) / Page.size
    let tail = head + pageCount * Page.size
    var pages: [Page] = []
    if pageCount > 0 {
      pages.reserveCapacity(pageCount)
      for start in stride(from: head, to: tail, by: Page.size) {
        pages.append(.copying(UnsafeRawBufferPointer(rebasing: source[start..<start + Page.size])))
      }
    }
    self.pages = pages
    headCount = pageCount == 0 ? source.count : head
    edgeCount = source.count - pageCount * Page.size
    guard edgeCount > 0 else {
      block = nil
      start = 0
      return
    }
    let (block, start) = arena.keep(
      UnsafeRawBufferPointer(rebasing: source[..<head]),
      UnsafeRawBufferPointer(rebasing: source[tail...]))
    self.block = block
    self.start = start
  }

  /// Copies what is written at `offset` of a file.
  public init(_ source: UnsafeRawBufferPointer, at offset: UInt64) {
    var arena = ByteArena()
    self.init(source, at: offset, in: &arena)
  }

  /// The same from an array.
  public init(_ source: [UInt8], at offset: UInt64) {
    self = source.withUnsafeBytes { WrittenBytes($0, at: offset) }
  }

  /// Those of the bytes outside whole pages that lie in `range` of them.
  @inline(__always)
  private func edges(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    guard let block else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return block.bytes(start + range.lowerBound, range.count)
  }

  /// How many bytes were written.
  public var count: Int { edgeCount + pages.count * Page.size }

  /// Puts those of its bytes that lie in `range` into `content`, at `offset`. Whole pages are
  /// shared, not copied.
  func apply(_ range: Range<Int>, to content: inout FileContent, at offset: UInt64) {
    let pagesEnd = headCount + pages.count * Page.size
    func place(_ position: Int) -> UInt64 { offset + UInt64(position - range.lowerBound) }
    var position = range.lowerBound
    if position < headCount {
      let end = min(headCount, range.upperBound)
      content.write(edges(position..<end), at: offset)
      position = end
    }
    while position < min(pagesEnd, range.upperBound) {
      let first = (position - headCount) / Page.size
      let within = (position - headCount) % Page.size
      let whole = (min(pagesEnd, range.upperBound) - position) / Page.size
      let target = place(position)
      if within == 0 && whole > 0 && target % UInt64(Page.size) == 0 {
        content.setPages(
          from: Int(target / UInt64(Page.size)), pages[first..<first + whole])
        position += whole * Page.size
      } else {
        let length = min(Page.size - within, range.upperBound - position)
        let part = pages[first].bytes[within..<within + length]
        content.write(UnsafeRawBufferPointer(rebasing: part), at: target)
        position += length
      }
    }
    if position < range.upperBound {
      let start = position - pages.count * Page.size
      let end = range.upperBound - pages.count * Page.size
      content.write(edges(start..<end), at: place(position))
    }
  }

  /// Whether both are the same bytes at the same alignment.
  public static func == (left: WrittenBytes, right: WrittenBytes) -> Bool {
    left.headCount == right.headCount && left.edgeCount == right.edgeCount
      && left.edges(0..<left.edgeCount).elementsEqual(right.edges(0..<right.edgeCount))
      && left.pages.elementsEqual(right.pages) { $0 === $1 || $0.bytes.elementsEqual($1.bytes) }
  }
}
