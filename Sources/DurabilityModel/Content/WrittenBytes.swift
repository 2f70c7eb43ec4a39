/// The bytes of one write, copied once from the caller's buffer.
///
/// Whole pages of the file are kept as pages, which the cache, the medium and every crash state
/// then share; only what lies before the first of them and behind the last is kept as bytes. So a
/// large write is held once, pending or not, and a small one costs little more than its bytes.
public struct WrittenBytes: Equatable {
  /// What lies before the first whole page, then what lies behind the last.
  private let edges: [UInt8]
  /// How many of `edges` lie before the first whole page.
  private let headCount: Int
  private let pages: [Page]

  /// Copies what is written at `offset` of a file.
  public init(_ source: UnsafeRawBufferPointer, at offset: UInt64) {
    let within = Int(offset % UInt64(Page.size))
    let head = within == 0 ? 0 : min(source.count, Page.size - within)
    let pageCount = (source.count - head) / Page.size
    guard pageCount > 0 else {
      edges = Array(source)
      headCount = source.count
      pages = []
      return
    }
    let tail = head + pageCount * Page.size
    var pages: [Page] = []
    pages.reserveCapacity(pageCount)
    for start in stride(from: head, to: tail, by: Page.size) {
      pages.append(.copying(UnsafeRawBufferPointer(rebasing: source[start..<start + Page.size])))
    }
    self.pages = pages
    headCount = head
    var edges: [UInt8] = []
    if head > 0 || tail < source.count {
      edges.reserveCapacity(head + source.count - tail)
      edges.append(contentsOf: source[..<head])
      edges.append(contentsOf: source[tail...])
    }
    self.edges = edges
  }

  /// The same from an array.
  public init(_ source: [UInt8], at offset: UInt64) {
    self = source.withUnsafeBytes { WrittenBytes($0, at: offset) }
  }

  /// How many bytes were written.
  public var count: Int { edges.count + pages.count * Page.size }

  /// Puts those of its bytes that lie in `range` into `content`, at `offset`. Whole pages are
  /// shared, not copied.
  func apply(_ range: Range<Int>, to content: inout FileContent, at offset: UInt64) {
    let pagesEnd = headCount + pages.count * Page.size
    func place(_ position: Int) -> UInt64 { offset + UInt64(position - range.lowerBound) }
    var position = range.lowerBound
    if position < headCount {
      let end = min(headCount, range.upperBound)
      edges.withUnsafeBytes {
        content.write(UnsafeRawBufferPointer(rebasing: $0[position..<end]), at: offset)
      }
      position = end
    }
    while position < min(pagesEnd, range.upperBound) {
      let page = pages[(position - headCount) / Page.size]
      let within = (position - headCount) % Page.size
      let length = min(Page.size - within, range.upperBound - position)
      let target = place(position)
      if length == Page.size && target % UInt64(Page.size) == 0 {
        content.setPage(Int(target / UInt64(Page.size)), page)
      } else {
        let part = page.bytes[within..<within + length]
        content.write(UnsafeRawBufferPointer(rebasing: part), at: target)
      }
      position += length
    }
    if position < range.upperBound {
      let start = position - pages.count * Page.size
      let end = range.upperBound - pages.count * Page.size
      edges.withUnsafeBytes {
        content.write(UnsafeRawBufferPointer(rebasing: $0[start..<end]), at: place(position))
      }
    }
  }

  /// Whether both are the same bytes at the same alignment.
  public static func == (left: WrittenBytes, right: WrittenBytes) -> Bool {
    left.headCount == right.headCount && left.edges == right.edges
      && left.pages.elementsEqual(right.pages) { $0 === $1 || $0.bytes.elementsEqual($1.bytes) }
  }
}
