import Glibc
import PosixIO
import ReferenceStore

/// A store of many threads: writers that share barriers, readers, checkpoints, and namespaces that
/// come and go.
struct Crowd {
  private let seed: UInt64
  private let base: String

  init(seed: UInt64, base: String) {
    self.seed = seed
    self.base = base
  }

  func run() throws {
    var random = DriverRandom(seed: seed)
    let directory = StoreDriver.fresh(base, "crowd")
    var options = StoreOptions(dimension: 9, segmentBytes: 2000 + random.below(30_000))
    options.sync = random.below(3) == 0 ? .every(4) : .everyWrite
    options.preallocates = random.below(2) == 0
    options.spareSegments = 2
    options.checkpointAfterMutations = random.below(2) == 0 ? 150 : nil
    options.mapsSnapshotsFrom = 0
    let store = try Store(storage: try PosixStorage(directory: directory), options: options)
    let (writers, puts) = (8, 60)
    onThreads(writers + 3) { thread in
      do throws(StoreError) {
        for number in 0..<puts {
          switch thread {
          case 0..<8: try Self.write(store, thread, number)
          case 8: try Self.read(store, number)
          case 9: if number % 10 == 0 { try store.checkpoint() } else { try store.flush() }
          default: try store.createNamespace([UInt8(number)])
          }
        }
      } catch {
        preconditionFailure("\(error)")
      }
    }
    let (count, namespaces) = (try store.count(namespace: []), try store.namespaces().count)
    precondition(count == writers * puts, "every record is there")
    precondition(namespaces == puts, "every namespace is there")
    try store.close()
    let reopened = try Store(storage: try PosixStorage(directory: directory), options: options)
    let after = try reopened.count(namespace: [])
    precondition(after == count, "and after a restart")
    try reopened.close()
  }

  private static func write(_ store: Store, _ thread: Int, _ number: Int) throws(StoreError) {
    let key = Store.Key(id: [UInt8(thread), UInt8(number)])
    let vector = [Float](repeating: Float(thread * 100 + number), count: 9)
    if number % 7 == 3 {
      try store.put(key, vector: vector, condition: .absent)
    } else {
      try store.put(key, vector: vector)
    }
    let read = try store.get(key)?.vector
    precondition(read == vector, "what was acknowledged can be read")
  }

  private static func read(_ store: Store, _ number: Int) throws(StoreError) {
    var seen = 0
    try store.visit { _, _, _, _ in seen += 1 }
    let found = try store.search([Float](repeating: 1, count: 9), count: 4, metric: .dot)
    precondition(found.count <= 4)
    _ = try store.figures()
  }
}
