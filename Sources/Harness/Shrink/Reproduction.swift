import Determinism
import DurabilityModel
import Oracle
import Scenarios

/// One run of a schedule that showed the failure, with all that the next, smaller one is derived
/// from.
struct Reproduction {
  /// One life of the subject.
  struct Life {
    /// What was sent, the faults, and the crash as it fits this recording.
    var script: EpochScript
    /// The disk the choice of the crash is about; nil where the schedule ends with the life.
    var origin: Disk?
    /// Where every operation so far stands, this life's last.
    var places: OperationPlaces
    /// The places of this life's own operations, in issue order.
    var operations: [OperationPlace]
  }

  var lives: [Life]
  var cause: FailureCause
  var findings: [Finding]
  /// The last life, for printing.
  var recorded: RecordedEpoch
  /// What recovery showed; nil for a live violation.
  var outcome: RecoveryOutcome?
  var image: Disk?
  var stateDigest: Digest?

  /// What the failure hangs on in the last crash: the dropped operations that had to be.
  var neededDrops: [UInt64] = []

  /// The schedule's lines: epochs, requests, faults and crashes; the head says only what ran.
  var lineCount: Int {
    lives.reduce(0) {
      $0 + 1 + $1.script.requests.count + $1.script.faults.count
        + ($1.script.crash == nil ? 0 : 1)
    }
  }

  /// How many requests there are.
  var requestCount: Int { lives.reduce(0) { $0 + $1.script.requests.count } }
}

/// A schedule to be tried: lives as some reproduction had them, changed.
struct Candidate {
  var lives: [Reproduction.Life]

  /// The lives of `reproduction`, as they are.
  init(_ reproduction: Reproduction) { lives = reproduction.lives }

  /// A schedule that was read from a file. Its crashes must fit as they are.
  init(_ epochs: [EpochScript]) {
    lives = epochs.map {
      Reproduction.Life(script: $0, origin: nil, places: OperationPlaces(), operations: [])
    }
  }

  /// Removes the requests of these places among all requests, in order, with the faults keyed to
  /// them.
  mutating func removeRequests(_ range: Range<Int>) {
    var first = 0
    for index in lives.indices {
      let count = lives[index].script.requests.count
      let inside = range.clamped(to: first..<first + count)
      let gone = inside.lowerBound - first..<inside.upperBound - first
      lives[index].script.requests.removeSubrange(gone)
      first += count
    }
  }
}

extension CrashStep {
  /// The same state as a choice at `point` itself instead of an earlier point, where that can be
  /// said, and the disk the choice is then about.
  func atItsPoint(in recording: Recording) -> (step: CrashStep, disk: Disk) {
    let disk = recording.disk(after: origin)
    guard case .power(let choice) = kind, let (moved, later) = movedToItsPoint(in: recording),
      case .power(let movedChoice) = moved.kind,
      later.afterPowerLoss(movedChoice).stateDigest() == disk.afterPowerLoss(choice).stateDigest()
    else { return (self, disk) }
    return (moved, later)
  }

  /// The same choice at `point` itself, with nothing kept of what came after `origin`, and the disk
  /// it is then about. Where garbage is drawn from what came later, its state may be another. Nil
  /// where there is nothing to move, or the disk does not permit it.
  func movedToItsPoint(in recording: Recording) -> (step: CrashStep, disk: Disk)? {
    guard case .power(let choice) = kind, origin < point, damage == nil else { return nil }
    let disk = recording.disk(after: origin)
    var later = disk
    for recorded in recording.operations[origin..<point] { later.apply(recorded.operation) }
    let count = disk.operationCount
    let moved = later.transferred(choice, from: disk, keepsOthers: false) {
      $0 <= count ? $0 : nil
    }
    guard later.accepts(moved) else { return nil }
    return (CrashStep(point: point, origin: point, kind: .power(moved)), later)
  }
}
