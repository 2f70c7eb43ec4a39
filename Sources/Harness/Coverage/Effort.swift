import Determinism
import DurabilityModel

/// How much is tried at a crash point of a guided run.
enum Effort: Sendable {
  /// As much as the scenario says.
  case full
  /// A few of those states: the seed has seen points of this kind before.
  case less
  /// Four times as much: an event here is aimed at.
  case more

  /// The limits where the scenario's are `limits`.
  func limits(_ limits: ExplosionLimits) -> ExplosionLimits {
    switch self {
    case .full, .less: limits
    case .more:
      ExplosionLimits(
        exhaustiveUpTo: limits.exhaustiveUpTo * 4, samplesPerPoint: limits.samplesPerPoint * 4)
    }
  }

  /// Those of a point's choices that are tried: all, or one of each event and a few others, drawn.
  func selected(_ choices: [PowerLossChoice], _ seed: Seed) -> [PowerLossChoice] {
    guard case .less = self, choices.count > Self.others else { return choices }
    var generator = PRNG(seed)
    var order = Array(choices.indices)
    generator.shuffle(&order)
    var seen: UInt64 = 0
    var rest = Self.others
    let taken = order.filter { index in
      let event = CoverageEvent.of(choices[index]).bit
      if seen & event == 0 {
        seen |= event
        return true
      }
      rest -= 1
      return rest >= 0
    }
    return taken.sorted().map { choices[$0] }
  }

  /// How many choices are tried at a point beside one of each event.
  private static let others = 2
}

/// What crash points have in common that leave states alike: the operation's place, the one before,
/// how much is pending and how large a write is, both in powers of two.
struct CrashPointKind: Hashable, Sendable {
  private let place: Int
  private let previous: Int
  private let pending: Int
  private let size: Int

  /// So many points of a kind are tried in full within a seed.
  static let fullTimes = 2

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
