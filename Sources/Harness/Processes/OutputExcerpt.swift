/// The beginning and the end of an output of any length, in bounded memory.
public struct OutputExcerpt: Equatable, Sendable {
  /// How much of the beginning is kept, in bytes.
  public static let headLimit = 16 << 10

  /// How much of the end is kept, in bytes.
  public let tailLimit: Int
  /// How many bytes there were altogether.
  public private(set) var totalCount = 0
  private var head: [UInt8] = []
  private var ring: [UInt8] = []
  private var oldest = 0

  /// An excerpt of nothing yet.
  public init(tailLimit: Int) {
    precondition(tailLimit > 0, "the end of the output is what explains a failure")
    self.tailLimit = tailLimit
  }

  /// How many bytes in the middle were dropped.
  public var droppedCount: Int { totalCount - head.count - ring.count }

  /// What was kept; where bytes were dropped, a line in between says how many.
  public var bytes: [UInt8] {
    let tail = ring[oldest...] + ring[..<oldest]
    guard droppedCount > 0 else { return head + tail }
    return head + Array("\n[… \(droppedCount) bytes dropped …]\n".utf8) + tail
  }

  /// Adds what was read.
  public mutating func append(_ more: UnsafeRawBufferPointer) {
    totalCount += more.count
    var rest = more[...]
    if head.count < Self.headLimit {
      let count = min(rest.count, Self.headLimit - head.count)
      head.append(contentsOf: rest.prefix(count))
      rest = rest.dropFirst(count)
    }
    if rest.count >= tailLimit {
      ring = Array(rest.suffix(tailLimit))
      oldest = 0
      return
    }
    let growth = min(rest.count, tailLimit - ring.count)
    ring.append(contentsOf: rest.prefix(growth))
    for byte in rest.dropFirst(growth) {
      ring[oldest] = byte
      oldest = oldest + 1 == tailLimit ? 0 : oldest + 1
    }
  }
}
