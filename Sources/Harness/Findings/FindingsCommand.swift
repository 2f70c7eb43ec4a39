import Determinism

/// `torture findings`: what `make findings` runs.
enum FindingsCommand {
  static let options: [Options.Specification] = [
    .init(name: "seed", argument: "S", help: "the first seed (default 1)"),
    .init(
      name: "seeds", argument: "N", help: "how many seeds of each scenario, for each subject"),
    .init(
      name: "time", argument: "SECONDS",
      help: "in place of --seeds: how long it may take altogether (default 1800)"),
    .init(
      name: "subjects", argument: "NAME,…",
      help: "these alone; a name that ends in * stands for all that begin so (default all)"),
    .init(name: "jobs", argument: "N", help: "workers (default: one for each processor)"),
    .init(name: "scenarios", argument: "DIR", help: "the folder of scenario files"),
    .init(name: "report", argument: "DIR", help: "where findings.md goes (default Reports)"),
    .init(name: "quiet", argument: nil, help: "no progress, only the summary"),
    .init(name: "help", argument: nil, help: "this text"),
  ]

  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    let options = try Options(words, options, command: "findings")
    if options.has("help") {
      Console.print(
        Options.help(
          "torture findings [OPTION…]",
          "Runs every subject as its documentation promises, relaxed settings also held to\n"
            + "durable, durable databases under every model. Writes findings.md, findings.html\n"
            + "and findings.json. Exit status 0: written, whatever was found.", Self.options))
      return 0
    }
    guard options.operands.isEmpty else { throw .usage("torture findings takes no words") }
    let subjects = try subjects(options.values["subjects"])
    let report = options.values["report"] ?? "Reports"
    let limit = try PlanReader.limit(options) ?? .seconds(1800)
    let seed = try PlanReader.seed(options) ?? Seed(1)
    let jobs = try PlanReader.jobs(options)
    let library = try ScenarioLibrary(options.values["scenarios"], program: program)
    let progress = ProgressPrinter(isQuiet: options.has("quiet"))
    let directory = report + "/findings"
    Files.remove(directory)
    try RunCommand.begin(writingTo: directory)
    var (seeds, seconds): (Int?, Double?)
    switch limit {
    case .seeds(let count): seeds = count
    case .seconds(let time): seconds = time
    }
    let work = FindingsWork(
      library: library, factory: TargetFactory(program: program), progress: progress,
      directory: directory, seed: seed, seeds: seeds, jobs: jobs)
    var data = FindingsData(
      seed: seed.text, secondsAllowed: seconds, durationSeconds: 0,
      environment: EnvironmentReader.read(),
      subjects: subjects.map {
        FindingsData.Subject(
          name: $0.name, family: $0.family, summary: $0.summary, promise: $0.promise,
          source: $0.source, isDurable: $0.isDurable)
      }, trials: [], entries: [])
    let begun = monotonicSeconds()
    do throws(RunError) {
      try perform(work, subjects, begun, &data)
    } catch {
      data.problem = error.message
    }
    data.durationSeconds = monotonicSeconds() - begun
    try FindingsWriter(data: data).write(to: report)
    if let problem = data.problem { Console.complain("torture: \(problem)") }
    Console.print(
      "torture: \(data.entries.count) findings in \(subjects.count) subjects, "
        + "\(Report.seconds(data.durationSeconds)) s: \(report)/findings.md")
    return data.problem == nil ? 0 : 3
  }

  /// Searches, then describes what was found. Of the time allowed the search takes half: shrinking
  /// and replaying take the rest, and what they do not reach stays as it was found.
  private static func perform(
    _ work: FindingsWork, _ subjects: [FindingsSubject], _ begun: Double,
    _ data: inout FindingsData
  ) throws(RunError) {
    var parts = try work.parts(subjects)
    var stopped: RunError?
    do throws(RunError) {
      try work.search(&parts, until: data.secondsAllowed.map { begun + $0 / 2 })
    } catch {
      // What was found so far is told all the same.
      stopped = error
    }
    let summary = FindingsSummary(
      work: work, environment: data.environment, end: data.secondsAllowed.map { begun + $0 })
    (data.trials, data.entries) = try summary.make(parts)
    if let stopped { throw stopped }
    if isInterrupted() { throw .interrupted }
  }

  private static func subjects(_ text: String?) throws(RunError) -> [FindingsSubject] {
    let all = FindingsSubject.all
    guard let text else { return all }
    let patterns = text.split(separator: ",")
    for pattern in patterns where !all.contains(where: { matches($0.name, pattern) }) {
      throw .usage("--subjects: no subject is called \"\(pattern)\"; torture list subjects")
    }
    return all.filter { subject in patterns.contains { matches(subject.name, $0) } }
  }

  private static func matches(_ name: String, _ pattern: Substring) -> Bool {
    pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
  }
}
