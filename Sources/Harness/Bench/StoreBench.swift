import CLinuxShims
import CPeers
import Glibc
import PosixIO
import ReferenceStore
import StorageInterface

/// Measures the reference store beside its peers, ours and theirs in turns, on one pinned core.
struct StoreBench {
  /// Takes each measurement as it is made.
  let add: (Measurement) -> Void
  /// Where files go; on a real disk.
  let directory: String
  /// The processors of this machine that may be used; the first is the one that all is pinned to.
  let processors: [Int32]
  let sampleCount = 5
  /// The components of a vector of 512 bytes.
  static let dimension = 128

  /// Measures everything, or the parts named.
  func run(_ parts: [String] = Self.parts) throws(RunError) {
    try Files.makeDirectory(directory)
    defer { Files.remove(directory) }
    for part in parts { try runPart(part) }
  }

  /// The names of the parts.
  static let parts = [
    "append", "append-synced", "put", "threads", "recovery", "large-store", "growth",
  ]

  /// Measures one part.
  func runPart(_ name: String) throws(RunError) {
    switch name {
    case "append": try appends()
    case "append-synced": try syncedAppends()
    case "put": try puts()
    case "threads": try threads()
    case "recovery": try recoveries()
    case "large-store": try largeStore()
    default: try growth()
    }
  }

  /// Runs `body` in a fresh directory.
  func fresh<Result>(
    _ body: (String) throws(RunError) -> Result
  ) throws(RunError) -> Result {
    let path = directory + "/store"
    Files.remove(path)
    try Files.makeDirectory(path)
    return try body(path)
  }

  /// A storage at `path`.
  func storage(_ path: String) throws(RunError) -> PosixStorage {
    do throws(Errno) { return try PosixStorage(directory: path) } catch {
      throw .harness("bench: \(path): \(error)")
    }
  }

  /// What `body` takes, in seconds.
  func seconds(_ body: () throws(StoreError) -> Void) throws(RunError) -> Double {
    let begun = monotonicSeconds()
    do throws(StoreError) { try body() } catch {
      throw .harness("bench: \(error)")
    }
    return monotonicSeconds() - begun
  }

  /// The result of `body`.
  func checked<Result>(_ body: () throws(StoreError) -> Result) throws(RunError) -> Result {
    do throws(StoreError) { return try body() } catch {
      throw .harness("bench: \(error)")
    }
  }

  /// Opens a new file for a loop in C, and runs it.
  func loop(
    _ name: String, _ body: (Int32) -> Double
  ) throws(RunError) -> Double {
    let path = directory + "/loop"
    unlink(path)
    let file = Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
    defer {
      Glibc.close(file)
      unlink(path)
    }
    guard let seconds = try StorePeers.seconds(name, { body(file) }) else {
      throw .harness("bench: \(name) is part of this program")
    }
    return seconds
  }

  /// The log alone, without a barrier: records of 512 bytes, gathered and written.
  private func appends() throws(RunError) {
    let count = 1_000_000
    let record = [UInt8](repeating: 0x5A, count: 512)
    var ours: [Double] = []
    var theirs: [Double] = []
    for _ in 0..<sampleCount {
      ours.append(
        Double(count)
          / (try fresh { (path) throws(RunError) in
            let log = LogAppender(
              storage: try storage(path), segmentBytes: 1 << 30, preallocates: false,
              isSynced: false)
            return try seconds { () throws(StoreError) in
              let payload = record.count - LogAppender.overhead
              for _ in 0..<count {
                try record.span.bytes.withUnsafeBytes { (bytes) throws(StoreError) in
                  try log.append(UnsafeRawBufferPointer(rebasing: bytes[..<payload]))
                }
              }
              try log.write()
            }
          }))
      theirs.append(
        Double(count)
          / (try loop("the bare loop") {
            cpeers_append($0, record, record.count, UInt64(count))
          }))
    }
    add(
      Measurement(
        "wal.append-512-unsynced", unit: "1/s", ours,
        peer: "a loop in C: checksum, copy to 64 KiB, write", peerSamples: theirs))
  }

  /// One record, one barrier. Many short samples in turns: a disk that others use is slow for
  /// seconds at a time, and what is compared must meet the same seconds.
  private func syncedAppends() throws(RunError) {
    let (rounds, count) = (25, 200)
    let value = [UInt8](repeating: 0x5A, count: 512)
    var ours: [Double] = []
    var bare: [Double] = []
    var rocks: [Double] = []
    var lite: [Double] = []
    let path = directory + "/synced"
    Files.remove(path)
    try Files.makeDirectory(path)
    let store = try syncedStore(path)
    // What giving room takes counts where it falls among the samples.
    try fill(store, 0..<count)
    for round in 1...rounds {
      ours.append(
        Double(count)
          / (try seconds { () throws(StoreError) in
            try self.put(store, round * count..<(round + 1) * count)
          }))
      bare.append(
        Double(count)
          / (try loop("the bare loop") { file in
            // The file is written first, so that the loop changes no sizes and no extents.
            guard cpeers_fill(file, UInt64(count * 512)) > 0 else { return -1 }
            return cpeers_append_synced(file, value, value.count, UInt64(count))
          }))
      if let time = try rocksDB(value, count, isSynced: true) { rocks.append(Double(count) / time) }
      if let time = try fresh({ (path) throws(RunError) in
        try StorePeers.seconds("SQLite") {
          cpeers_sqlite_fill(path + "/db", value, value.count, UInt64(count))
        }
      }) {
        lite.append(Double(count) / time)
      }
    }
    for (name, peer, samples) in [
      ("bare", "pwrite and fdatasync of 512 bytes, file written before", bare),
      ("rocksdb", "RocksDB fillsync", rocks), ("sqlite", "SQLite WAL, synchronous=FULL", lite),
    ] {
      add(
        Measurement(
          "wal.append-512-synced-vs-\(name)", unit: "1/s", ours,
          peer: samples.isEmpty ? nil : peer, peerSamples: samples))
    }
  }

  /// A store that makes every mutation durable, in segments whose room is given in advance.
  private func syncedStore(_ path: String) throws(RunError) -> Store {
    var options = StoreOptions(dimension: Self.dimension, segmentBytes: 16 << 20)
    options.preallocates = true
    let storage = try storage(path)
    return try checked { () throws(StoreError) in try Store(storage: storage, options: options) }
  }

  /// Seconds for RocksDB; nil when it is not installed.
  private func rocksDB(
    _ value: [UInt8], _ count: Int, isSynced: Bool
  ) throws(RunError) -> Double? {
    try fresh { (path) throws(RunError) in
      try StorePeers.seconds("RocksDB") {
        cpeers_rocksdb_fill(path + "/db", value, value.count, UInt64(count), isSynced ? 1 : 0)
      }
    }
  }

  /// Log and index, without a barrier.
  private func puts() throws(RunError) {
    let count = 300_000
    let value = [UInt8](repeating: 0x5A, count: 512)
    var ours: [Double] = []
    var theirs: [Double] = []
    for _ in 0..<sampleCount {
      ours.append(
        Double(count)
          / (try fresh { (path) throws(RunError) in
            let store = try open(path)
            return try seconds { () throws(StoreError) in
              try self.put(store, 0..<count)
              try store.flush()
            }
          }))
      if let time = try rocksDB(value, count, isSynced: false) {
        theirs.append(Double(count) / time)
      }
    }
    add(
      Measurement(
        "store.put-512-unsynced", unit: "1/s", ours,
        peer: theirs.isEmpty ? nil : "RocksDB fillseq, no compression", peerSamples: theirs))
  }

  /// Eight threads against one, every put durable: all on one processor, and over two.
  ///
  /// Over two is how a store is used; one is what the other figures are measured on, and where a
  /// barrier is the only thing that threads can do at once.
  private func threads() throws(RunError) {
    let (rounds, count) = (15, 200)
    for processors in [Array(processors.prefix(1)), Array(processors.prefix(2))] {
      var one: [Double] = []
      var eight: [Double] = []
      for _ in 0..<rounds {
        one.append(try syncedRate(threads: 1, count, on: processors))
        eight.append(try syncedRate(threads: 8, count, on: processors))
      }
      add(
        Measurement(
          "store.put-512-synced-8-threads-\(processors.count)-processors", unit: "1/s", eight,
          peer: "its own single thread", peerSamples: one))
    }
  }

  /// Durable puts a second, of all threads together.
  private func syncedRate(
    threads: Int, _ count: Int, on processors: [Int32]
  ) throws(RunError) -> Double {
    try fresh { (path) throws(RunError) in
      let store = try syncedStore(path)
      try fill(store, 0..<50)
      let begun = monotonicSeconds()
      onThreads(threads, pinned: false) { (thread: Int) in
        _ = clinux_pin_to_cpu(processors[thread % processors.count])
        let vector = [Float](repeating: Float(thread), count: Self.dimension)
        for number in 0..<count {
          try? store.put(Store.Key(id: Self.id(thread * count + number)), vector: vector)
        }
      }
      let time = monotonicSeconds() - begun
      let records = try checked { () throws(StoreError) in try store.count() }
      guard records == max(50, threads * count) else {
        throw .harness("bench: records are missing")
      }
      return Double(threads * count) / time
    }
  }
}

extension StoreBench {
  /// Opens a store without barriers.
  func open(_ path: String, dimension: Int = StoreBench.dimension) throws(RunError) -> Store {
    var options = StoreOptions(dimension: dimension, segmentBytes: 256 << 20)
    options.sync = .never
    let storage = try storage(path)
    return try checked { () throws(StoreError) in try Store(storage: storage, options: options) }
  }

  /// The id of record `number`, 16 bytes as RocksDB's keys are.
  static func id(_ number: Int) -> [UInt8] {
    var id = [UInt8](repeating: 0x30, count: 16)
    var rest = number
    var place = 15
    while rest > 0 {
      id[place] = 0x30 + UInt8(rest % 10)
      rest /= 10
      place -= 1
    }
    return id
  }

  /// Puts records with one vector.
  func put(_ store: Store, _ numbers: Range<Int>) throws(StoreError) {
    let vector = [Float](repeating: 1, count: store.options.dimension)
    for number in numbers {
      try store.put(Store.Key(id: Self.id(number)), vector: vector)
    }
  }

  /// Puts records, not measured.
  func fill(_ store: Store, _ numbers: Range<Int>) throws(RunError) {
    try checked { () throws(StoreError) in try self.put(store, numbers) }
  }
}
