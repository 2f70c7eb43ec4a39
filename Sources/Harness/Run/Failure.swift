import Determinism
import DurabilityModel
import Oracle
import SubjectProtocol

/// A broken promise with everything that reproduces it.
struct Failure {
  /// The violation's name, and all that apply.
  var name: ViolationName
  var allNames: [ViolationName]
  /// What was expected and what was found, a line each.
  var explanation: [String]
  /// What ran.
  var seed: Seed
  var scenario: String
  var subject: String
  var target: TargetKind
  /// The persistence model it ran under.
  var model: PersistenceModelName
  /// The schedule: every epoch, the last with the crash (none for a live violation).
  var epochs: [EpochScript]
  /// The key of the crash state; nil for a live violation.
  var stateDigest: Digest?
  /// The crash state, to be kept beside the schedule.
  var image: Disk?
  /// What happened in the last epoch, for people.
  var history: [String]
  /// What was pending at the crash and what of it was kept.
  var pending: [String]
  /// What it hangs on, by which failures are grouped.
  var cause: FailureCause
  /// What recovery returned beside what was permitted, record by record.
  var comparison: [String] = []
  /// What recovery showed, in one line to compare others with; nil for a live violation.
  var outcome: String?
  /// How often fresh processes showed it again, of how many tries.
  var confirmed: Int
  var tries: Int
  /// How many (crash point, state) pairs showed it.
  var occurrences: Int

  /// The crash in one line.
  var crashText: String {
    guard let last = epochs.last, let crash = last.crash else { return "no crash: a live answer" }
    let kind = crash.crash == .process ? "process crash" : "power loss"
    return "\(kind) after operation \(crash.point) of epoch \(epochs.count - 1)"
  }
}

/// The targets of the command line.
enum TargetKind: String, Sendable, CaseIterable {
  /// In process.
  case sim
  /// Behind a FUSE mount.
  case fuse
}
