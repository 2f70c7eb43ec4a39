import Determinism
import DurabilityModel

/// How much is tried at a crash point of a guided run, or of a recording with very many states.
enum Effort: Sendable, Equatable {
  /// As much as the scenario says.
  case full
  /// A few of those states: the seed has seen points of this kind before.
  case less
  /// So many of those states: the recording has more than its share of the seed's time.
  case atMost(Int)
  /// Four times as much: an event here is aimed at.
  case more

  /// The limits where the scenario's are `limits`.
  func limits(_ limits: ExplosionLimits) -> ExplosionLimits {
    switch self {
    case .full, .less, .atMost: limits
    case .more:
      ExplosionLimits(
        exhaustiveUpTo: limits.exhaustiveUpTo * 4, samplesPerPoint: limits.samplesPerPoint * 4)
    }
  }

  /// Those of a point's choices that are tried: all, or some, drawn, of as many different events as
  /// there is room for.
  func selected(_ choices: [PowerLossChoice], _ seed: Seed) -> [PowerLossChoice] {
    let most: Int
    switch self {
    case .full, .more: return choices
    case .less: most = Self.eventsOfLess
    case .atMost(let count): most = count
    }
    guard choices.count > 1 else { return choices }
    var generator = PRNG(seed)
    var order = Array(choices.indices)
    generator.shuffle(&order)
    var seen: UInt64 = 0
    var taken: [Int] = []
    var others: [Int] = []
    for index in order {
      let event = CoverageEvent.of(choices[index]).bit
      if seen & event == 0 { taken.append(index) } else { others.append(index) }
      seen |= event
    }
    taken = Array(taken.prefix(most))
    if case .atMost = self { taken += others.prefix(most - taken.count) }
    return taken.sorted().map { choices[$0] }
  }

  /// How many events are tried at a point of a common kind.
  private static let eventsOfLess = 2
}

/// What crash points have in common that leave states alike: the operation's place, the one before,
/// how much is pending and how large a write is, both in powers of two.
struct CrashPointKind: Hashable, Sendable {
  private let place: Int
  private let previous: Int
  private let pending: Int
  private let size: Int

  init(place: Int, previous: Int, pending: Int, _ operation: DiskOperation) {
    self.place = place
    self.previous = previous
    self.pending = Self.magnitude(min(pending, 15))
    if case .write(_, _, let bytes) = operation {
      // From half a sector to eight.
      size = Self.magnitude(min(bytes.count, 8191) / 256)
    } else {
      size = 0
    }
  }

  private static func magnitude(_ number: Int) -> Int { Int.bitWidth - number.leadingZeroBitCount }
}
