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
    let bounds = UnsafeMutablePointer<Float>.allocate(capacity: 2 * block)
    defer { bounds.deallocate() }
    // Where all records are of one namespace, rows are looked at only when their vectors are near.
    let isOnly = table.namespaces.all[Int(namespace)].records == table.count
    for first in stride(from: 0, to: table.rowCount, by: block) {
      try table.check(first)
      let end = min(first + block, table.rowCount)
      if isOnly {
        scan(query, first..<end, namespace, bounds, &nearest)
        continue
      }
      var start = first
      while start < end {
        while start < end, !isRecord(start, of: namespace) { start += 1 }
        var behind = start
        while behind < end, isRecord(behind, of: namespace) { behind += 1 }
        if start < behind { scan(query, start..<behind, namespace, bounds, &nearest) }
        start = behind
      }
    }
  }

  /// Offers the records among `rows` of one block that may be among the nearest.
  private func scan(
    _ query: Query, _ rows: Range<Int>, _ namespace: UInt32,
    _ bounds: UnsafeMutablePointer<Float>, _ nearest: inout Nearest
  ) {
    let vectors = UnsafeRawPointer(table.vector(rows.lowerBound))
    query.bounds(
      vectors, count: rows.count, into: bounds, lengths: bounds + table.blockCount)
    var limit = query.limit(for: nearest.threshold)
    var place = 0
    while true {
      place = Lanes.next(place..<rows.count, of: bounds, within: limit)
      if place == rows.count { return }
      let number = rows.lowerBound + place
      if isRecord(number, of: namespace) {
        let distance = query.distance(vectors + place * query.count * 4)
        if distance.isFinite, nearest.offer(number, distance) {
          limit = query.limit(for: nearest.threshold)
        }
      }
      place += 1
    }
  }

  @inline(__always)
  private func isRecord(_ number: Int, of namespace: UInt32) -> Bool {
    let row = table.row(number)
    return row.isLive && row.namespace == namespace
  }
}
