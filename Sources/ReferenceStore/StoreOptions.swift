/// How a store is opened.
public struct StoreOptions: Equatable, Sendable {
  /// The number of components of every vector; fixed for the life of the store.
  public var dimension: Int
  /// The size in bytes beyond which a segment takes no further record (128 to 2³⁰). A longer record
  /// gets a segment of its own. May change from one open to the next.
  public var segmentBytes: Int

  /// Makes options.
  public init(dimension: Int, segmentBytes: Int = 64 << 10) {
    self.dimension = dimension
    self.segmentBytes = segmentBytes
  }

  /// Fails with `invalid` when an option is out of range.
  func check() throws(StoreError) {
    guard dimension > 0, dimension <= LogFormat.maximumDimension else {
      throw .invalid(
        reason: "dimension is \(dimension), not 1 to \(LogFormat.maximumDimension)")
    }
    let range = LogFormat.SegmentLimit.lowest...LogFormat.SegmentLimit.highest
    guard range.contains(segmentBytes) else {
      throw .invalid(
        reason: "segmentBytes is \(segmentBytes), not \(range.lowerBound) to \(range.upperBound)")
    }
  }
}
