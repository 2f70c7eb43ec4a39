import StorageInterface
import Testing

@testable import ReferenceStore

@Suite("What the store answers")
struct StoreTests {
  private func key(_ id: String, _ namespace: String = "") -> Store.Key {
    Store.Key(namespace: Array(namespace.utf8), id: Array(id.utf8))
  }

  @Test("Every bit of a vector and every byte of metadata and names survives a restart")
  func bitForBit() throws {
    let disk = TestDisk()
    let patterns: [UInt32] = [0x7FC0_0000, 0x7F80_0001, 0xFFC1_2345, 0x8000_0000, 0x0000_0001]
    let odd = Store.Key(namespace: [0, 0xFF], id: [0, 1, 0])
    var store = try openStore(disk)
    for (index, pattern) in patterns.enumerated() {
      try store.put(
        .init(namespace: odd.namespace, id: odd.id + [UInt8(index)]),
        vector: [Float(bitPattern: pattern), .infinity], metadata: [0x7B, 0, 0xC3, 0x7D])
    }
    for round in 0..<3 {
      for (index, pattern) in patterns.enumerated() {
        let record = try #require(
          try store.get(.init(namespace: odd.namespace, id: odd.id + [UInt8(index)])))
        #expect(record.vector.map(\.bitPattern) == [pattern, Float.infinity.bitPattern])
        #expect(record.metadata == [0x7B, 0, 0xC3, 0x7D])
      }
      if round == 1 { try store.checkpoint() }
      try store.close()
      store = try openStore(disk)
    }
  }

  @Test("Namespace and id together name a record")
  func namespaces() throws {
    let store = try openStore(TestDisk())
    try store.put(key("bc", "a"), vector: [1, 1])
    try store.put(key("c", "ab"), vector: [2, 2])
    try store.put(key("abc"), vector: [3, 3])
    #expect(try store.figures().records == 3)
    try store.delete(key("c", "ab"))
    #expect(try store.get(key("c", "ab")) == nil)
    #expect(try store.get(key("bc", "a"))?.vector == [1, 1])
    #expect(try store.get(key("abc"))?.vector == [3, 3])
  }

  @Test("What is out of bounds is invalid and changes nothing, on disk as in memory")
  func invalid() throws {
    let disk = TestDisk()
    let store = try openStore(disk)
    try store.put(key("a"), vector: [1, 2])
    let calls = disk.calls.count
    let long = [UInt8](repeating: 0x61, count: LogFormat.maximumNameBytes + 1)
    let bad: [Store.Mutation] = [
      .put(key("a"), vector: [1], metadata: []), .put(key("a"), vector: [1, 2, 3], metadata: []),
      .put(key(""), vector: [1, 2], metadata: []), .delete(key("")),
      .delete(Store.Key(id: long)), .delete(Store.Key(namespace: long, id: [1])),
    ]
    try store.begin(1)
    for mutation in bad {
      func isInvalid(_ error: StoreError?) -> Bool {
        if case .invalid = error { true } else { false }
      }
      #expect(isInvalid(storeError { () throws(StoreError) in try store.apply(mutation) }))
      #expect(
        isInvalid(
          storeError { () throws(StoreError) in try store.batch([.delete(key("a")), mutation]) }))
      #expect(
        isInvalid(storeError { () throws(StoreError) in try store.apply(mutation, transaction: 1) })
      )
    }
    try store.commit(1)
    #expect(disk.calls.count == calls, "nothing was written")
    #expect(try state(of: store) == ["/a": "3f800000,40000000;"])
    try store.delete(Store.Key(id: Array(long.dropLast())))
  }

  @Test("Transactions see their own writes only, the last commit wins, and an abort leaves nothing")
  func transactions() throws {
    let disk = TestDisk()
    let store = try openStore(disk)
    try store.put(key("a"), vector: [0, 0])
    for transaction in UInt64(1)...3 { try store.begin(transaction) }
    let calls = disk.calls.count
    try store.put(key("a"), vector: [1, 1], transaction: 1)
    try store.put(key("b"), vector: [1, 2], transaction: 1)
    try store.put(key("a"), vector: [2, 2], transaction: 2)
    try store.delete(key("a"), transaction: 3)
    #expect(disk.calls.count == calls, "nothing uncommitted reaches the disk")
    #expect(try store.get(key("a"), transaction: 1)?.vector == [1, 1])
    #expect(try store.get(key("b"), transaction: 2) == nil)
    #expect(try store.get(key("a"), transaction: 3) == nil)
    #expect(try store.get(key("a"))?.vector == [0, 0])
    let lsn = try store.figures().lastLSN
    try store.commit(2)
    try store.abort(3)
    try store.commit(1)
    #expect(try store.figures().lastLSN == lsn.next.next, "one record a commit")
    #expect(try store.get(key("a"))?.vector == [1, 1])
    for transaction in UInt64(1)...3 {
      let error = storeError { () throws(StoreError) in try store.commit(transaction) }
      #expect(error == .conflict(reason: "transaction \(transaction) is not open"))
    }
    try store.begin(1)
    #expect(
      storeError { () throws(StoreError) in try store.begin(1) }
        == .conflict(reason: "transaction 1 is open already"))
    try store.put(key("c"), vector: [9, 9], transaction: 1)
    let reopened = try openStore(disk.afterProcessCrash())
    #expect(try state(of: reopened) == state(of: store), "an unfinished transaction is nothing")
  }

  @Test("Every mutation is one write and one barrier; a batch is one of each")
  func calls() throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 1 << 20)
    #expect(disk.calls == [.list], "opening an empty directory makes nothing")
    try store.apply(samplePut("a", 1))
    disk.resetCalls()
    let file = "wal-00000000000000000001.log"
    try store.apply(samplePut("b", 2))
    #expect(disk.calls == [.write(file, 72), .synchronize(file)])
    disk.resetCalls()
    try store.batch([samplePut("a", 1), samplePut("b", 2), .delete(key("c"))])
    #expect(disk.calls == [.write(file, 40 + 32 * 2 + 24), .synchronize(file)])
    disk.resetCalls()
    try store.flush()
    try store.batch([])
    try store.begin(1)
    try store.commit(1)
    #expect(disk.calls.isEmpty)
    try store.close()
    #expect(disk.calls == [.write(file, 40)], "a mark that nobody waits for")
  }

  @Test("Opening a cleanly closed store lists, and opens, sizes and reads each live file once")
  func cleanOpen() throws {
    let disk = TestDisk()
    let store = try openStore(disk)
    for number in 0..<20 { try store.apply(samplePut("a\(number)", number)) }
    try store.checkpoint()
    for number in 0..<20 { try store.apply(samplePut("b\(number)", number)) }
    let expected = try state(of: store)
    try store.close()
    disk.resetCalls()
    let reopened = try openStore(disk)
    #expect(try state(of: reopened) == expected)
    #expect(disk.calls.count == 1 + 3 * disk.files.count)
    #expect(disk.calls.allSatisfy { !$0.isMutating })
  }

  @Test("A store that is closed or opened with other options than its files fit is invalid")
  func misuse() throws {
    let disk = TestDisk()
    let store = try openStore(disk)
    try store.apply(samplePut("a", 1))
    try store.close()
    try store.close()
    #expect(
      storeError { () throws(StoreError) in try store.apply(samplePut("a", 1)) }
        == .invalid(reason: "the store is closed"))
    for options in [
      StoreOptions(dimension: 0), StoreOptions(dimension: 2, segmentBytes: 1),
      StoreOptions(dimension: 3),
    ] {
      let error = storeError { () throws(StoreError) in
        _ = try Store(storage: disk, options: options)
      }
      guard case .invalid = error else {
        Issue.record("\(options): \(String(describing: error))")
        continue
      }
    }
  }

  @Test("Letting go of a store closes its files and writes nothing")
  func drop() throws {
    let disk = TestDisk()
    do {
      let store = try openStore(disk)
      try store.apply(samplePut("a", 1))
      disk.resetCalls()
    }
    #expect(disk.calls.isEmpty)
    #expect(disk.handles.isEmpty)
  }

  @Test("A checkpoint leaves one snapshot and no segment, and LSNs go on after it")
  func checkpoint() throws {
    let disk = TestDisk()
    var store = try openStore(disk)
    for number in 0..<30 { try store.apply(samplePut("a\(number % 7)", number)) }
    try store.checkpoint()
    try store.checkpoint()
    #expect(disk.files.map(\.name) == ["snapshot-00000000000000000002.snap"])
    #expect(disk.durableNames == disk.names)
    let expected = try state(of: store)
    store = try openStore(disk.afterPowerLoss(.none))
    #expect(try state(of: store) == expected)
    let figures = try store.figures()
    #expect(figures.lastLSN == LSN(rawValue: 30))
    #expect(figures.segments == 0 && figures.logBytes == 0)
    #expect(figures.checkpoint == 2 && figures.records == 7)
    try store.apply(samplePut("z", 1))
    #expect(try store.figures().lastLSN == LSN(rawValue: 31))
    #expect(try store.figures().segments == 1)
  }
}
