/// A set of numbers as sorted, disjoint ranges: sectors or pages of a file.
struct RangeSet: Equatable, Sendable {
  private(set) var ranges: [Range<Int>] = []

  /// The empty set.
  init() {}

  /// The set of one range.
  init(_ range: Range<Int>) { if !range.isEmpty { ranges = [range] } }

  /// Whether nothing is in the set.
  var isEmpty: Bool { ranges.isEmpty }

  /// Whether `number` is in the set.
  func contains(_ number: Int) -> Bool { ranges.contains { $0.contains(number) } }

  /// Adds a range.
  mutating func insert(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    if let last = ranges.last, last.upperBound < range.lowerBound {
      ranges.append(range)
      return
    }
    var merged = range
    var result: [Range<Int>] = []
    for existing in ranges {
      if existing.upperBound < merged.lowerBound || existing.lowerBound > merged.upperBound {
        result.append(existing)
      } else {
        merged =
          min(merged.lowerBound, existing.lowerBound)..<max(merged.upperBound, existing.upperBound)
      }
    }
    let place = result.firstIndex { $0.lowerBound > merged.lowerBound } ?? result.count
    result.insert(merged, at: place)
    ranges = result
  }

  /// Adds every range of `other`.
  mutating func formUnion(_ other: RangeSet) {
    for range in other.ranges { insert(range) }
  }

  /// The part of the set within `bounds`.
  func intersection(_ bounds: Range<Int>) -> RangeSet {
    var result = RangeSet()
    for range in ranges {
      let part = range.clamped(to: bounds)
      if !part.isEmpty { result.ranges.append(part) }
    }
    return result
  }

  /// Takes every number from `bound` on out of the set.
  mutating func remove(from bound: Int) {
    ranges = intersection(0..<max(bound, 0)).ranges
  }

  /// The numbers of `bounds` that are not in the set.
  func complement(in bounds: Range<Int>) -> RangeSet {
    var result = RangeSet()
    var position = bounds.lowerBound
    for range in intersection(bounds).ranges {
      if position < range.lowerBound { result.ranges.append(position..<range.lowerBound) }
      position = range.upperBound
    }
    if position < bounds.upperBound { result.ranges.append(position..<bounds.upperBound) }
    return result
  }
}
