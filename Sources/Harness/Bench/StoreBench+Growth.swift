import Glibc
import PosixIO
import ReferenceStore

extension StoreBench {
  /// What the growing sizes are measured with: 32 components, so that ten million records of them
  /// fit into a small machine.
  private static let growthDimension = 32

  /// The same costs at growing sizes: each should be the same per record. `BenchPage` draws them.
  func growth() throws(RunError) {
    for count in [10_000, 100_000, 1_000_000, 10_000_000] {
      // Log, checkpoint and memory of ten million records take 2 GB each.
      if count > 1_000_000, !hasRoom(bytes: 8 << 30) {
        Console.print("growth: no room for \(count) records here; left out")
        continue
      }
      var costs = GrowthCosts()
      for _ in 0..<(count < 1_000_000 ? sampleCount : 1) {
        try fresh { (path) throws(RunError) in try growth(path, count, &costs) }
      }
      for (name, samples) in costs.all {
        add(
          Measurement(
            "\(GrowthCosts.prefix)\(name)-\(count)", unit: "ns",
            samples.map { $0 * 1e9 / Double(count) }))
      }
    }
  }

  private func growth(
    _ path: String, _ count: Int, _ costs: inout GrowthCosts
  ) throws(RunError) {
    let dimension = Self.growthDimension
    let query = [Float](repeating: 0.5, count: dimension)
    do {
      let store = try open(path, dimension: dimension)
      costs.put.append(
        try seconds { () throws(StoreError) in
          // No two alike: of equal distances a search looks at every one.
          var vector = [Float](repeating: 1, count: dimension)
          for number in 0..<count {
            vector[number % dimension] = Float(number)
            try store.put(Store.Key(id: Self.id(number)), vector: vector)
          }
        })
      try checked { () throws(StoreError) in try store.close() }
    }
    func reopened(_ time: inout [Double]) throws(RunError) -> Store {
      var store: Store?
      let storage = try storage(path)
      time.append(
        try seconds { () throws(StoreError) in
          store = try Store(storage: storage, options: StoreOptions(dimension: dimension))
        })
      guard let store, try checked({ () throws(StoreError) in try store.count() }) == count else {
        throw .harness("bench: records are missing")
      }
      return store
    }
    do {
      let store = try reopened(&costs.recover)
      costs.search.append(
        try seconds { () throws(StoreError) in
          _ = try store.search(query, count: 10, metric: .l2)
        })
      costs.checkpoint.append(try seconds { () throws(StoreError) in try store.checkpoint() })
      try checked { () throws(StoreError) in try store.close() }
    }
    let store = try reopened(&costs.open)
    try checked { () throws(StoreError) in try store.close() }
  }

  private func hasRoom(bytes: UInt64) -> Bool {
    var status = statvfs()
    guard statvfs(directory, &status) == 0 else { return false }
    let memory = UInt64(sysconf(Int32(_SC_AVPHYS_PAGES))) * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    return UInt64(status.f_bavail) * UInt64(status.f_frsize) > bytes && memory > bytes / 2
  }
}

/// Seconds of each kind of call at one size.
private struct GrowthCosts {
  /// What the names of the measurements begin with.
  static let prefix = BenchPage.growthPrefix

  var put: [Double] = []
  var recover: [Double] = []
  var search: [Double] = []
  var checkpoint: [Double] = []
  var open: [Double] = []

  var all: [(name: String, samples: [Double])] {
    [
      ("put", put), ("recover", recover), ("search", search), ("checkpoint", checkpoint),
      ("open", open),
    ]
  }
}
