public import Determinism

/// When the clocks of a run's processes begin: a function of the seed and of which life it is.
///
/// Lives are told by the stable numbers of their requests, so removing one life moves no other's
/// clock (disk.md, "Other faults": a clock that steps back, jumps or stands still across a
/// restart).
public struct ClockPlan: Sendable, Equatable {
  /// What the clock does across a restart besides going on.
  public enum Change: String, Sendable, CaseIterable {
    /// It steps back, by seconds or by weeks.
    case stepsBack = "steps-back"
    /// It jumps ahead by years.
    case jumps
    /// It begins where it began before.
    case standsStill = "stands-still"
  }

  private let seed: Seed
  private let changes: [Change]

  /// A plan in which some restarts, drawn by `seed`, meet one of `changes`.
  public init(seed: Seed, changes: [Change]) {
    self.seed = seed.derived("clock")
    self.changes = changes
  }

  // Everything stays before the year 2262, where nanoseconds no longer fit in 63 bits.

  /// By how much the clock goes on from one life to the next: more than any life takes.
  private static let ordinary = 30 * 86_400
  private static let year = 365 * 86_400

  /// When the clock of the first process begins, in seconds since 1970: from 2001 to 2017.
  private var beginning: Int {
    var generator = PRNG(seed)
    return 1_000_000_000 + generator.below(500_000_000)
  }

  /// When the clock of the life begins whose first request has the number `request`, in seconds
  /// since 1970.
  public func start(ofLife request: UInt64) -> Int {
    let workload = Int(request / ScheduledRequest.epochStride)
    let rest = request % ScheduledRequest.epochStride
    let level =
      ScheduledRequest.recoveryNumbers.contains(rest)
      ? Int((rest - ScheduledRequest.recoveryNumbers.lowerBound) / ScheduledRequest.recoveryStride)
      : 0
    var now = beginning
    for life in 0..<workload { now = next(now, "life", life) }
    for recovery in 0..<level { now = next(now, "recovery \(workload)", recovery) }
    return now
  }

  /// When the clock begins of the processes that recover crash states: late, or where clocks
  /// change, for half of the seeds before all others.
  public var recovery: Int {
    var generator = PRNG(seed.derived("recovery"))
    guard !changes.isEmpty else { return beginning + 10 * Self.year }
    return generator.chance(1, in: 2) ? beginning - Self.year : beginning + 150 * Self.year
  }

  private func next(_ now: Int, _ name: String, _ index: Int) -> Int {
    var generator = PRNG(seed.derived(name, index))
    guard !changes.isEmpty, generator.chance(3, in: 4) else { return now + Self.ordinary }
    switch generator.pick(changes) {
    case .stepsBack:
      let most = generator.chance(1, in: 2) ? 60 : 60 * 86_400
      return max(1, now - generator.number(in: 1...most))
    case .jumps: return now + generator.number(in: 1...5) * Self.year
    case .standsStill: return now
    }
  }
}
