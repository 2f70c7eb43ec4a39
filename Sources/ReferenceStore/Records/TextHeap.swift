/// Ids and metadata, each at a place that never changes: first those of a mapped snapshot, then
/// chunks. The owner frees: `deallocate`.
struct TextHeap {
  /// The binary logarithm of a chunk's bytes; the longest id and metadata fit one.
  private static let chunkShift = 25

  private var mapped: UnsafeMutableRawPointer?
  private let mappedBytes: Int
  private var chunks: [UnsafeMutableRawPointer] = []
  private var firstCapacity = 0
  /// The place behind the last text.
  private(set) var end: Int

  /// An empty heap, or one that begins with the texts of a mapping.
  init(mapped: UnsafeMutableRawBufferPointer? = nil) {
    self.mapped = mapped?.baseAddress
    mappedBytes = mapped?.count ?? 0
    end = mappedBytes
  }

  /// Where the text at `place` is.
  @inline(__always)
  func address(_ place: Int) -> UnsafeMutableRawPointer {
    if let mapped, place < mappedBytes { return mapped + place }
    let offset = place - mappedBytes
    return chunks[offset >> Self.chunkShift] + offset & (1 << Self.chunkShift - 1)
  }

  /// The text of `count` bytes at `place`.
  @inline(__always)
  func text(_ place: Int, _ count: Int) -> UnsafeRawBufferPointer {
    count == 0
      ? UnsafeRawBufferPointer(start: nil, count: 0)
      : UnsafeRawBufferPointer(start: address(place), count: count)
  }

  /// Adds a text and returns its place.
  @inline(__always)
  mutating func append(_ text: UnsafeRawBufferPointer) -> Int {
    let place = reserve(text.count)
    if let source = text.baseAddress, !text.isEmpty {
      address(place).copyMemory(from: source, byteCount: text.count)
    }
    return place
  }

  /// Makes room for a text of `count` bytes and returns its place.
  @inline(__always)
  mutating func reserve(_ count: Int) -> Int {
    let chunkBytes = 1 << Self.chunkShift
    precondition(count <= chunkBytes, "a text fits a chunk")
    var offset = end - mappedBytes
    if offset >> Self.chunkShift != (offset + max(count, 1) - 1) >> Self.chunkShift {
      offset = (offset + chunkBytes - 1) & ~(chunkBytes - 1)
    }
    grow(offset + count)
    end = mappedBytes + offset + count
    return mappedBytes + offset
  }

  @inline(__always)
  private mutating func grow(_ wanted: Int) {
    if wanted <= firstCapacity || chunks.count << Self.chunkShift >= wanted && chunks.count > 1 {
      return
    }
    growSlowly(wanted)
  }

  private mutating func growSlowly(_ wanted: Int) {
    let chunkBytes = 1 << Self.chunkShift
    if chunks.count <= 1, firstCapacity < chunkBytes {
      let capacity = min(chunkBytes, max(wanted, firstCapacity * 2, 2048))
      let bigger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
      if let first = chunks.first {
        bigger.copyMemory(from: first, byteCount: firstCapacity)
        first.deallocate()
        chunks[0] = bigger
      } else {
        chunks.append(bigger)
      }
      firstCapacity = capacity
    }
    while wanted > max(firstCapacity, chunks.count > 1 ? chunks.count << Self.chunkShift : 0) {
      chunks.append(.allocate(byteCount: chunkBytes, alignment: 16))
    }
  }

  /// Frees every chunk.
  mutating func deallocate() {
    for chunk in chunks { chunk.deallocate() }
    chunks = []
    mapped = nil
    firstCapacity = 0
  }
}
