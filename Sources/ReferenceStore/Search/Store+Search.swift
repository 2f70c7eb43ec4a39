internal import Locks

extension Store {
  /// How far two vectors are from each other.
  public enum Metric: Sendable {
    /// The squared Euclidean distance.
    case l2
    /// One minus the cosine; vectors of length zero have none.
    case cosine
    /// The negative inner product.
    case dot
  }

  /// One record found.
  public struct Match: Equatable, Sendable {
    /// The record's id.
    public var id: [UInt8]
    /// Its distance to the query.
    public var distance: Double
  }

  /// The `count` records of a namespace that are nearest to `vector`, nearest first, equal
  /// distances by id. Exact: the order is that of the distances in Float64.
  ///
  /// Records without a finite distance (components that are not finite, or, for the cosine, length
  /// zero) are left out. Fails with `invalid` when the query has another dimension, is not finite,
  /// or has length zero for the cosine, and with `corrupt` when a block of a mapped checkpoint is
  /// damaged. O(records × dimension).
  public func search(
    _ vector: [Float], count: Int, metric: Metric, namespace: [UInt8] = []
  ) throws(StoreError) -> [Match] {
    guard vector.count == options.dimension, count >= 0, vector.allSatisfy(\.isFinite) else {
      throw .invalid(reason: "a query has \(options.dimension) finite components")
    }
    let query = Query(vector, metric)
    guard metric != .cosine || query.norm > 0 else {
      throw .invalid(reason: "the zero vector has no cosine")
    }
    tableLock.enterReading()
    defer { tableLock.leave() }
    try requireOpen()
    guard count > 0, let number = table.namespaces.number(namespace.span.bytes) else { return [] }
    var nearest = Nearest(limit: count, table: table)
    try scan(query, number, &nearest)
    return nearest.found.map {
      Match(id: Array(table.id(table.row($0.row))), distance: $0.distance)
    }
  }

  /// Offers every record of a namespace that may be among the nearest, a block at a time.
  private func scan(
    _ query: Query, _ namespace: UInt32, _ nearest: inout Nearest
  ) throws(StoreError) {
    let block = table.blockCount
    // Where all records are of one namespace, rows are looked at only when their vectors are near.
    let isOnly = table.namespaces.all[Int(namespace)].records == table.count
    for first in stride(from: 0, to: table.rowCount, by: block) {
      try table.check(first)
      let vectors = table.vector(first)
      for number in first..<min(first + block, table.rowCount) {
        if !isOnly, !isRecord(number, of: namespace) { continue }
        let components = UnsafeRawPointer(vectors + (number - first) * query.count * 4)
        let bound = query.lowerBound(components)
        if bound > nearest.threshold || isOnly && !isRecord(number, of: namespace) { continue }
        let distance = query.distance(components)
        if distance.isFinite { nearest.offer(number, distance) }
      }
    }
  }

  @inline(__always)
  private func isRecord(_ number: Int, of namespace: UInt32) -> Bool {
    let row = table.row(number)
    return row.isLive && row.namespace == namespace
  }
}

/// The nearest records offered so far, in order.
private struct Nearest {
  let limit: Int
  let table: RecordTable
  private(set) var found: [(row: Int, distance: Double)] = []
  /// No record that is farther can be among the nearest.
  private(set) var threshold = Double.infinity

  init(limit: Int, table: RecordTable) {
    self.limit = limit
    self.table = table
  }

  mutating func offer(_ row: Int, _ distance: Double) {
    if found.count == limit {
      guard let last = found.last, precedes(row, distance, last) else { return }
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
  }

  private func precedes(_ row: Int, _ distance: Double, _ other: (row: Int, distance: Double))
    -> Bool
  {
    if distance != other.distance { return distance < other.distance }
    return table.id(table.row(row)).lexicographicallyPrecedes(table.id(table.row(other.row)))
  }
}
