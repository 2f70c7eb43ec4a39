/// One line of `Reports/bench.json`.
struct Measurement: Codable, Sendable {
  /// What was measured; it starts with the area.
  var name: String
  /// The median of the samples.
  var median: Double
  var unit: String
  var samples: [Double]
  /// What it is held against, measured in the same run; nil where there is nothing.
  var peer: String?
  var peerMedian: Double?
  /// Ours over the peer's where more is better, its inverse where less is.
  var ratio: Double?

  /// Makes a measurement of samples, and of the peer's where it has one.
  init(
    _ name: String, unit: String, _ samples: [Double], peer: String? = nil,
    peerSamples: [Double] = [], lessIsMore: Bool = false
  ) {
    self.name = name
    self.unit = unit
    self.samples = samples
    median = Self.median(samples)
    self.peer = peer
    if peer != nil {
      let other = Self.median(peerSamples)
      peerMedian = other
      let (above, below) = lessIsMore ? (other, median) : (median, other)
      ratio = below > 0 ? above / below : nil
    }
  }

  /// The middle of the sorted samples; the mean of the two middle ones where their count is even.
  static func median(_ samples: [Double]) -> Double {
    guard !samples.isEmpty else { return 0 }
    let sorted = samples.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

/// `Reports/bench.json`.
struct BenchReport: Codable, Sendable {
  var environment: Report.Environment
  var pinning: String
  var measurements: [Measurement]
  /// What falls short of what the tool would have, a sentence each.
  var notes: [String] = []
}
