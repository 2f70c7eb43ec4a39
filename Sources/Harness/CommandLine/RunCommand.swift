import CLinuxShims
import Determinism
import DurabilityModel
import FaultFS
import Glibc
import Scenarios

/// `torture run`.
enum RunCommand {
  /// How long a run with `--time` goes on at most to try violations under other models, in seconds.
  private static let modelSeconds = 20.0

  static let options: [Options.Specification] = [
    .init(name: "seed", argument: "S", help: "the first seed: decimal, 0x-hex, or a commit hash"),
    .init(name: "seeds", argument: "N", help: "how many seeds of each scenario (default 10)"),
    .init(
      name: "time", argument: "SECONDS",
      help: "go on with new seeds for so long (trying other models: at most 20 s more)"),
    .init(
      name: "explore", argument: "random|guided|exhaustive",
      help: "fresh seeds (default); seeds that showed something new, varied, and places never hit\n"
        + "aimed at; or every fault at every place, in order (default then: one seed)"),
    .init(
      name: "corpus", argument: "REPORT",
      help: "guided: go on from what that report's runs showed (merged reports: all of theirs)"),
    .init(
      name: "variation", argument: "'TEXT'",
      help: "explore each seed with this variation, as a report names it"),
    .init(name: "jobs", argument: "N", help: "workers (default: one for each processor)"),
    .init(
      name: "target", argument: "sim|fuse",
      help: "where the subject lives (default fuse); sim,fuse for both"),
    .init(
      name: "subject", argument: "NAME",
      help: "a subject that comes with the tool (default reference)"),
    .init(
      name: "subject-command", argument: "'CMD ARG…'",
      help: "a program that speaks protocol version 1"),
    .init(
      name: "recover-command", argument: "'CMD ARG…'",
      help: "another version, which recovers what the subject left and goes on from there"),
    .init(
      name: "baseline", argument: "FILE",
      help: "known violations (torture baseline writes it): exit 1 for new ones only"),
    .init(name: "model", argument: "NAME", help: "the persistence model (default: the scenario's)"),
    .init(
      name: "depth", argument: "N",
      help: "crashes inside recoveries, one within the other (default: the scenario's, mostly 2)"),
    .init(
      name: "mode", argument: "direct|cached|auto",
      help: "of the mount; auto (default): cached for subjects that map files shared"),
    .init(name: "report", argument: "DIR", help: "where reports go (default Reports/latest)"),
    .init(
      name: "shard", argument: "I/N",
      help: "take every N-th seed, from the I-th (default: what the job's array says)"),
    .init(name: "scenarios", argument: "DIR", help: "the folder of scenario files"),
    .init(
      name: "prove", argument: nil,
      help: "first prove every planted bug caught, and every regression held"),
    .init(name: "quiet", argument: nil, help: "no progress, only violations and the summary"),
    .init(name: "help", argument: nil, help: "this text"),
  ]

  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    let options = try Options(words, options, command: "run")
    if options.has("help") {
      Console.print(
        Options.help(
          "torture run [SCENARIO…] [OPTION…]",
          "Records a workload, cuts the power at every place, recovers twice, and judges.\n"
            + "Without a scenario: every one that the subject can run.", Self.options))
      return 0
    }
    let library = try ScenarioLibrary(options.values["scenarios"], program: program)
    let reader = PlanReader(options: options, library: library)
    let plan = try reader.plan()
    let mode = try reader.mode()
    let directory = options.values["report"] ?? "Reports/latest"
    let baseline = try options.values["baseline"].map { file throws(RunError) in
      try BaselineComparison(file, subject: plan.subject.name)
    }
    let progress = ProgressPrinter(
      isQuiet: options.has("quiet"), baseline: baseline?.baseline, plan: plan)
    let factory = TargetFactory(program: program, mode: mode)
    try begin(writingTo: directory)
    ReportWriter.clear(directory)
    var canaries: [Report.Canary] = []
    var regressions: [Regressions.Result] = []
    if options.has("prove") {
      canaries = try CanaryProof(library: library, targets: factory, progress: progress)
        .prove(on: plan.targets)
      regressions = try Regressions(library: library).run(on: plan.targets, factory, progress)
    }
    progress.say(
      "seed \(plan.seed), \(plan.jobs) workers, targets "
        + plan.targets.map(\.rawValue).joined(separator: ",") + plan.shard.note
        + (plan.exploration == .random ? "" : ", exploring \(plan.exploration.rawValue)"))
    let runner = Runner(
      plan: plan, targets: factory,
      failures: FailureStore(
        report: directory, namesParts: plan.scenarios.count * plan.targets.count > 1),
      progress: progress)
    progress.begin()
    var result = runner.run()
    progress.end()
    var end: Double?
    if case .seconds = plan.limit { end = monotonicSeconds() + modelSeconds }
    WeakestModel.label(&result.failures, factory, progress, until: end)
    let report = ReportBuilder(
      plan: plan, result: result, canaries: canaries, regressions: regressions,
      environment: EnvironmentReader.read(), baseline: baseline,
      sourceCoverage: SourceCoverage.beside(directory)
    ).build()
    do throws(RunError) {
      try ReportWriter(report: report).write(to: directory)
    } catch {
      return finish(report, result, result.problem ?? error, directory: nil)
    }
    return finish(report, result, result.problem, directory: directory)
  }

  /// What comes before any subject runs: an interrupt ends the run in order, what dead runs left is
  /// swept, and `directory` is one that can be written.
  static func begin(writingTo directory: String) throws(RunError) {
    _ = clinux_install_interrupt_handler()
    try SweepLeftovers.run()
    try Files.makeDirectory(directory)
    guard access(directory, W_OK | X_OK) == 0 else {
      throw .harness("\(directory): cannot be written: \(String(cString: strerror(errno)))")
    }
  }

  /// Prints what a stranger needs to know, the summary last, and gives the exit status; `directory`
  /// is nil where the report could not be written.
  private static func finish(
    _ report: Report, _ result: RunResult, _ problem: RunError?, directory: String?
  ) -> Int32 {
    Console.print("")
    for regression in report.regressions where !regression.passes {
      Console.print(
        "REGRESSION BROKEN  \(regression.name) on \(regression.target): \(regression.found)")
    }
    for canary in report.canaries where !canary.caught {
      Console.print(
        "ESCAPED  planted bug \(canary.name) on \(canary.target): found \(canary.found)")
    }
    if !report.canaries.isEmpty {
      Console.print(
        "planted bugs: \(report.canaries.count { $0.caught }) of \(report.canaries.count) caught")
    }
    if !report.regressions.isEmpty {
      Console.print(
        "regressions: \(report.regressions.count { $0.passes }) of \(report.regressions.count) as "
          + "they must be")
    }
    printVerdicts(report, directory: directory)
    if result.wasInterrupted { Console.print("interrupted: this is what was done so far") }
    if let problem { Console.complain("torture: \(problem.message)") }
    Console.print(report.summaryLine)
    if report.newViolations.isEmpty, let problem {
      if case .usage = problem { return 2 }
      return 3
    }
    return report.exitStatus
  }

  /// Prints the verdicts, the violations and the coverage; `directory` is nil where the report
  /// could not be written.
  static func printVerdicts(_ report: Report, directory: String?) {
    for verdict in report.verdicts {
      Console.print(
        "\(verdict.verdict)  \(verdict.subject)  \(verdict.scenario) on \(verdict.target): "
          + "\(verdict.reason), \(verdict.seeds) seeds")
    }
    for violation in report.violations {
      Console.print(
        (violation.isKnown ? "known violation" : "VIOLATION")
          + " \(violation.name) in \(violation.scenario) on \(violation.target), seed "
          + "\(violation.seed), weakest model \(violation.weakestModelText): "
          + "torture replay \(violation.directory)")
    }
    for note in report.assumptions
    where note.hasPrefix("the subject calls syncfs") || note.hasPrefix(Report.notReached) {
      Console.print("note: \(note)")
    }
    for line in report.baseline?.lines(new: report.newViolations.count) ?? [] {
      Console.print(line)
    }
    let coverage = report.coverage
    Console.print(
      "coverage: \(coverage.reached) of \(coverage.reachable) reachable cells"
        + (directory.map { "; not tried and assumed: see \($0)/summary.md" } ?? ""))
  }
}
