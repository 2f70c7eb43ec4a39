/// The nearest records offered so far, in order.
struct Nearest {
  /// How many are wanted, 1 or more.
  let limit: Int
  private let table: RecordTable
  /// They, nearest first; equal distances by id.
  private(set) var found: [(row: Int, distance: Double)] = []
  /// No record that is farther can be among the nearest.
  private(set) var threshold = Double.infinity

  /// None, of the records of `table`.
  init(limit: Int, table: RecordTable) {
    self.limit = limit
    self.table = table
  }

  /// Takes the record of a row in if it is among them, and tells whether it is.
  mutating func offer(_ row: Int, _ distance: Double) -> Bool {
    if found.count == limit {
      guard let last = found.last, precedes(row, distance, last) else { return false }
      found.removeLast()
    }
    var low = 0
    var high = found.count
    while low < high {
      let middle = (low + high) / 2
      if precedes(row, distance, found[middle]) { high = middle } else { low = middle + 1 }
    }
    found.insert((row, distance), at: low)
    if found.count == limit, let last = found.last { threshold = last.distance }
    return true
  }

  private func precedes(_ row: Int, _ distance: Double, _ other: (row: Int, distance: Double))
    -> Bool
  {
    if distance != other.distance { return distance < other.distance }
    return table.id(table.row(row)).lexicographicallyPrecedes(table.id(table.row(other.row)))
  }
}
