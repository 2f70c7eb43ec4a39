/// A set of numbers as sorted, disjoint ranges that do not touch: sectors or pages of a file.
///
/// Each operation finds its place by bisection: a crash state of a file with many scattered writes
/// must not cost their square.
struct RangeSet: Equatable, Sendable {
  private(set) var ranges: [Range<Int>] = []

  /// The empty set.
  init() {}

  /// The set of one range.
  init(_ range: Range<Int>) { if !range.isEmpty { ranges = [range] } }

  /// Whether nothing is in the set.
  var isEmpty: Bool { ranges.isEmpty }

  /// How many numbers are in the set.
  var count: Int { ranges.reduce(0) { $0 + $1.count } }

  /// Whether `number` is in the set.
  func contains(_ number: Int) -> Bool {
    let index = firstEnding(behind: number)
    return index < ranges.count && ranges[index].lowerBound <= number
  }

  /// Adds a range.
  mutating func insert(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    // All that overlap or touch `range` become one with it.
    let first = firstEnding(behind: range.lowerBound - 1)
    var last = first
    var merged = range
    while last < ranges.count, ranges[last].lowerBound <= range.upperBound {
      merged =
        min(
          merged.lowerBound, ranges[last].lowerBound)..<max(
          merged.upperBound, ranges[last].upperBound)
      last += 1
    }
    ranges.replaceSubrange(first..<last, with: CollectionOfOne(merged))
  }

  /// Adds every range of `other`.
  mutating func formUnion(_ other: RangeSet) {
    for range in other.ranges { insert(range) }
  }

  /// Takes a range out of the set.
  mutating func remove(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    let first = firstEnding(behind: range.lowerBound)
    var last = first
    var rest: [Range<Int>] = []
    while last < ranges.count, ranges[last].lowerBound < range.upperBound {
      let old = ranges[last]
      if old.lowerBound < range.lowerBound { rest.append(old.lowerBound..<range.lowerBound) }
      if old.upperBound > range.upperBound { rest.append(range.upperBound..<old.upperBound) }
      last += 1
    }
    ranges.replaceSubrange(first..<last, with: rest)
  }

  /// The part of the set within `bounds`.
  func intersection(_ bounds: Range<Int>) -> RangeSet {
    var result = RangeSet()
    var index = firstEnding(behind: bounds.lowerBound)
    while index < ranges.count, ranges[index].lowerBound < bounds.upperBound {
      let part = ranges[index].clamped(to: bounds)
      if !part.isEmpty { result.ranges.append(part) }
      index += 1
    }
    return result
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

  /// The place of the first range whose end is above `number`.
  private func firstEnding(behind number: Int) -> Int {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= number {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}
