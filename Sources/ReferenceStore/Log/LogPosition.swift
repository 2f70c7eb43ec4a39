/// The number of a segment; 1 is the first one. A number is never given twice to a segment that
/// has held a record.
struct SegmentNumber: RawRepresentable, Hashable, Comparable, Sendable {
  let rawValue: UInt64

  init(rawValue: UInt64) { self.rawValue = rawValue }

  /// No segment: before the first one.
  static let none = SegmentNumber(rawValue: 0)
  /// The first segment of a new store.
  static let first = SegmentNumber(rawValue: 1)

  /// The number after this one.
  var next: SegmentNumber {
    precondition(rawValue < .max, "2^64 segments are out of reach")
    return SegmentNumber(rawValue: rawValue + 1)
  }

  static func < (left: SegmentNumber, right: SegmentNumber) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// A place in the log up to which everything was durable when the position was written down.
///
/// Segment headers and snapshots carry one. It does two jobs: whatever stands behind `end` in that
/// segment is void from then on (a durable cut), and whatever stands before it had been synced (so
/// if it is bad now, it was damaged).
struct LogPosition: Equatable, Sendable {
  /// The segment.
  var segment: SegmentNumber
  /// The offset behind its last durable record, in bytes.
  var end: UInt64
  /// The segment's tag, so that a file of another life under the same number is not mistaken for it.
  var tag: UInt32

  /// The start of the log of a new store.
  static let origin = LogPosition(segment: .none, end: 0, tag: 0)
}
