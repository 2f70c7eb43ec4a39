import Testing

@testable import ReferenceStore

@Suite("Records in memory")
struct RecordTableTests {
  private struct Model {
    var values: [[[UInt8]]: (component: Float, metadata: Int)] = [:]
    var namespaces: Set<[UInt8]> = []
  }

  /// A failing seed is printed with the expectation.
  @Test("The table agrees with a dictionary over seeded mutations", arguments: 1...24)
  func agreesWithDictionary(seed: Int) throws {
    var random = TestRandom(seed: UInt64(seed))
    let table = RecordTable(dimension: 2)
    var model = Model()
    let keys = 1 + random.below(90)
    for number in 0..<900 {
      let id = Array("key \(random.below(keys))".utf8)
      let namespace = Array(["", "", "n", "other"][random.below(4)].utf8)
      let entry = LogBuffer()
      switch random.below(60) {
      case 0:
        entry.append(.clear, namespace: namespace)
        model.values = model.values.filter { $0.key[0] != namespace }
      case 1 where !namespace.isEmpty:
        entry.append(.dropNamespace, namespace: namespace)
        model.values = model.values.filter { $0.key[0] != namespace }
        model.namespaces.remove(namespace)
      case 2 where random.chance(1, in: 3):
        entry.append(.clearAll, namespace: [])
        model.values = [:]
      case 3 where !namespace.isEmpty:
        entry.append(.createNamespace, namespace: namespace)
        model.namespaces.insert(namespace)
      case 4: table.compact()
      case 5..<25:
        entry.append(entryOf: .delete(Store.Key(namespace: namespace, id: id)))
        model.values[[namespace, id]] = nil
      default:
        let size = random.below(60)
        entry.append(
          entryOf: .put(
            Store.Key(namespace: namespace, id: id), vector: [Float(number), 1],
            metadata: [UInt8](repeating: UInt8(number & 0xFF), count: size)))
        model.values[[namespace, id]] = (Float(number), size)
        if !namespace.isEmpty { model.namespaces.insert(namespace) }
      }
      #expect(try table.apply(entry.bytes, in: 0..<entry.count, time: UInt64(number)))
      #expect(table.count == model.values.count, "seed \(seed), step \(number)")
    }
    check(table, model, "seed \(seed)")
    table.compact()
    check(table, model, "seed \(seed), compacted")
  }

  private func check(_ table: RecordTable, _ model: Model, _ place: String) {
    let there = table.namespaces.all.dropFirst().filter(\.exists).map(\.name)
    #expect(Set(there) == model.namespaces, "\(place)")
    for (key, value) in model.values {
      guard let number = table.find(Store.Key(namespace: key[0], id: key[1])) else {
        Issue.record("\(place): a key is missing")
        continue
      }
      #expect(table.vector(number).load(as: Float.self) == value.component, "\(place)")
      #expect(table.row(number).metadataCount == value.metadata, "\(place)")
    }
    var live = 0
    for number in 0..<table.rowCount where table.row(number).isLive { live += 1 }
    #expect(live == model.values.count, "\(place)")
  }

  @Test("Memory is given back when most records are gone")
  func compaction() throws {
    let table = RecordTable(dimension: 4096)
    let vector = [Float](repeating: 1, count: 4096)
    func apply(_ mutation: Store.Mutation) throws {
      let entry = LogBuffer()
      entry.append(entryOf: mutation)
      #expect(try table.apply(entry.bytes, in: 0..<entry.count, time: 0))
    }
    for number in 0..<600 {
      try apply(.put(Store.Key(id: Array("\(number)".utf8)), vector: vector, metadata: []))
    }
    for number in 0..<590 { try apply(.delete(Store.Key(id: Array("\(number)".utf8)))) }
    #expect(table.rowCount == 600)
    table.compact()
    #expect(table.rowCount == 10)
    for number in 590..<600 {
      #expect(table.find(Store.Key(id: Array("\(number)".utf8))) != nil)
    }
  }
}
