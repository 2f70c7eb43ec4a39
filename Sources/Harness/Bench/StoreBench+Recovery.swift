import Glibc
import PosixIO
import ReferenceStore

extension StoreBench {
  /// Replaying a log: gigabytes a second for records of 4 KiB, records a second for 64 bytes.
  func recoveries() throws(RunError) {
    for (name, dimension, count) in [
      ("store.recovery-4096", 1000, 150_000), ("store.recovery-64", 1, 2_000_000),
    ] {
      let samples = try fresh { (path) throws(RunError) -> [Double] in
        var bytes = 0
        do {
          let store = try open(path, dimension: dimension)
          try fill(store, 0..<count)
          bytes = Int(try checked { () throws(StoreError) in try store.figures() }.logBytes)
          try checked { () throws(StoreError) in
            try store.flush()
            try store.close()
          }
        }
        var samples: [Double] = []
        for _ in 0..<sampleCount {
          var store: Store?
          let storage = try storage(path)
          var options = StoreOptions(dimension: dimension)
          options.sync = .never
          let time = try seconds { () throws(StoreError) in
            store = try Store(storage: storage, options: options)
          }
          let records = try checked { () throws(StoreError) in try store?.count() }
          guard records == count else { throw .harness("bench: records are missing") }
          samples.append(dimension == 1 ? Double(count) / time : Double(bytes) / time / 1e9)
          store = nil
        }
        return samples
      }
      add(Measurement(name, unit: dimension == 1 ? "1/s" : "GB/s", samples))
    }
  }

  /// Opening and searching a checkpointed store of a million vectors, and its memory.
  func largeStore() throws(RunError) {
    let count = 1_000_000
    try fresh { (path) throws(RunError) in
      let vectors = directory + "/vectors"
      let queries = directory + "/queries"
      try BenchVectors.write(count, dimension: Self.dimension, seed: 1, to: vectors)
      try BenchVectors.write(20, dimension: Self.dimension, seed: 2, to: queries)
      do {
        let store = try open(path)
        let before = Self.residentBytes()
        try BenchVectors.each(vectors, dimension: Self.dimension) {
          number, vector throws(RunError) in
          try checked { () throws(StoreError) in
            try store.put(Store.Key(id: Self.id(number)), vector: vector)
          }
        }
        let used = Double(Self.residentBytes() - before)
        let allowed = 1.2 * Double(count * Self.dimension * 4) + 100 * Double(count)
        add(
          Measurement(
            "store.memory-1M-allowed-over-used", unit: "×", [allowed / used]))
        try checked { () throws(StoreError) in
          try store.checkpoint()
          try store.close()
        }
      }
      var opened: [Double] = []
      for _ in 0..<sampleCount {
        let storage = try storage(path)
        var store: Store?
        opened.append(
          1000
            * (try seconds { () throws(StoreError) in
              store = try Store(storage: storage, options: StoreOptions(dimension: Self.dimension))
            }))
        guard try checked({ () throws(StoreError) in try store?.count() }) == count else {
          throw .harness("bench: records are missing")
        }
        store = nil
      }
      add(Measurement("store.open-1M-checkpointed", unit: "ms", opened))
      try search(path, vectors, queries)
    }
  }

  private func search(
    _ path: String, _ vectors: String, _ queries: String
  ) throws(RunError) {
    let theirs = try StorePeers.faiss(
      vectors: vectors, queries: queries, dimension: Self.dimension)
    let store = try open(path)
    var ours: [Double] = []
    var differing = 0
    try BenchVectors.each(queries, dimension: Self.dimension) { number, query throws(RunError) in
      // The first touches every page and checks every block; it is the warm-up.
      if number == 0 {
        _ = try checked { () throws(StoreError) in
          try store.search(query, count: 10, metric: .l2)
        }
      }
      var found: [Store.Match] = []
      ours.append(
        1000
          * (try seconds { () throws(StoreError) in
            found = try store.search(query, count: 10, metric: .l2)
          }))
      if let rows = theirs?.rows, found.map(\.id) != rows[number].map(Self.id) { differing += 1 }
    }
    if differing > 0 {
      Console.print("search: \(differing) of 20 answers differ from faiss's: ties or rounding")
    }
    // Rates, so that more is better.
    add(
      Measurement(
        "search.l2-1M-128-k10", unit: "1/s", ours.map { 1000 / $0 },
        peer: theirs == nil ? nil : "faiss IndexFlatL2, one thread",
        peerSamples: theirs?.milliseconds.map { 1000 / $0 } ?? []))
  }

  /// The memory of this process that is resident and its own, in bytes.
  private static func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 128)
    guard fgets(&text, 128, file) != nil else { return 0 }
    let words = String(decoding: text.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      .split(separator: " ").compactMap { Int($0) }
    guard words.count > 2 else { return 0 }
    return (words[1] - words[2]) * 4096
  }
}

/// Files of Float32 vectors, for the store and its peer alike.
enum BenchVectors {
  /// Writes `count` vectors of components between −1 and 1, drawn from `seed`.
  static func write(
    _ count: Int, dimension: Int, seed: UInt64, to path: String
  ) throws(RunError) {
    guard let file = fopen(path, "w") else { throw .harness("bench: \(path) cannot be made") }
    defer { fclose(file) }
    var state = seed &* 0x9E37_79B9_7F4A_7C15
    var vector = [Float](repeating: 0, count: dimension)
    for _ in 0..<count {
      for component in vector.indices {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        vector[component] = Float(Int64(bitPattern: state) >> 40) / Float(1 << 23)
      }
      guard fwrite(vector, 4, dimension, file) == dimension else {
        throw .harness("bench: \(path) cannot be written")
      }
    }
  }

  /// Calls `body` with each vector of a file.
  static func each(
    _ path: String, dimension: Int, _ body: (Int, [Float]) throws(RunError) -> Void
  ) throws(RunError) {
    guard let file = fopen(path, "r") else { throw .harness("bench: \(path) cannot be read") }
    defer { fclose(file) }
    var vector = [Float](repeating: 0, count: dimension)
    var number = 0
    while fread(&vector, 4, dimension, file) == dimension {
      try body(number, vector)
      number += 1
    }
  }
}
