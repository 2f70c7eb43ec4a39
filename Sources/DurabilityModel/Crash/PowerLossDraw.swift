public import Determinism

/// How the one crash state of a power cut is picked where nobody explores all of them.
public enum PowerLossDraw: Sendable, Equatable {
  /// Nothing that was pending is kept, as far as the model lets it be lost.
  case none
  /// All of it is kept.
  case all
  /// What a seed decides: one of the states that `CrashStateEnumerator` lists for it, torn ones
  /// among them.
  case seeded(Seed)
}

extension Disk {
  /// One choice that the disk's model permits now; the same disk and draw give the same choice.
  public func choice(_ draw: PowerLossDraw) -> PowerLossChoice {
    switch draw {
    case .none, .all:
      let enumerator = CrashStateEnumerator(
        disk: self, limits: ExplosionLimits(), seed: Seed(0))
      let kept = [Bool](repeating: draw == .all, count: enumerator.pendingCount)
      return enumerator.choice(keeping: enumerator.closed(kept))
    case .seeded(let seed):
      let enumerator = CrashStateEnumerator(
        disk: self, limits: ExplosionLimits(exhaustiveUpTo: 64, samplesPerPoint: 64), seed: seed)
      // Each listed state is equally likely: the n-th replaces the one held with a chance of 1/n.
      var generator = PRNG(seed.derived("power-loss-draw", Int(truncatingIfNeeded: operationCount)))
      var listed = 0
      var drawn: PowerLossChoice?
      enumerator.forEachChoice(onlyNew: false) { choice in
        listed += 1
        if generator.below(listed) == 0 { drawn = choice }
      }
      return drawn ?? choice(.none)
    }
  }
}
