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

  /// Those of a point's choices that are tried: all, or a few of different events, drawn.
  func selected(_ choices: [PowerLossChoice], _ seed: Seed) -> [PowerLossChoice] {
    guard case .less = self, choices.count > 1 else { return choices }
    var generator = PRNG(seed)
    var order = Array(choices.indices)
    generator.shuffle(&order)
    var seen: UInt64 = 0
    let taken = order.filter { index in
      let event = CoverageEvent.of(choices[index]).bit
      guard seen & event == 0, seen.nonzeroBitCount < Self.eventsOfLess else { return false }
      seen |= event
      return true
    }
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
