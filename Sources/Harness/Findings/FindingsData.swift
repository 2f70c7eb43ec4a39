/// `findings.json`: what was tried of every subject, and every way in which a promise was broken.
struct FindingsData: Codable, Sendable {
  /// One subject under one promise and one model.
  struct Trial: Codable, Sendable {
    var subject: String
    /// `documented`, or `durable` for a relaxed setting that is held to more than it promises.
    var heldTo: String
    var model: String
    var targets: [String]
    var scenarios: Int
    var seeds: Int
    var crashStates: Int
    var distinctCrashStates: Int
    /// Violations seen once and not again in a fresh process; none of them is a finding.
    var unconfirmed: Int
    /// Why nothing, or not everything, was measured; absent where all was.
    var problem: String?
    /// Which crashes the contract promises something about.
    var crashes: [String]
  }

  /// A subject, and what it promises.
  struct Subject: Codable, Sendable {
    var name: String
    var family: String
    var summary: String
    var promise: String
    var source: String
    var isDurable: Bool
  }

  /// One finding: a promise broken, by cause.
  struct Entry: Codable, Sendable {
    var subject: String
    var heldTo: String
    var kind: Kind
    var name: String
    var allNames: [String]
    /// Under which models it happens, and the weakest of them (`none`: a process crash does it).
    var models: [String]
    var weakestModel: String
    /// The crash, in one line.
    var crash: String
    /// What was dropped and had to be: the barrier that is missing.
    var cause: String
    var explanation: [String]
    var seed: String
    var scenario: String
    var target: String
    var occurrences: Int
    /// The schedule, shrunk where `isShrunk`.
    var schedule: [String]
    var isShrunk: Bool
    /// The operations in order, up to the crash.
    var operations: [String]
    /// What was pending at the crash, and what of it was kept.
    var pending: [String]
    /// Of how many replays how many broke the promise again.
    var replays: String
    /// What is broken, in the words of the subject's documentation; empty where nobody has said.
    var promise: String
    /// Where in the subject's own text it can be read, and what would have to be different.
    var place: String
    var change: String
    /// Whether a person has held it against the trace and the subject's source.
    var isChecked: Bool
    /// Where the example is kept.
    var directory: String
  }

  /// What kind of news a finding is.
  enum Kind: String, Codable, Sendable, CaseIterable {
    case broken = "broken promise"
    /// Only `posix-min` shows it: no file system modelled here does.
    case portability = "portability finding"
    /// Before the first `open` was answered.
    case creation = "creation finding"
    /// A relaxed setting loses what its documentation says it may.
    case cost = "cost of the setting"
  }

  var seed: String
  var secondsAllowed: Double?
  var durationSeconds: Double
  var environment: Report.Environment
  var subjects: [Subject]
  var trials: [Trial]
  var entries: [Entry]
  /// What kept the work from its end; absent where nothing did.
  var problem: String?
}
