import StorageInterface
import Testing

@testable import ReferenceStore

@Suite("Namespaces, conditions, and what is refused")
struct NamespaceTests {
  private func strict(_ disk: TestDisk) throws(StoreError) -> Store {
    try Store(storage: disk, options: StoreOptions(dimension: testDimension, segmentBytes: 512))
  }

  private func key(_ id: String, _ namespace: String = "") -> Store.Key {
    Store.Key(namespace: Array(namespace.utf8), id: Array(id.utf8))
  }

  private func names(_ store: Store) throws -> [String] {
    try store.namespaces().map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("A namespace is created, filled, cleared and dropped, and each survives a restart")
  func life() throws {
    let disk = TestDisk()
    var store = try strict(disk)
    func restart(_ checkpoint: Bool) throws {
      if checkpoint { try store.checkpoint() }
      let shown = (try state(of: store), try names(store))
      store = try strict(disk.afterPowerLoss(.none))
      #expect(try state(of: store) == shown.0)
      #expect(try names(store) == shown.1)
      store = try strict(disk)
    }
    for isCheckpointed in [false, true] {
      try store.createNamespace(Array("n".utf8))
      try store.createNamespace(Array("empty".utf8))
      #expect(try names(store) == ["n", "empty"])
      try store.put(key("a", "n"), vector: [1, 2])
      try store.put(key("a"), vector: [3, 4])
      #expect(try store.count(namespace: Array("n".utf8)) == 1)
      #expect(try store.count() == 2)
      try restart(isCheckpointed)
      try store.clear(namespace: Array("n".utf8))
      #expect(try store.ids(namespace: Array("n".utf8)).isEmpty)
      #expect(try store.ids() == [Array("a".utf8)])
      try restart(isCheckpointed)
      try store.put(key("b", "n"), vector: [5, 6])
      try store.dropNamespace(Array("n".utf8))
      #expect(try names(store) == ["empty"])
      #expect(try store.get(key("b", "n")) == nil)
      try restart(isCheckpointed)
      try store.clear(namespace: nil)
      #expect(try store.count() == 0)
      #expect(try names(store) == ["empty"])
      try store.dropNamespace(Array("empty".utf8))
      try restart(isCheckpointed)
    }
  }

  @Test("A namespace that is not there is refused, and nothing is changed")
  func unknown() throws {
    let disk = TestDisk()
    let store = try strict(disk)
    try store.put(key("a"), vector: [1, 2])
    try store.begin(1)
    let calls = disk.calls.count
    func attempt(_ number: Int) throws(StoreError) {
      let put = Store.Mutation.put(key("a", "n"), vector: [1, 2], metadata: [])
      switch number {
      case 0: try store.apply(put)
      case 1: try store.apply(put, transaction: 1)
      case 2: try store.batch([.delete(key("a")), put])
      case 3: try store.dropNamespace([0x6E])
      default: try store.clear(namespace: [0x6E])
      }
    }
    for number in 0..<5 {
      guard case .notFound = storeError({ () throws(StoreError) in try attempt(number) }) else {
        Issue.record("attempt \(number) was accepted")
        continue
      }
    }
    for name in [[], [UInt8](repeating: 1, count: LogFormat.maximumNameBytes + 1)] {
      guard
        case .invalid = storeError({ () throws(StoreError) in try store.createNamespace(name) })
      else {
        Issue.record("a name of \(name.count) bytes was accepted")
        continue
      }
    }
    #expect(disk.calls.count == calls)
    #expect(try store.count() == 1)
    #expect(try store.search([1, 1], count: 3, metric: .l2, namespace: [0x6E]).isEmpty)
  }

  @Test("An insert needs the record's absence, an update its presence")
  func conditions() throws {
    let store = try strict(TestDisk())
    func error(_ id: String, _ condition: Store.Condition, _ transaction: UInt64? = nil)
      -> StoreError?
    {
      storeError { () throws(StoreError) in
        try store.put(
          self.key(id), vector: [1, 2], condition: condition, transaction: transaction)
      }
    }
    #expect(error("a", .present) == .notFound(reason: "no record with this id is there"))
    #expect(error("a", .absent) == nil)
    #expect(
      error("a", .absent) == .conflict(reason: "a record with this id is there already"))
    #expect(error("a", .present) == nil)
    try store.begin(1)
    #expect(error("b", .absent, 1) == nil)
    #expect(error("b", .absent, 1) != nil, "its own writes count")
    #expect(error("b", .present, 1) == nil)
    #expect(error("a", .present, 1) == nil)
    try store.delete(key("a"))
    #expect(
      storeError { () throws(StoreError) in try store.commit(1) }
        == .conflict(reason: "no record with this id is there"), "it rests on what is gone")
    #expect(try store.count() == 0)
  }

  @Test("A transaction that rests on a dropped namespace is a conflict")
  func droppedUnderTransaction() throws {
    let store = try strict(TestDisk())
    try store.createNamespace([0x6E])
    try store.begin(1)
    try store.put(key("a", "n"), vector: [1, 2], transaction: 1)
    try store.dropNamespace([0x6E])
    guard case .conflict = storeError({ () throws(StoreError) in try store.commit(1) }) else {
      Issue.record("the commit was accepted")
      return
    }
    #expect(try store.count() == 0)
  }

  @Test("Records carry the time of their put, and the clock survives restarts and checkpoints")
  func times() throws {
    let disk = TestDisk()
    let options = StoreOptions(dimension: testDimension, segmentBytes: 512)
    let store = try Store(storage: disk, options: options, clock: { 1_234_567 })
    try store.put(key("a"), vector: [1, 2])
    try store.close()
    for isCheckpointed in [false, true] {
      let reopened = try Store(storage: disk, options: options, clock: { 9 })
      #expect(try reopened.get(key("a"))?.time == 1_234_567)
      if !isCheckpointed { try reopened.checkpoint() }
      try reopened.close()
    }
  }
}
