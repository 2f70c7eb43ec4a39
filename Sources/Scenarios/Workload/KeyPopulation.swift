import Determinism
import SubjectProtocol

/// The ids and namespaces of one run, of the kinds that stores get wrong.
struct KeyPopulation {
  /// The ids; the first `hot` of them are hot.
  let ids: [[UInt8]]
  /// The namespaces besides the default one.
  let namespaces: [[UInt8]]
  private let hot: Int
  private let hotShare: Int

  init(_ keys: Scenario.Keys, seed: Seed, features: Set<Feature>) {
    var generator = PRNG(seed.derived("ids"))
    var ids: [[UInt8]] = []
    for index in 0..<keys.count {
      var id = Self.id(index, &generator, allowsNUL: features.contains(.nulIDs))
      while ids.contains(id) { id = Array("k\(index).\(id.count)".utf8) + id.prefix(8) }
      ids.append(id)
    }
    // Two ids that are one where text is compared as text.
    var twins = PRNG(seed.derived("twins"))
    let pair = ["\u{E9}", "e\u{301}"].map { Array($0.utf8) }
    if ids.count > 3, twins.chance(1, in: 3), !pair.contains(where: ids[2...].contains) {
      ids.replaceSubrange(0..<2, with: pair)
    }
    self.ids = ids
    hot = min(keys.hot, keys.count)
    hotShare = keys.hotShare
    // One is also an id's name, one is not ASCII, one is what a path would be cut at.
    namespaces =
      features.contains(.namespaces) ? ["a", "n\u{E4}me", "x/y"].map { Array($0.utf8) } : []
  }

  /// Draws an id.
  func id(_ generator: inout PRNG) -> [UInt8] {
    let isHot = hot > 0 && (hot == ids.count || generator.chance(hotShare, in: 100))
    if isHot { return ids[generator.below(hot)] }
    return ids[hot + generator.below(ids.count - hot)]
  }

  /// Draws the id with this index: short ones mostly, since they leave room for everything else.
  private static func id(_ index: Int, _ generator: inout PRNG, allowsNUL: Bool) -> [UInt8] {
    let text: String
    switch generator.index(weights: [5, 3, 2, 3, 1, 1, 1, allowsNUL ? 1 : 0]) {
    case 0: text = "k\(index)"
    case 1: text = String(generator.pick(Array("abcdefghijklmnopqrstuvwxyz0123456789")))
    case 2: text = "key" + String(repeating: "0", count: generator.below(4))
    case 3:
      // The first two are equal as Swift strings and different as bytes.
      text = generator.pick([
        "\u{E9}", "e\u{301}", "\u{43A}\u{43B}\u{44E}\u{447}\(index)", "\u{65E5}\u{672C}\(index)",
        "\u{1F600}\(index)", "\u{10FFFF}", "\u{FEFF}x",
      ])
    case 4:
      let length = generator.pick([127, 128, 200, 255, 256, 511, 1023, 1024])
      let start = "long-\(index)-"
      text = start + String(repeating: "x", count: length - start.utf8.count)
    case 5: text = "\"\\/\u{1}\n\t\u{7F}\(index)"
    case 6: text = generator.pick([".", "..", "../\(index)", "a/b", " ", "%00", "null"])
    default: text = "a\0\(index)"
    }
    return Array(text.utf8)
  }
}
