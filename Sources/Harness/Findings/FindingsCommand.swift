import CLinuxShims
import Determinism
import DurabilityModel
import Glibc

/// `torture findings`: what `make findings` runs.
enum FindingsCommand {
  static let options: [Options.Specification] = [
    .init(name: "seed", argument: "S", help: "the first seed (default 1)"),
    .init(
      name: "seeds", argument: "N", help: "how many seeds of each scenario, for each subject"),
    .init(
      name: "time", argument: "SECONDS",
      help: "in place of --seeds: how long to search altogether (default 600)"),
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
    let seed = try seed(options)
    let seeds = try options.count("seeds")
    let seconds = try options.seconds("time")
    guard seeds == nil || seconds == nil else {
      throw .usage("--seeds and --time exclude each other")
    }
    let progress = ProgressPrinter(isQuiet: options.has("quiet"))
    _ = clinux_install_interrupt_handler()
    try SweepLeftovers.run()
    let directory = report + "/findings"
    Files.remove(directory)
    try Files.makeDirectory(directory)
    let work = FindingsWork(
      library: try ScenarioLibrary(options.values["scenarios"], program: program),
      factory: TargetFactory(program: program), progress: progress, directory: directory,
      seed: seed, jobs: try options.count("jobs") ?? allowedProcessors().count)
    var data = FindingsData(
      seed: seed.text, secondsAllowed: seeds == nil ? seconds ?? 600 : nil, durationSeconds: 0,
      environment: EnvironmentReader.read(),
      subjects: subjects.map {
        FindingsData.Subject(
          name: $0.name, family: $0.family, summary: $0.summary, promise: $0.promise,
          source: $0.source, isDurable: $0.isDurable)
      }, trials: [], entries: [])
    let begun = monotonicSeconds()
    do throws(RunError) {
      try perform(work, subjects, seeds, begun, &data)
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
    _ work: FindingsWork, _ subjects: [FindingsSubject], _ seeds: Int?, _ begun: Double,
    _ data: inout FindingsData
  ) throws(RunError) {
    var parts = try work.parts(subjects)
    let searchEnd = data.secondsAllowed.map { begun + $0 / 2 }
    let rounds = seeds.map { work.rounds(parts, seeds: $0) } ?? Int.max
    defer {
      data.trials = parts.map(work.trial)
      if data.entries.isEmpty {
        data.entries = (try? describe(parts, work, until: begun)) ?? []
      }
    }
    search: for round in 0..<rounds {
      for index in parts.indices {
        if let searchEnd, round > 0, monotonicSeconds() >= searchEnd { break search }
        let part = parts[index]
        work.progress.say(
          "round \(round + 1), \(index + 1) of \(parts.count): \(part.subject.name), held to "
            + "\(part.heldTo), \(part.model.rawValue)")
        try work.run(&parts[index], round: round, seeds: seeds)
      }
    }
    data.entries = try describe(parts, work, until: data.secondsAllowed.map { begun + $0 })
    if isInterrupted() { throw .interrupted }
  }

  /// Every finding has its entry. What runs in this process is shrunk in a second or two, whatever
  /// time is left; a database's finding stays as it was found once the time is up.
  private static func describe(
    _ parts: [FindingsWork.Part], _ work: FindingsWork, until end: Double?
  ) throws(RunError) -> [FindingsData.Entry] {
    var entries: [FindingsData.Entry] = []
    var known: Set<String> = []
    for part in parts {
      func hasTime() -> Bool {
        !isInterrupted()
          && (!part.subject.isDatabase || end.map { monotonicSeconds() < $0 } ?? true)
      }
      let maker = FindingsEntryMaker(part: part, factory: work.factory, progress: work.progress)
      for failure in part.failures {
        let key = "\(part.subject.name) \(part.heldTo) \(failure.cause.group)"
        guard known.insert(key).inserted else { continue }
        var labelled = [failure]
        if hasTime() { WeakestModel.label(&labelled, work.factory, work.progress) }
        do throws(RunError) {
          entries.append(try maker.entry(labelled[0], works: hasTime()))
        } catch {
          guard error == .interrupted else { throw error }
          entries.append(try maker.entry(labelled[0], works: false))
        }
      }
    }
    return entries
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

  private static func seed(_ options: Options) throws(RunError) -> Seed {
    guard let text = options.values["seed"] else { return Seed(1) }
    guard let seed = Seed(parsing: text) else {
      throw .usage(
        "--seed takes a decimal number, 0x and hex digits, or a commit hash of 40, not \"\(text)\"")
    }
    return seed
  }
}
