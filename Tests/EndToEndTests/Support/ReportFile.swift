import FoundationEssentials
import Testing

/// `report.json` as a stranger reads it: written from design.md, not from the program's own type.
struct ReportFile: Decodable, Equatable {
  struct Violation: Decodable, Equatable {
    var name: String
    var allNames: [String]
    var seed: String
    var subject: String
    var scenario: String
    var models: [String]
    var weakestModel: String
    var crashPoint: String
    var directory: String
    var occurrences: Int
  }

  struct Verdict: Decodable, Equatable {
    var subject: String
    var scenario: String
    var verdict: String
    var reason: String
    var distinctCrashStates: Int
  }

  struct Coverage: Decodable, Equatable {
    struct Cell: Decodable, Equatable {}
    var reached: Int
    var reachable: Int
    var cells: [Cell]
  }

  struct Environment: Decodable, Equatable {
    var commit: String
    var kernel: String
    var libfuse: String
    var cpuCount: Int
  }

  struct Activity: Decodable, Equatable {
    var stateDigest: String
    var outcomeDigest: String
    var barriers: Int
    var statesWithDrops: Int
    var faultsFired: Int
  }

  var violations: [Violation]
  var verdicts: [Verdict]
  var crashStates: Int
  var distinctCrashStates: Int
  var recoveries: Int
  var seeds: Int
  var durationSeconds: Double
  var interrupted: Bool
  var problem: String?
  var target: String
  var subjects: [String]
  var coverage: Coverage
  var activity: Activity
  var environment: Environment

  /// Reads the report of a workspace.
  init(of workspace: Workspace) throws {
    let data = try Data(contentsOf: URL(filePath: workspace.report + "/report.json"))
    self = try JSONDecoder().decode(ReportFile.self, from: data)
  }

  /// Everything that the scenario and the seed determine, whatever the target and the workers.
  var determined: Determined {
    Determined(
      crashStates: crashStates, distinctCrashStates: distinctCrashStates, seeds: seeds,
      verdicts: verdicts, names: violations.map { "\($0.name) \($0.seed) \($0.crashPoint)" },
      activity: activity, coverage: coverage)
  }

  struct Determined: Equatable {
    var crashStates: Int
    var distinctCrashStates: Int
    var seeds: Int
    var verdicts: [Verdict]
    var names: [String]
    var activity: Activity
    var coverage: Coverage
  }

  /// The verdicts by name.
  var verdictNames: [String] { verdicts.map(\.verdict) }

  /// Every name of every violation.
  var names: [String] { violations.map(\.name) }
}
