import PosixIO
import StorageInterface
import Testing

@testable import ReferenceStore

@Suite("Threads")
struct ConcurrencyTests {
  @Test("Writers share barriers, readers go on meanwhile, and nothing acknowledged is lost")
  func groupCommit() throws {
    try withDirectory { path in
      let writers = 6
      let puts = 60
      var options = StoreOptions(dimension: 2, segmentBytes: 16 << 10)
      options.checkpointAfterMutations = 100
      let store = try Store(storage: try PosixStorage(directory: path), options: options)
      onThreads(writers + 3) { thread in
        for number in 0..<puts {
          do throws(StoreError) {
            if thread < writers {
              try store.put(
                Store.Key(id: Array("\(thread)/\(number)".utf8)),
                vector: [Float(thread), Float(number)], metadata: [UInt8(number)])
            } else {
              try Self.read(store, number)
            }
          } catch {
            Issue.record("\(error)")
          }
        }
      }
      let figures = try store.figures()
      #expect(figures.records == writers * puts)
      #expect(figures.lastLSN.rawValue == UInt64(writers * puts))
      #expect(figures.coveredMutations == UInt64(writers * puts))
      #expect(figures.barriers <= figures.coveredMutations)
      try store.close()
      let reopened = try Store(storage: try PosixStorage(directory: path), options: options)
      for thread in 0..<writers {
        for number in 0..<puts {
          let record = try reopened.get(Store.Key(id: Array("\(thread)/\(number)".utf8)))
          #expect(record?.vector == [Float(thread), Float(number)])
        }
      }
      try reopened.close()
    }
  }

  private static func read(_ store: Store, _ number: Int) throws(StoreError) {
    var seen = 0
    try store.visit { _, _, _, _ in seen += 1 }
    _ = try store.get(Store.Key(id: Array("0/\(number)".utf8)))
    let found = try store.search([1, Float(number)], count: 5, metric: .l2)
    precondition(found.count <= 5)
    _ = try store.figures()
  }

  @Test("Namespaces, conditions and transactions of many threads end as if one by one")
  func mixed() throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 2000)
    onThreads(6) { thread in
      for number in 0..<40 {
        do throws(StoreError) {
          switch (thread, number % 4) {
          case (0, 0): try store.createNamespace([0x6E])
          case (0, 2): try store.dropNamespace([0x6E])
          case (_, 0):
            // One of the threads inserts, the others are refused.
            try store.put(
              Store.Key(id: [UInt8(number)]), vector: [1, Float(thread)], condition: .absent)
          case (_, 1):
            try store.begin(UInt64(thread))
            try store.put(
              Store.Key(id: [0xFF, UInt8(thread)]), vector: [2, Float(number)],
              transaction: UInt64(thread))
            try store.commit(UInt64(thread))
          default: try store.put(Store.Key(namespace: [0x6E], id: [1]), vector: [3, 3])
          }
        } catch {
          switch error {
          case .conflict, .notFound: break
          default: Issue.record("\(error)")
          }
        }
      }
    }
    let shown = try state(of: store)
    #expect(try state(of: openStore(disk.afterPowerLoss(.none), segmentBytes: 2000)) == shown)
    #expect(shown.keys.filter { $0.hasPrefix("/") }.count == 10 + 6)
  }

  @Test("A second opener of a directory is refused until the first lets go")
  func lock() throws {
    try withDirectory { path in
      let options = StoreOptions(dimension: 2)
      let first = try Store(storage: try PosixStorage(directory: path), options: options)
      let other = try PosixStorage(directory: path)
      #expect(
        storeError { () throws(StoreError) in _ = try Store(storage: other, options: options) }
          == .locked)
      _ = try Inspection(storage: other)
      try first.put(Store.Key(id: [1]), vector: [1, 2])
      try first.close()
      let second = try Store(storage: other, options: options)
      #expect(try second.count() == 1)
    }
  }
}
