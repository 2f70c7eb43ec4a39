import Determinism
import FoundationEssentials
import Oracle

/// `report.json`: what was tried, what was found, and under which assumptions.
struct Report: Codable, Sendable {
  /// One violation: all failures of one cause, with an example.
  struct Violation: Codable, Sendable {
    var name: String
    var allNames: [String]
    var seed: String
    var subject: String
    var scenario: String
    var target: String
    /// The disk models under which it happens.
    var models: [String]
    /// `none` where a process crash alone does it, else the first of the models of real file
    /// systems that does, else the one it was seen under.
    var weakestModel: String
    /// Whether models besides the one it was seen under were tried; a run that ends with its time
    /// may not have come to it.
    var otherModelsTried: Bool?
    var crashPoint: String
    var directory: String
    /// The missing barrier, the fault, or how recovery ended: what the failures have in common.
    var cause: String
    /// How recovery ended; with the name and the cause it tells one debt from another.
    var recovery: String?
    /// Whether it stands in the baseline; absent where none was given.
    var known: Bool?
    /// How many (crash point, state) pairs showed it, over all seeds.
    var occurrences: Int
    /// Every scenario and target that showed it.
    var places: [Place]
    /// The key by which failures were grouped into this one.
    var group: String
    var confirmed: String
    var explanation: [String]

    /// The weakest model in words.
    var weakestModelText: String {
      otherModelsTried == false && weakestModel != "none"
        ? "not known, seen under \(weakestModel) and tried under no other"
        : weakestModel
    }
  }

  /// What became of the violations that a baseline knows.
  struct BaselineReport: Codable, Sendable {
    var file: String
    /// How many were there.
    var known: Int
    /// Those that were not, though they were looked for where they had been seen.
    var gone: [String]
    /// Those that were not looked for.
    var notTried: [String]
  }

  /// Where a violation was seen, and how often.
  struct Place: Codable, Sendable {
    var scenario: String
    var target: String
    var occurrences: Int
  }

  /// The verdict on one subject in one scenario on one target.
  struct Verdict: Codable, Sendable {
    var subject: String
    var scenario: String
    var target: String
    /// `held`, `broken`, `not measured` or `harness broken`.
    var verdict: String
    var reason: String
    var crashStates: Int
    var distinctCrashStates: Int
    var seeds: Int
  }

  /// A row of a subject's recovery table, and how many recordings met it.
  struct RecoveryRow: Codable, Sendable {
    var row: String
    var met: String
    var recordings: Int
  }

  /// A kind of effect that crashes left open, and how many recordings saw it come out either way.
  struct OpenEffect: Codable, Sendable {
    var kind: String
    var present: Int
    var absent: Int
  }

  /// The fault space.
  struct CoverageReport: Codable, Sendable {
    var reached: Int
    var reachable: Int
    var cells: [CoverageCell]
  }

  /// Where it ran.
  struct Environment: Codable, Sendable {
    var commit: String
    var kernel: String
    var libfuse: String
    var cpuCount: Int
    var cpu: String
  }

  /// One planted bug and whether it was caught.
  struct Canary: Codable, Sendable {
    var name: String
    var target: String
    var scenario: String
    var seed: String
    var expected: [String]
    var found: String
    var caught: Bool
    var seconds: Double
  }

  /// One kept failure, replayed.
  struct Regression: Codable, Sendable {
    var name: String
    var target: String
    var subject: String
    /// `held`, or for a planted bug the violation it must show.
    var expected: String
    var passes: Bool
    var found: String
  }

  /// What the run did besides: the numbers that show it was not inert.
  struct Activity: Codable, Sendable {
    var recordings: Int
    var requests: Int
    var diskOperations: Int
    var barriers: Int
    var failedBarriers: Int
    var crashPoints: Int
    var statesWithDrops: Int
    var tornStates: Int
    var faultsFired: Int
    var faultsNotFired: Int
    var unconfirmedViolations: Int
    var undecidedJudgements: Int
    var resurfacedFailedOperations: Int
    /// The sum of the digests of all distinct crash states: equal for equal runs.
    var stateDigest: String
    /// The sum of the digests of all recovered contents.
    var outcomeDigest: String

    /// The numbers of a run.
    init(_ numbers: RunStatistics) {
      recordings = numbers.epochs
      requests = numbers.requests
      diskOperations = numbers.operations
      barriers = numbers.barriers
      failedBarriers = numbers.failedBarriers
      crashPoints = numbers.crashPoints
      statesWithDrops = numbers.statesWithDrops
      tornStates = numbers.tornStates
      faultsFired = numbers.faultsFired
      faultsNotFired = numbers.faultsNotFired
      unconfirmedViolations = numbers.unconfirmed
      undecidedJudgements = numbers.undecided
      resurfacedFailedOperations = numbers.resurfaced
      stateDigest = numbers.stateDigest.text
      outcomeDigest = numbers.outcomeDigest.text
    }
  }

  var violations: [Violation]
  var verdicts: [Verdict]
  var crashStates: Int
  var distinctCrashStates: Int
  var recoveries: Int
  var seeds: Int
  var baseSeed: String
  var durationSeconds: Double
  var interrupted: Bool
  /// What stopped the run before its end, in one line; absent where nothing did.
  var problem: String?
  var target: String
  var model: String
  var subjects: [String]
  var coverage: CoverageReport
  /// The pairs of faults that fired in one life of the subject.
  var faultPairs: [[String]]
  /// The rows of the subject's recovery table; absent where no subject tells them.
  var recoveryRows: [RecoveryRow]?
  /// The kinds of effects that crashes left open and that were seen to come out; absent for none.
  var openEffects: [OpenEffect]?
  /// The different things that happened, and how likely the next seed shows another.
  var behaviours: Discovery
  /// Seconds since the start, and how many distinct crash states there were by then: at most 100
  /// points; empty where several reports were merged.
  var timeline: [[Double]]
  /// What each seed of each scenario came to.
  var recordings: [Recording]
  /// How much of the reference store's source was reached; absent where nobody measured it.
  var sourceCoverage: SourceCoverage?
  /// What was known before; absent where no baseline was given.
  var baseline: BaselineReport?
  var canaries: [Canary]
  var regressions: [Regression]
  var activity: Activity
  var environment: Environment
  /// What was assumed about the disk, and what was not tried.
  var assumptions: [String]
}

extension Report {
  /// The violations that no baseline knows.
  var newViolations: [Violation] { violations.filter { !$0.isKnown } }

  /// The line that ends standard output.
  var summaryLine: String {
    "torture: \(violations.count) violations, \(crashStates) crash states "
      + "(\(distinctCrashStates) distinct), \(seeds) seeds, \(Self.seconds(durationSeconds)) s"
  }

  /// How the line begins that names the scenarios for which there was no time.
  static let notReached = "not reached in the time"

  /// Names of violations, each once, in the order of precedence.
  static func inOrder(_ names: [String]) -> [String] {
    ViolationName.allCases.map(\.rawValue).filter(names.contains)
  }

  /// A duration with one decimal.
  static func seconds(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// Whether every planted bug was caught, as far as they were tried.
  var provesItself: Bool {
    canaries.allSatisfy(\.caught) && regressions.allSatisfy { $0.passes || $0.isViolation }
  }

  /// 1 for a violation, 3 for a verdict that is none, else 0.
  var exitStatus: Int32 {
    if !newViolations.isEmpty || regressions.contains(where: \.isViolation) { return 1 }
    if !provesItself { return 3 }
    if verdicts.isEmpty { return canaries.isEmpty || interrupted ? 3 : 0 }
    return verdicts.contains { $0.verdict == "harness broken" || $0.verdict == "not measured" }
      ? 3 : 0
  }
}

extension Report.Violation {
  /// Whether it stands in the baseline.
  var isKnown: Bool { known == true }
}

extension Report.BaselineReport {
  /// What to say of it: first how many, then those that are gone.
  func lines(new: Int) -> [String] {
    var lines = [
      "baseline \(file): \(known) known, \(new) new, \(gone.count) gone"
        + (notTried.isEmpty ? "" : ", \(notTried.count) not tried here")
    ]
    lines += gone.map {
      "gone  \($0): not seen in this run; once it is mended, take it out of \(file)"
    }
    return lines
  }
}

extension Report.Regression {
  /// Whether a promise is broken again; else what failed is a planted bug's that escaped.
  var isViolation: Bool { !passes && expected == "held" }
}

extension Report.Violation {
  /// Where it was seen, in a few words.
  var placesText: String {
    places.map { "\($0.scenario) on \($0.target) (\($0.occurrences))" }.joined(separator: ", ")
  }
}
