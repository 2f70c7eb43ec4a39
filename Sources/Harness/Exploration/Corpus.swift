import Determinism

/// The recordings of a run that showed something that none before them had, to be varied.
///
/// Everything in it depends on the recordings and on the order in which they were added.
struct Corpus: Sendable {
  /// A recording, as it can be made again.
  struct Entry: Sendable, Equatable {
    var scenario: String
    var target: TargetKind
    var seed: Seed
    var variation: Variation
  }

  private struct Cell: Hashable {
    var place: Int
    var bit: UInt64
  }

  private struct Kept {
    var entry: Entry
    var cells: [Cell]
    /// How often it was varied.
    var children = 0
  }

  private var map = CoverageMap()
  private var kept: [Kept] = []
  private var behaviours: Set<UInt64> = []
  /// How many recordings reached a cell.
  private var hits: [Cell: Int] = [:]
  /// The recordings in which a cell that nobody reached could have been reached, the latest last.
  private var offers: [Cell: [Entry]] = [:]
  /// How often a cell was aimed at.
  private var tries: [Cell: Int] = [:]

  /// So many cells one task aims at, and so many recordings are remembered for a cell.
  private static let aimsATask = 12
  private static let offersACell = 12

  /// Whether nothing was added.
  var isEmpty: Bool { kept.isEmpty && map.places.isEmpty }

  /// How many recordings are kept.
  var count: Int { kept.count }

  /// Takes in what `entry` covered, and keeps it if that was new.
  mutating func add(_ entry: Entry, _ coverage: Coverage) {
    add(
      entry, places: zip(coverage.places, coverage.reach).map { ($0, $1) },
      behaviours: coverage.behaviourDigests)
  }

  /// Takes in what a recording covered, and keeps it if that was new.
  mutating func add(
    _ entry: Entry, places: [(CoveragePlace, Coverage.Reach)], behaviours shown: [UInt64]
  ) {
    var isNew = false
    var cells: [Cell] = []
    var offered: [Cell] = []
    for (place, reach) in places {
      let number = map.number(of: place)
      for event in CoverageEvent.all {
        let cell = Cell(place: number, bit: event.bit)
        if reach.reached & event.bit != 0 {
          cells.append(cell)
          if hits[cell, default: 0] == 0 {
            isNew = true
            offers[cell] = nil
          }
          hits[cell, default: 0] += 1
        } else if reach.reachable & event.bit != 0 {
          offered.append(cell)
        }
      }
      map.add(number, reach)
    }
    for digest in shown where behaviours.insert(digest).inserted { isNew = true }
    for cell in offered where hits[cell] == nil {
      offers[cell, default: []].append(entry)
      if offers[cell]?.count ?? 0 > Self.offersACell { offers[cell]?.removeFirst() }
    }
    if isNew { kept.append(Kept(entry: entry, cells: cells)) }
  }

  /// The cells that could have been reached and never were, those aimed at least often first.
  private func neverHit() -> [Cell] {
    var cells: [(tries: Int, cell: Cell)] = []
    for (number, reach) in map.reach.enumerated() {
      for event in CoverageEvent.all where reach.reachable & ~reach.reached & event.bit != 0 {
        let cell = Cell(place: number, bit: event.bit)
        cells.append((tries[cell, default: 0], cell))
      }
    }
    let order = cells.indices.sorted { (cells[$0].tries, $0) < (cells[$1].tries, $1) }
    return order.map { cells[$0].cell }
  }

  /// A recording again, aimed at cells that it could have reached and nobody did; nil where there
  /// are none.
  mutating func aimed(_ generator: inout PRNG) -> Entry? {
    let missing = neverHit()
    guard let cell = missing.first(where: { offers[$0]?.isEmpty == false }),
      let offering = offers[cell]
    else { return nil }
    // In this process states cost a fraction of what they cost on a mount.
    let cheap = offering.filter { $0.target == .sim }
    var entry = generator.pick(cheap.isEmpty ? offering : cheap)
    var aims: [Variation.Aim] = []
    for cell in missing where offers[cell]?.contains(where: { $0.isSameRun(as: entry) }) == true {
      guard aims.count < Self.aimsATask, let event = CoverageEvent.with(bit: cell.bit)
      else { break }
      aims.append(Variation.Aim(place: map.places[cell.place], event: event))
      tries[cell, default: 0] += 1
    }
    entry.variation.aims = aims
    entry.variation.faults = Seed(generator.next())
    // What did not happen with these requests may with others.
    if generator.chance(1, in: 3) { entry.variation.edits = Seed(generator.next()) }
    return entry
  }

  /// A kept recording with some of its draws made anew; recordings that reached cells which few
  /// others reach are the likelier ones. Nil where nothing is kept.
  mutating func varied(_ generator: inout PRNG) -> Entry? {
    guard !kept.isEmpty else { return nil }
    let weights = kept.map { kept in
      let energy = kept.cells.reduce(1) { $0 + 10_000 / max(1, hits[$1, default: 1]) }
      return max(1, energy / (1 + kept.children))
    }
    let index = generator.index(weights: weights)
    kept[index].children += 1
    var entry = kept[index].entry
    entry.variation.aims = []
    let seed = Seed(generator.next())
    switch generator.below(4) {
    case 0: entry.variation.faults = seed
    case 1: entry.variation.crashes = seed
    case 2: entry.variation.edits = seed
    default:
      entry.variation.faults = seed
      entry.variation.edits = seed.derived("edits")
    }
    return entry
  }
}

extension Corpus.Entry {
  /// Whether both are the same recording but for what is aimed at.
  fileprivate func isSameRun(as other: Self) -> Bool {
    scenario == other.scenario && target == other.target && seed == other.seed
      && variation == other.variation
  }
}
