import Determinism

/// What some seeds do on top of the steps that are drawn: checkpoints at moments when stores do not
/// expect them, batches of nothing and of very many.
///
/// Each draws from the number of the request, and from nothing else, so that a seed without it has
/// the run that it would have had.
struct Moods {
  private let seed: Seed
  private let hasAwkwardCheckpoints: Bool
  private let hasAwkwardBatches: Bool

  /// The most that a batch has.
  static let largestBatch = 64

  /// The moments at which a checkpoint is awkward.
  enum Moment {
    /// The first thing after an open.
    case start
    /// The last thing before the crash.
    case end
    /// Right after another one.
    case checkpoint
    /// While a transaction is open.
    case transaction
  }

  init(_ seed: Seed) {
    self.seed = seed.derived("moods")
    var random = PRNG(self.seed)
    hasAwkwardCheckpoints = random.chance(1, in: 3)
    hasAwkwardBatches = random.chance(1, in: 3)
  }

  /// Whether request `number`, which stands at such a moment, is a checkpoint.
  func checkpoints(at moment: Moment, _ number: UInt64) -> Bool {
    guard hasAwkwardCheckpoints else { return false }
    var random = PRNG(seed.derived("checkpoint", Int(number)))
    return random.chance(1, in: moment == .transaction ? 8 : 2)
  }

  /// How many mutations the batch that is request `number` has; nil for an ordinary one.
  func batchCount(_ number: UInt64) -> Int? {
    guard hasAwkwardBatches else { return nil }
    var random = PRNG(seed.derived("batch", Int(number)))
    switch random.index(weights: [6, 1, 1, 2]) {
    case 0: return nil
    case 1: return 0
    case 2: return 1
    default: return random.number(in: 7...Self.largestBatch)
    }
  }
}
