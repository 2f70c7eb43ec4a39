/// How much is still unseen: the behaviours that runs have shown, and the chance that the next
/// seed shows a new one.
///
/// Method: by Good's theorem (I. J. Good, "The population frequencies of species and the
/// estimation of population parameters", Biometrika 40, 1953) what was seen in just one of T
/// samples tells how likely the next sample shows something unseen. A sample is a recording, and
/// shows many behaviours at once; so the share of recordings that show some behaviour no other
/// recording shows is counted, which estimates the chance that one more recording would. The
/// interval is Wilson's for a share (E. B. Wilson, JASA 22, 1927), at 95 %.
struct Discovery: Codable, Sendable, Equatable {
  /// How many different behaviours were seen.
  var seen: Int
  /// How many recordings there were.
  var recordings: Int
  /// How many recordings showed a behaviour that no other did.
  var recordingsWithOwn: Int
  /// The estimated chance that one more seed shows a new behaviour, and its 95 % interval.
  var chance: Double
  var chanceLow: Double
  var chanceHigh: Double
  /// The same in words.
  var text: String
  /// Points of the curve: after so many recordings, so many behaviours.
  var curve: [[Int]]
  /// The behaviours' digests, 16 hex digits each, rising: recordings refer to them.
  var digests: [String]

  /// Counts the behaviours of recordings, given in order as rising digests.
  init(_ recordings: [[UInt64]]) {
    var counts: [UInt64: Int] = [:]
    var growth: [Int] = []
    for behaviours in recordings {
      for behaviour in behaviours { counts[behaviour, default: 0] += 1 }
      growth.append(counts.count)
    }
    let total = recordings.count
    let own = recordings.count { $0.contains { counts[$0] == 1 } }
    seen = counts.count
    self.recordings = total
    recordingsWithOwn = own
    (chance, chanceLow, chanceHigh) = Self.share(own, of: total)
    text = Self.words(own, of: total, low: chanceLow, high: chanceHigh)
    let step = max(1, (total + 99) / 100)
    curve = growth.indices
      .filter { ($0 + 1).isMultiple(of: step) || $0 + 1 == total }
      .map { [$0 + 1, growth[$0]] }
    digests = counts.keys.sorted().map { Self.hex($0) }
  }

  /// The share `count`/`total` with Wilson's interval; 0 to 1 where there is nothing.
  static func share(_ count: Int, of total: Int) -> (Double, low: Double, high: Double) {
    guard total > 0 else { return (1, 0, 1) }
    let (n, z) = (Double(total), 1.959964)
    let share = Double(count) / n
    let middle = share + z * z / (2 * n)
    let spread = z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
    let scale = 1 + z * z / n
    return (
      share, max(0, (middle - spread) / scale), min(1, (middle + spread) / scale)
    )
  }

  private static func words(_ own: Int, of total: Int, low: Double, high: Double) -> String {
    func oneIn(_ share: Double) -> String { "1 in \(Int((1 / share).rounded()))" }
    guard total > 1 else { return "one recording tells nothing about the next" }
    guard own > 0 else {
      return "no recording showed a behaviour that another did not; fewer than \(oneIn(high)) "
        + "further seeds would show a new one (95 %)"
    }
    return "about \(oneIn(Double(own) / Double(total))) further seeds would show a new behaviour "
      + "(95 %: \(oneIn(high)) to \(oneIn(low)))"
  }

  private static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}
