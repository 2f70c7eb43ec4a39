import Determinism
import DurabilityModel
import Scenarios
import SubjectProtocol

/// One epoch of a schedule: the requests of one life of the subject, its faults, and how it ended.
struct EpochScript: Sendable, Equatable {
  /// The requests in the order in which they were sent, with their stable numbers.
  var requests: [ScheduledRequest]
  /// The live faults.
  var faults: [Fault]
  /// The crash that ended it; nil where the schedule ends with the life itself.
  var crash: CrashStep?
}

/// A crash at a place of an epoch's recording.
struct CrashStep: Sendable, Equatable {
  /// How many of the epoch's operations had been issued.
  var point: Int
  /// The point whose pending operations the choice of a power loss is about: `point` itself, or an
  /// earlier one with no barrier between, when nothing of what came later was kept.
  var origin: Int
  /// What crashed, and for a power loss what it kept.
  var kind: Kind
  /// What the medium did to the image that was left; nil for a medium that is sound.
  var damage: MediaFault?

  /// What crashed.
  enum Kind: Sendable, Equatable {
    /// The process.
    case process
    /// The machine.
    case power(PowerLossChoice)
  }

  /// The kind in the contract's words.
  var crash: Contract.Crash {
    switch kind {
    case .process: .process
    case .power: .power
    }
  }

  /// The disk that this crash leaves of `disk`, the epoch's disk at `origin`.
  func applied(to disk: Disk) -> Disk {
    switch kind {
    case .process: disk.afterProcessCrash()
    case .power(let choice): disk.afterPowerLoss(choice)
    }
  }
}
