/// `findings.json`: what was tried of every subject, and every way in which a promise was broken.
///
/// Verdicts, numbers and violations are those of reports (`ReportParts`): one a trial, merged over
/// the models of a subject.
struct FindingsData: Codable, Sendable {
  /// One subject under one promise and one model.
  struct Trial: Codable, Sendable {
    var subject: String
    var heldTo: Promise
    var model: String
    var targets: [String]
    /// One for each scenario that the subject can run, on each target.
    var verdicts: [Report.Verdict]
    var seeds: Int
    var crashStates: Int
    var distinctCrashStates: Int
    /// Violations seen once and not again in a fresh process; none of them is a finding.
    var unconfirmed: Int
    /// The kinds of crash that were tried; the contract promises nothing about the others.
    var crashes: [String]
    /// The groups of the violations that were found, as in `Report.Violation.group`.
    var found: [String]
    /// What stopped it before its end; absent where nothing did.
    var problem: String?
  }

  /// What a subject is held to.
  enum Promise: String, Codable, Sendable, CaseIterable {
    /// What its documentation promises.
    case documented
    /// More than a relaxed setting promises: that acknowledged writes are kept.
    case durable
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
    var heldTo: Promise
    var kind: Kind
    /// As reports have it; its explanation, crash and directory are the shrunk example's.
    var violation: Report.Violation
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
