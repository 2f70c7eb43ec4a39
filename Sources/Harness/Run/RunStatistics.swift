import Determinism
import DurabilityModel

/// What a run did, in numbers; sums merge in any order.
struct RunStatistics: Sendable, Codable, Equatable {
  /// Crash states judged: one for each state and crash point that yields it.
  var crashStates = 0
  /// Different crash states within one recording, summed over recordings.
  var distinctCrashStates = 0
  /// Recoveries that were run (each opens a state twice).
  var recoveries = 0
  /// Crash points.
  var crashPoints = 0
  /// Epochs recorded.
  var epochs = 0
  /// Of them recoveries, recorded to be crashed themselves.
  var recoveryEpochs = 0
  /// Requests sent while recording.
  var requests = 0
  /// Disk operations recorded.
  var operations = 0
  /// Barriers that succeeded.
  var barriers = 0
  /// Barriers that a fault failed.
  var failedBarriers = 0
  /// States that dropped at least one pending operation.
  var statesWithDrops = 0
  /// States with part of a write only.
  var tornStates = 0
  /// Faults fired, and faults whose place did not come.
  var faultsFired = 0
  var faultsNotFired = 0
  /// Seeds completed.
  var seeds = 0
  /// Violations seen once and not again in a fresh process.
  var unconfirmed = 0
  /// Judgements the oracle left open because deciding them would have taken too long.
  var undecided = 0
  /// Failed operations that showed up after a crash, where the contract leaves that open.
  var resurfaced = 0
  /// The sum of the digests of all distinct states: equal runs have equal sums.
  var stateDigest = Digest.zero
  /// The sum of the digests of what recoveries showed.
  var outcomeDigest = Digest.zero

  /// Adds `other`'s numbers.
  mutating func add(_ other: RunStatistics) {
    crashStates += other.crashStates
    distinctCrashStates += other.distinctCrashStates
    recoveries += other.recoveries
    crashPoints += other.crashPoints
    epochs += other.epochs
    recoveryEpochs += other.recoveryEpochs
    requests += other.requests
    operations += other.operations
    barriers += other.barriers
    failedBarriers += other.failedBarriers
    statesWithDrops += other.statesWithDrops
    tornStates += other.tornStates
    faultsFired += other.faultsFired
    faultsNotFired += other.faultsNotFired
    seeds += other.seeds
    unconfirmed += other.unconfirmed
    undecided += other.undecided
    resurfaced += other.resurfaced
    stateDigest = stateDigest + other.stateDigest
    outcomeDigest = outcomeDigest + other.outcomeDigest
  }
}
