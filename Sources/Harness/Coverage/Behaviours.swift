import Determinism
import DurabilityModel

/// The different things that happened in a run, to tell how much is still unseen.
///
/// A behaviour is: an operation at a place of the fault space, the place of the operation before
/// it, what happened there, and what recovery made of it. Its digest is made of the names, so that
/// it is the same in every run and on every machine.
struct Behaviours: Sendable {
  private var seen: Set<UInt64> = []
  private static let placeLimit = 1 << 14

  /// Registers one; `place` and `previous` (−1 for none) are numbers of places.
  mutating func note(_ place: Int, after previous: Int, event: UInt64, outcome: UInt64) {
    guard place < Self.placeLimit, previous < Self.placeLimit else { return }
    let bit = UInt64(event.trailingZeroBitCount)
    seen.insert(
      UInt64(place) | UInt64(previous + 1) << 16 | bit << 32 | outcome << 40)
  }

  /// The digests of all that was seen, rising, with the places as they are numbered.
  func digests(_ places: [CoveragePlace]) -> [UInt64] {
    let names = places.map { place in
      var hasher = DigestHasher()
      hasher.combine(Array(place.operation.utf8))
      hasher.combine(Array(place.role.name.utf8))
      hasher.combine(Array(place.phase.rawValue.utf8))
      return hasher.finish()
    }
    return seen.map { packed in
      let previous = Int(packed >> 16 & 0xFFFF)
      var hasher = DigestHasher()
      hasher.combine(names[Int(packed & 0xFFFF)])
      hasher.combine(previous == 0 ? .zero : names[previous - 1])
      hasher.combine(packed >> 32)
      return hasher.finish().low
    }.sorted()
  }
}

extension RecoveryOutcome {
  /// What recovery made of a state, as a small number.
  func behaviour(isPermitted: Bool) -> UInt64 {
    let kind: UInt64 =
      switch self.kind {
      case .recovered: 0
      case .unstable: 1
      case .refused: 2
      case .broken: 3
      }
    return kind << 1 | (isPermitted ? 1 : 0)
  }
}
