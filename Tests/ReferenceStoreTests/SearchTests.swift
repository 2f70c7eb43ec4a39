import Testing

@testable import ReferenceStore

@Suite("Search")
struct SearchTests {
  private func store(_ vectors: [(String, [Float])]) throws -> Store {
    let store = try openStore(TestDisk())
    for (id, vector) in vectors {
      try store.put(Store.Key(id: Array(id.utf8)), vector: vector)
    }
    return store
  }

  private func ids(_ matches: [Store.Match]) -> [String] {
    matches.map { String(decoding: $0.id, as: UTF8.self) }
  }

  @Test("Each metric orders as it is defined, equal distances by id")
  func metrics() throws {
    let store = try store([
      ("far", [10, 0]), ("b", [1, 0]), ("a", [1, 0]), ("up", [0, 2]), ("zero", [0, 0]),
      ("nan", [.nan, 0]), ("inf", [.infinity, 1]),
    ])
    let l2 = try store.search([1, 0], count: 10, metric: .l2)
    #expect(ids(l2) == ["a", "b", "zero", "up", "far"])
    #expect(l2.map(\.distance) == [0, 0, 1, 5, 81])
    let cosine = try store.search([2, 0], count: 10, metric: .cosine)
    #expect(ids(cosine) == ["a", "b", "far", "up"])
    #expect(cosine.map(\.distance) == [0, 0, 0, 1])
    let dot = try store.search([2, 1], count: 3, metric: .dot)
    #expect(ids(dot) == ["far", "a", "b"])
    #expect(dot.map(\.distance) == [-20, -2, -2])
    #expect(try store.search([1, 0], count: 0, metric: .l2).isEmpty)
  }

  @Test("Only the namespace asked for is searched")
  func namespaces() throws {
    let store = try store([("a", [1, 1])])
    try store.put(Store.Key(namespace: [1], id: [2]), vector: [1, 1])
    #expect(try store.search([1, 1], count: 9, metric: .l2, namespace: [1]).map(\.id) == [[2]])
    #expect(try store.search([1, 1], count: 9, metric: .l2, namespace: [9]).isEmpty)
  }

  @Test("A query of another dimension, not finite, or without direction is invalid")
  func invalid() throws {
    let store = try store([])
    for (query, metric) in [([1], .l2), ([.nan, 1], .dot), ([0, 0], .cosine)]
      as [([Float], Store.Metric)]
    {
      let error = storeError { () throws(StoreError) in
        _ = try store.search(query, count: 1, metric: metric)
      }
      guard case .invalid = error else {
        Issue.record("\(query): \(String(describing: error))")
        continue
      }
    }
  }

  @Test("The nearest k are those of a full sort, for seeded records")
  func agreesWithSorting() throws {
    var random = TestRandom(seed: 11)
    let vectors = (0..<60).map { index in
      ("r\(index)", [Float(random.below(9)) - 4, Float(random.below(9)) - 4])
    }
    let store = try store(vectors)
    for _ in 0..<20 {
      let query: [Float] = [Float(random.below(9)) - 4, Float(random.below(9)) - 4]
      let count = random.below(70)
      let expected = vectors.map { id, vector in
        (
          distance: zip(vector, query).reduce(0.0) { sum, pair in
            sum + Double(pair.0 - pair.1) * Double(pair.0 - pair.1)
          }, id: Array(id.utf8)
        )
      }.sorted {
        $0.distance != $1.distance
          ? $0.distance < $1.distance : $0.id.lexicographicallyPrecedes($1.id)
      }.prefix(count)
      let found = try store.search(query, count: count, metric: .l2)
      #expect(found.map(\.id) == expected.map(\.id))
      #expect(found.map(\.distance) == expected.map(\.distance))
    }
  }

  /// The distance as `Store.Metric` defines it, in Float64.
  private func distance(
    _ query: [Float], _ vector: [Float], _ metric: Store.Metric
  ) -> Double {
    var product = 0.0
    var square = 0.0
    var difference = 0.0
    for (first, second) in zip(query, vector) {
      product += Double(first) * Double(second)
      square += Double(second) * Double(second)
      difference += (Double(first) - Double(second)) * (Double(first) - Double(second))
    }
    switch metric {
    case .l2: return difference
    case .dot: return -product
    case .cosine:
      let length = query.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      return square > 0 ? 1 - product / (length * square.squareRoot()) : .nan
    }
  }

  @Test(
    "Every metric is exact over many blocks, two namespaces and numbers that Float32 sums badly",
    arguments: [Store.Metric.l2, .dot, .cosine])
  func isExact(_ metric: Store.Metric) throws {
    let dimension = 37
    var options = StoreOptions(dimension: dimension, segmentBytes: 1 << 20)
    options.sync = .never
    options.unknownNamespaces = .created
    let store = try Store(storage: TestDisk(), options: options)
    var random = TestRandom(seed: 23)
    // Near one another and far from the origin, where differences cancel; and all other sizes.
    func vector() -> [Float] {
      let scale: Float = [1e-3, 1, 1e10, 1e25, 1e-30][random.below(5)]
      let centre: Float = random.below(2) == 0 ? 1000 : 0
      return (0..<dimension).map { _ in
        (centre + Float(random.below(2001) - 1000) / 512) * scale
      }
    }
    var records: [(key: Store.Key, vector: [Float])] = []
    for number in 0..<3000 {
      let id = [UInt8(number >> 8), UInt8(number & 255)]
      let key = Store.Key(namespace: random.below(4) == 0 ? [1] : [], id: id)
      records.append((key, vector()))
      try store.put(key, vector: records[number].vector)
    }
    for _ in 0..<12 {
      let query = vector()
      for namespace in [[], [1]] as [[UInt8]] {
        let expected = records.filter { $0.key.namespace == namespace }
          .map { (id: $0.key.id, distance: distance(query, $0.vector, metric)) }
          .filter(\.distance.isFinite)
          .sorted {
            $0.distance != $1.distance
              ? $0.distance < $1.distance : $0.id.lexicographicallyPrecedes($1.id)
          }.prefix(10)
        let found = try store.search(query, count: 10, metric: metric, namespace: namespace)
        #expect(found.map(\.id) == expected.map(\.id))
        #expect(found.map(\.distance) == expected.map(\.distance))
      }
    }
  }
}
