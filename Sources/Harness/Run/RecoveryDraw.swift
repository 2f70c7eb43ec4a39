import Determinism
import DurabilityModel

/// Draws the crash states whose recovery is recorded and crashed in turn.
///
/// Method. Exploding every recovery would square the number of states, and most recoveries do the
/// same. So states are put in classes: what the crash kept × how many operations their recovery
/// makes on the disk. One state of a class is drawn, and rare classes come first, each stratum in
/// turn: a recovery that does more than others is where its own crash matters. A recovery that
/// changes nothing needs none of it.
struct RecoveryDraw {
  /// What the crash left.
  private enum Stratum: Int, CaseIterable {
    case torn, dropped, nothingKept, processCrash, everythingKept

    init(_ kind: CrashStep.Kind) {
      switch kind {
      case .process: self = .processCrash
      case .power(let choice):
        if choice.tearsAnything {
          self = .torn
        } else if !choice.dropsAnything {
          self = .everythingKept
        } else {
          self = choice.keepsAnything ? .dropped : .nothingKept
        }
      }
    }
  }

  private struct Class: Hashable {
    var stratum: Stratum
    var operations: UInt64
  }

  private struct Candidate {
    var key: Digest
    var step: CrashStep
    var seen = 1
  }

  /// How many are drawn; 0 where no recovery is to be exploded.
  private let count: Int
  private var generator: PRNG
  /// Looked up only; `order` has the classes as they came.
  private var candidates: [Class: Candidate] = [:]
  private var order: [Class] = []

  init(count: Int, seed: Seed) {
    self.count = count
    generator = PRNG(seed.derived("recoveries"))
  }

  /// Looks at a state that was recovered as it should be, in `operations` disk operations.
  ///
  /// Its place is the last crash point that yields it: there most has been acknowledged.
  mutating func offer(_ visit: Visit, operations: UInt64) {
    guard count > 0, operations > 0 else { return }
    let place = Class(stratum: Stratum(visit.step.kind), operations: operations)
    guard var candidate = candidates[place] else {
      guard visit.disk != nil else { return }
      candidates[place] = Candidate(key: visit.key, step: visit.step)
      order.append(place)
      return
    }
    if candidate.key == visit.key {
      candidate.step = visit.step
    } else if visit.disk != nil {
      candidate.seen += 1
      if generator.below(candidate.seen) == 0 {
        (candidate.key, candidate.step) = (visit.key, visit.step)
      }
    } else {
      return
    }
    candidates[place] = candidate
  }

  /// The states that were drawn, each once.
  func drawn() -> [(key: Digest, step: CrashStep)] {
    var byStratum: [[Candidate]] = Stratum.allCases.map { stratum in
      order.filter { $0.stratum == stratum }
        .sorted { first, second in
          let (rare, other) = (candidates[first]?.seen ?? 0, candidates[second]?.seen ?? 0)
          return rare != other ? rare < other : first.operations < second.operations
        }
        .compactMap { candidates[$0] }
    }
    var drawn: [(key: Digest, step: CrashStep)] = []
    while drawn.count < count, byStratum.contains(where: { !$0.isEmpty }) {
      for index in byStratum.indices where !byStratum[index].isEmpty && drawn.count < count {
        let candidate = byStratum[index].removeFirst()
        if !drawn.contains(where: { $0.key == candidate.key }) {
          drawn.append((candidate.key, candidate.step))
        }
      }
    }
    return drawn
  }
}
