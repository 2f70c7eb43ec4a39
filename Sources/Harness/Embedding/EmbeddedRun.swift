import Determinism
import DurabilityModel
import FoundationEssentials
import Oracle
import Scenarios
public import Subjects

/// Tortures a subject of the calling program's own, in its process (target `sim`): what the product
/// `SubjectKit` is made of.
public struct EmbeddedRun: Sendable {
  /// The subject's name, by which failures call it.
  public var subject: String
  /// Scenarios by name, or by path where they have a slash.
  public var scenarios: [String]
  /// How many seeds of each.
  public var seeds: Int
  /// The first seed, as the command line takes it; nil draws one.
  public var seed: String?
  /// The directory that failures are kept in.
  public var report: String

  /// Makes a run, and `make` known as the subject of that name.
  public init(
    subject: String, scenarios: [String], seeds: Int, seed: String?, report: String,
    make: @escaping SubjectFactory
  ) {
    self.subject = subject
    self.scenarios = scenarios
    self.seeds = seeds
    self.seed = seed
    self.report = report
    SubjectRegistry.register(
      SubjectRegistry.Entry(name: subject, summary: "a subject of this program", make: make))
  }

  /// What was tried where nothing was broken.
  public struct Held: Sendable {
    /// Crash states judged, and how many of them were different.
    public var crashStates: Int
    /// Different crash states.
    public var distinctCrashStates: Int
    /// The first seed.
    public var seed: String
  }

  /// Why there is no `Held`.
  public enum Problem: Error, Sendable {
    /// A promise is broken.
    case broken(EmbeddedFailure)
    /// Nothing was measured, or the harness failed: one line.
    case notMeasured(String)

    /// What a test should show; `rerun` is the command that runs the test again, and heeds
    /// `TORTURE_SEED` and `TORTURE_REPLAY` in its environment.
    public func message(of subject: String, rerun: String) -> String {
      switch self {
      case .notMeasured(let why): return "torture: \(subject): \(why)"
      case .broken(let failure):
        var lines = ["\(subject) broke a promise: \(failure.name), scenario \(failure.scenario)"]
        lines += failure.explanation.prefix(3).map { "  " + $0 }
        lines += failure.schedule
        lines.append("seed:    TORTURE_SEED=\(failure.seed) \(rerun)")
        lines.append("replay:  TORTURE_REPLAY='\(failure.directory)' \(rerun)")
        return lines.joined(separator: "\n")
      }
    }
  }

  /// Runs every scenario with every seed, and shrinks the first failure.
  public func run() throws(Problem) -> Held {
    let outcome: Result<Held, Problem>
    do throws(RunError) { outcome = try explore() } catch { throw .notMeasured(error.message) }
    return try outcome.get()
  }

  private func explore() throws(RunError) -> Result<Held, Problem> {
    let plan = try plan()
    let factory = TargetFactory(program: "")
    ReportWriter.clear(report)
    try Files.makeDirectory(report)
    let runner = Runner(
      plan: plan, targets: factory,
      failures: FailureStore(report: report, namesParts: plan.scenarios.count > 1),
      progress: ProgressPrinter(isQuiet: true, isSilent: true))
    let result = runner.run()
    if let failure = result.failures.first {
      return .failure(.broken(try shrunk(failure, factory)))
    }
    if let problem = result.problem { throw problem }
    let built = ReportBuilder(
      plan: plan, result: result, canaries: [], environment: EnvironmentReader.read()
    ).build()
    if let verdict = built.verdicts.first(where: { $0.verdict != "held" }) {
      return .failure(
        .notMeasured("\(verdict.verdict) in \(verdict.scenario): \(verdict.reason)"))
    }
    return .success(
      Held(
        crashStates: built.crashStates, distinctCrashStates: built.distinctCrashStates,
        seed: built.baseSeed))
  }

  /// Replays the failure in `directory`; returns where it was not there again.
  public func replay(_ directory: String) throws(Problem) {
    let broken: EmbeddedFailure?
    do throws(RunError) {
      broken = try again(directory)
    } catch {
      throw .notMeasured(error.message)
    }
    if let broken { throw .broken(broken) }
  }

  private func again(_ directory: String) throws(RunError) -> EmbeddedFailure? {
    let failure = try FailureDirectory(directory, as: .builtIn(subject))
    let session = try failure.session(on: .sim, TargetFactory(program: ""))
    defer { session.target.shutDown() }
    let schedule = failure.schedule
    var broken = EmbeddedFailure(
      name: schedule.violation.rawValue, seed: schedule.seed.text, scenario: schedule.scenario,
      directory: failure.path, explanation: [], schedule: [])
    if let result = try? Replayer(session: session, schedule: schedule).replay(),
      result.reproduces(schedule)
    {
      broken.explanation = result.explanation
      broken.schedule = result.history.suffix(20) + result.pending
      return broken
    }
    // The store may have changed since, and its operations moved: every crash of the schedule.
    var walk = ScheduleWalk(session: session, seed: schedule.seed)
    guard let finding = try walk.firstViolation(schedule.epochs) else { return nil }
    broken.name = finding.name.rawValue
    broken.explanation = [finding.explanation]
    return broken
  }

  private func plan() throws(RunError) -> RunPlan {
    let library = try ScenarioLibrary(nil, program: #filePath)
    var named: [RunPlan.NamedScenario] = []
    for name in scenarios { named.append(try library.load(name)) }
    var first = Seed(UInt64.random(in: .min ... .max))
    if let seed {
      guard let parsed = Seed(parsing: seed) else {
        throw .usage(
          "the seed is a decimal number, 0x and hex digits, or a commit, not \"\(seed)\"")
      }
      first = parsed
    }
    return RunPlan(
      scenarios: named, targets: [.sim], subject: .builtIn(subject), seed: first,
      limit: .seeds(max(1, seeds)), jobs: 1, namesScenarios: true)
  }

  /// The failure with what it does not need taken away; as it was found where that does not work.
  private func shrunk(
    _ entry: FailureEntry, _ factory: TargetFactory
  ) throws(RunError) -> EmbeddedFailure {
    var failure = EmbeddedFailure(
      name: entry.name, seed: entry.seed.text, scenario: entry.scenario,
      directory: entry.directory, explanation: entry.explanation,
      schedule: ["cause: " + entry.cause.text])
    let work = ShrinkWork(
      failure: try FailureDirectory(entry.directory), factory: factory,
      progress: ProgressPrinter(isQuiet: true, isSilent: true))
    guard let result = try? work.shrink() else { return failure }
    let target = entry.directory + "-shrunk"
    try work.write(result, to: target)
    failure.directory = target
    failure.schedule = ShrinkWork.explanation(result).split(separator: "\n").map(String.init)
    return failure
  }
}

/// A broken promise of an embedded subject, as people want to read it.
public struct EmbeddedFailure: Sendable {
  /// The violation's name.
  public var name: String
  /// The seed that showed it.
  public var seed: String
  /// The scenario it was in.
  public var scenario: String
  /// Its directory, which `replay` takes.
  public var directory: String
  /// What was expected and what was found.
  public var explanation: [String]
  /// The shrunk schedule, with the reason of each line.
  public var schedule: [String]
}

/// The command line with subjects of the calling program's own beside the built-in ones.
public enum EmbeddedCommand {
  /// Makes `make` known as `subject`, and runs the command that `arguments` ask for.
  public static func main(
    _ arguments: [String], subject: String, make: @escaping SubjectFactory
  ) -> Int32 {
    SubjectRegistry.register(
      SubjectRegistry.Entry(name: subject, summary: "a subject of this program", make: make))
    return TortureCommand.main(arguments)
  }
}
