import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// What one life of a subject left: its operations, what the oracle knew at each place of them, and
/// what it answered.
struct RecordedEpoch {
  /// The operations and the disk they began with.
  var recording: Recording
  /// The oracle's knowledge from an operation position on, by rising position; the first is 0.
  var models: [(position: Int, model: OracleModel)]
  /// The requests as they were sent (aborts added, members of dead transactions left out).
  var requests: [ScheduledRequest]
  /// Every exchange in the order of the answers, for the history.
  var exchanges: [HistoryLine]
  /// What live answers violated, with the request it came with.
  var findings: [LiveFinding]
  /// The faults that fired and those that did not.
  var faults: FaultPlan
  /// How many barriers failed.
  var failedBarriers: Int
  /// Every call, where places for faults are looked for.
  var calls: CallLog?
  /// Whether the subject maps files shared. What it stored is in the recording from the answer on
  /// that came after it, so in between a process crash would leave more than the recording knows.
  var mapsMemory = false

  /// Whether the cache is known whole at `position`, so that a process crash there can be judged.
  func knowsCache(at position: Int) -> Bool {
    !mapsMemory || position == recording.operations.count
      || exchanges.contains { $0.lastOperation == position && $0.isLast }
  }

  /// The faults that fired before a crash at `point`; without one, those that fired at all.
  func faultsMet(before point: Int = .max) -> [Fault] { faults.met(by: point) }

  /// The faults that fired before `request` was answered, or before the subject was gone.
  func faultsMet(beforeAnswerTo request: UInt64) -> [Fault] {
    faultsMet(
      before: exchanges.last { $0.request.number == request }?.lastOperation ?? .max)
  }

  /// The same life on a disk with other parameters. Its operations are those it made; only where no
  /// fault fired would it make the same there.
  func under(_ parameters: DiskParameters) -> RecordedEpoch {
    precondition(!faults.fired.contains(true), "errno, cache and later calls depend on the disk")
    var epoch = self
    epoch.recording = recording.under(parameters)
    return epoch
  }

  /// The oracle's knowledge at `position`: after every answer that came before that operation, and
  /// before a request that had done nothing yet.
  func model(at position: Int) -> Int {
    var index = models.count - 1
    while index > 0, models[index].position > position { index -= 1 }
    return index
  }
}

/// One exchange of a history.
struct HistoryLine {
  var request: ScheduledRequest
  /// The places of the request and of its answer among all requests and answers of the epoch.
  var issue: Int
  var end: Int
  /// The operations issued before the request, and before its answer.
  var firstOperation: Int
  var lastOperation: Int
  var outcome: Outcome
  /// Whether no other request was outstanding when the answer came.
  var isLast: Bool

  /// How the exchange ended.
  enum Outcome {
    case answer(Answer)
    case broken(SubjectBreakdown)
  }
}

/// A violation that a live answer or the subject's end showed.
struct LiveFinding {
  var finding: Finding
  var request: UInt64
}
