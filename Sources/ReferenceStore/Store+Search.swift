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

  /// The `count` records of a namespace that are nearest to `vector`, nearest first, equal distances
  /// by id. Exact: every record is compared, in Float64.
  ///
  /// Records without a finite distance (components that are not finite, or, for the cosine, length
  /// zero) are left out. Fails with `invalid` when the query has another dimension, is not finite,
  /// or has length zero for the cosine.
  public func search(
    _ vector: [Float], count: Int, metric: Metric, namespace: [UInt8] = []
  ) throws(StoreError) -> [Match] {
    try requireOpen()
    guard vector.count == options.dimension, count >= 0, vector.allSatisfy(\.isFinite) else {
      throw .invalid(reason: "a query has \(options.dimension) finite components")
    }
    let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard metric != .cosine || norm > 0 else {
      throw .invalid(reason: "the zero vector has no cosine")
    }
    let table = self.table
    var nearest = Nearest(limit: count, table: table)
    for (index, row) in table.rows.enumerated()
    where row.namespaceCount == namespace.count
      && table.arena.span.bytes.extracting(row.namespace).sameBytes(as: namespace.span.bytes)
    {
      let distance = distance(of: index, to: vector, norm: norm, metric)
      if distance.isFinite { nearest.offer(index, distance) }
    }
    return nearest.found.map {
      Match(id: Array(table.arena[table.rows[$0.row].id]), distance: $0.distance)
    }
  }

  /// The distance of record `index`; not finite when it has none.
  private func distance(
    of index: Int, to query: [Float], norm: Double, _ metric: Metric
  ) -> Double {
    let start = index * query.count
    var sum = 0.0
    var square = 0.0
    switch metric {
    case .l2:
      for component in query.indices {
        let difference = Double(query[component]) - Double(table.components[start + component])
        sum += difference * difference
      }
      return sum
    case .dot:
      for component in query.indices {
        sum += Double(query[component]) * Double(table.components[start + component])
      }
      return -sum
    case .cosine:
      for component in query.indices {
        let value = Double(table.components[start + component])
        sum += Double(query[component]) * value
        square += value * value
      }
      return square > 0 ? 1 - sum / (norm * square.squareRoot()) : .nan
    }
  }
}

/// The nearest records offered so far, in order.
private struct Nearest {
  let limit: Int
  let table: RecordTable
  private(set) var found: [(row: Int, distance: Double)] = []

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
  }

  private func precedes(_ row: Int, _ distance: Double, _ other: (row: Int, distance: Double))
    -> Bool
  {
    if distance != other.distance { return distance < other.distance }
    return table.arena[table.rows[row].id]
      .lexicographicallyPrecedes(table.arena[table.rows[other.row].id])
  }
}
