import DurabilityModel
import SubjectProtocol

// How one recording is kept from taking the time of many: a database makes thousands of operations
// where a log makes a hundred, and other seeds find other things.
extension Exploder {
  /// Fewer states than these come of an operation on average; where even so many were within the
  /// budget, nothing is counted.
  private static let statesOfOperation = 16
  /// What every point keeps, however long the recording is.
  private static let fewest = 2

  /// How much to try at each point so that the power losses of the recording come to `budget`
  /// states or little more: where there are more, each point has as many as it would, up to a
  /// number that all points share. Empty where all are within the budget.
  ///
  /// It depends on the recording alone, never on time.
  func efforts(within budget: Int) -> [Effort] {
    let operations = epoch.recording.operations
    guard crashes.contains(.power), operations.count * Self.statesOfOperation > budget else {
      return []
    }
    let counts = choiceCounts()
    guard counts.reduce(0, +) > budget else { return [] }
    let most = Self.commonLimit(counts, budget)
    return counts.map { $0 > most ? .atMost(most) : .full }
  }

  /// How many choices each point has, those of the points before it left out.
  private func choiceCounts() -> [Int] {
    var disk = epoch.recording.start
    var counts: [Int] = []
    let operations = epoch.recording.operations
    for point in 0...operations.count {
      var isFresh = point == 0
      if point > 0 {
        let operation = operations[point - 1].operation
        disk.apply(operation)
        isFresh = disk.endsStates(operation)
      }
      var count = 0
      CrashStateEnumerator(disk: disk, limits: limits, seed: seed)
        .forEachChoice(onlyNew: !isFresh) { _ in count += 1 }
      counts.append(count)
    }
    return counts
  }

  /// The greatest number to which all `counts` can be cut so that they come to `budget`.
  static func commonLimit(_ counts: [Int], _ budget: Int) -> Int {
    let sorted = counts.sorted()
    var rest = budget
    for (index, count) in sorted.enumerated() {
      let share = rest / (sorted.count - index)
      if count > share { return max(share, fewest) }
      rest -= count
    }
    return sorted.last ?? 0
  }
}
