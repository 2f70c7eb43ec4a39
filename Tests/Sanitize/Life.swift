import Glibc
import PosixIO
import ReferenceStore
import StorageInterface

/// A store of one thread over several openings, each with other options, held against a dictionary.
struct Life {
  private var random: DriverRandom
  private let base: String
  private let directory: String
  private let dimension: Int
  private var records: [Store.Key: [Float]] = [:]

  init(seed: UInt64, base: String) {
    random = DriverRandom(seed: seed)
    self.base = base
    directory = StoreDriver.fresh(base, "life")
    dimension = 1 + random.below(70)
  }

  mutating func run() throws {
    for _ in 0..<4 {
      let store = try open()
      try compare(store)
      for _ in 0..<random.below(120) { try change(store) }
      try compare(store)
      if random.below(3) == 0 {
        try store.flush()
      } else {
        try store.close()
      }
    }
    try damage()
  }

  private mutating func open() throws -> Store {
    var options = StoreOptions(dimension: dimension, segmentBytes: 200 + random.below(20_000))
    options.unknownNamespaces = .created
    let policies: [SyncPolicy] = [
      .everyWrite, .every(3), .interval(milliseconds: 5), .onFlush, .never,
    ]
    options.sync = policies[random.below(policies.count)]
    options.preallocates = random.below(2) == 0
    options.spareSegments = random.below(3)
    options.checkpointAfterMutations = random.below(2) == 0 ? 10 + random.below(40) : nil
    options.keptCheckpoints = 1 + random.below(2)
    options.compression = random.below(3) == 0 ? 1 : nil
    options.retainsLog = random.below(3) == 0
    options.mapsSnapshotsFrom = random.below(2) == 0 ? 0 : .max
    return try Store(
      storage: try PosixStorage(directory: directory), options: options, clock: { 1 })
  }

  private mutating func key() -> Store.Key {
    Store.Key(namespace: random.below(4) == 0 ? [7] : [], id: [UInt8(random.below(60)), 1])
  }

  private mutating func vector() -> [Float] {
    (0..<dimension).map { _ in Float(random.below(2001) - 1000) / 64 }
  }

  private mutating func change(_ store: Store) throws {
    switch random.below(20) {
    case 0: try store.checkpoint()
    case 1: try store.flush()
    case 2:
      try store.clear(namespace: [])
      records = records.filter { !$0.key.namespace.isEmpty }
    case 3, 4:
      let batch = (0..<random.below(9)).map { _ in (key(), vector()) }
      try store.batch(batch.map { .put($0.0, vector: $0.1, metadata: [1, 2]) })
      for (key, vector) in batch { records[key] = vector }
    case 5:
      let (first, second) = (key(), vector())
      try store.begin(1)
      try store.put(first, vector: second, transaction: 1)
      if random.below(2) == 0 {
        try store.commit(1)
        records[first] = second
      } else {
        try store.abort(1)
      }
    case 6...9:
      let gone = key()
      try store.delete(gone)
      records[gone] = nil
    case 10: try store.truncate(upTo: store.figures().lastLSN)
    default:
      let (first, second) = (key(), vector())
      let metadata = [UInt8](repeating: 5, count: random.below(300))
      try store.put(first, vector: second, metadata: metadata)
      records[first] = second
    }
  }

  private mutating func compare(_ store: Store) throws {
    let count = try store.count()
    precondition(count == records.count, "as many records as in the dictionary")
    for (key, vector) in records {
      let found = try store.get(key)?.vector
      precondition(found == vector, "each record as in the dictionary")
    }
    let query = vector()
    for metric in [Store.Metric.l2, .dot, .cosine] {
      let found = try store.search(query, count: 5, metric: metric)
      let there = records.keys.count { $0.namespace.isEmpty }
      precondition(found.count <= 5 && found.count <= there, "no more than there are")
      if metric == .l2 {
        let nearest = records.filter { $0.key.namespace.isEmpty }.map { record in
          zip(record.value, query).reduce(0.0) {
            $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
          }
        }.min()
        precondition(found.first?.distance == nearest, "the nearest is the nearest")
      }
    }
  }

  /// One byte of one file is another: inspection, replay, opening and salvaging go on or refuse.
  private mutating func damage() throws {
    let storage = try PosixStorage(directory: directory)
    let names = try storage.list("").sorted()
    if names.isEmpty { return }
    _ = try Inspection(storage: storage, listsRecords: true)
    let name = names[random.below(names.count)]
    let file = try storage.open(name, .readWrite)
    let size = try storage.size(file)
    if size > 0 {
      let place = UInt64(random.below(Int(size)))
      var byte: UInt8 = 0
      _ = try withUnsafeMutableBytes(of: &byte) { try storage.read(file, at: place, into: $0) }
      byte ^= 1 << UInt8(random.below(8))
      _ = try withUnsafeBytes(of: byte) { try storage.write(file, at: place, $0) }
    }
    storage.close(file)
    let inspection = try Inspection(storage: storage, listsRecords: true)
    _ = try? LogReplay.replay(storage: storage, dimension: dimension) { _ in }
    if inspection.dimension != nil {
      let other = try PosixStorage(directory: StoreDriver.fresh(base, "salvaged"))
      let salvage = try Salvage(from: storage, to: other)
      precondition(salvage.records <= records.count + 200, "nothing is invented")
    }
    let opened = try? open()
    _ = try? opened?.search(vector(), count: 3, metric: .l2)
  }
}
