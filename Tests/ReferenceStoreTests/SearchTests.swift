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
}
