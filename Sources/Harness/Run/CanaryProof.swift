import Determinism
import Oracle
import Scenarios
import Subjects

/// Proves that the harness finds what is there: every planted bug must be caught, by the right
/// name, and a durable subject must lose data on a lying disk.
struct CanaryProof {
  let library: ScenarioLibrary
  let targets: TargetFactory
  let progress: ProgressPrinter

  /// One planted bug with the scenario and the seed that are kept for it.
  struct Kept {
    var subject: String
    var scenario: String
    var seed: Seed
    var expected: [String]
    /// Whether it shows on `fuse` alone, and not from each seed every time.
    var needsThreads = false

    /// What it is proven from: a threaded one gets a few seeds, since its schedule is not the
    /// same twice.
    var seeds: [Seed] {
      needsThreads ? [seed] + (1..<8).map { seed.derived("again", $0) } : [seed]
    }
  }

  /// Every planted bug that `kind` can show, and the lying disk as the last.
  func kept(on kind: TargetKind) throws(RunError) -> [Kept] {
    let seeds = try CanarySeeds(path: library.directory + "/controls/canaries.json5")
    var kept = PlantedBug.allCases.filter {
      kind == .fuse || !($0.needsThreads || $0.needsMount)
    }.map { bug in
      let entry = seeds.entry(bug.rawValue)
      return Kept(
        subject: "canary-" + bug.rawValue, scenario: entry.scenario, seed: entry.seed,
        expected: bug.expectedViolations, needsThreads: bug.needsThreads)
    }
    kept.append(
      Kept(
        subject: "reference", scenario: library.directory + "/controls/lying-disk.json5",
        seed: Seed(3),
        // Refusing to open is permitted there; losing what was acknowledged is what must show.
        expected: ["acknowledged-write-lost", "deleted-record-resurrected"]))
    return kept
  }

  /// Runs each from its kept seed on each target; those done so far when the user interrupts.
  func prove(on kinds: [TargetKind]) throws(RunError) -> [Report.Canary] {
    var results: [Report.Canary] = []
    for kind in kinds {
      for canary in try kept(on: kind) {
        let result: Report.Canary
        do throws(RunError) {
          result = try search(canary, on: kind, seeds: canary.seeds, seconds: nil)
        } catch .interrupted {
          return results
        }
        results.append(result)
        progress.say(
          "\(result.caught ? "caught " : "ESCAPED") \(result.name) on \(kind.rawValue) as "
            + "\(result.found) in \(Report.seconds(result.seconds)) s")
      }
    }
    return results
  }

  /// Explores `seeds` until one shows an expected violation, or for `seconds` at most.
  func search(
    _ canary: Kept, on kind: TargetKind, seeds: [Seed], seconds: Double?
  ) throws(RunError) -> Report.Canary {
    let begun = monotonicSeconds()
    let scenario = try library.load(canary.scenario)
    let target = try targets.make(kind, subject: .builtIn(canary.subject))
    defer { target.shutDown() }
    target.limits = scenario.scenario.limits
    let session = try SubjectSession(
      target: target, kind: kind, scenarioName: scenario.name, scenario: scenario.scenario,
      subjectName: canary.subject)
    var found: [String] = []
    var caughtBy: Seed?
    for seed in seeds {
      var explorer = Explorer(session: session, seed: seed)
      explorer.isInterrupted = isInterrupted
      explorer.stopsAt = Set(canary.expected)
      try explorer.run()
      for failure in explorer.failures where !found.contains(failure.name.rawValue) {
        found.append(failure.name.rawValue)
      }
      if found.contains(where: canary.expected.contains) {
        caughtBy = seed
        break
      }
      if let seconds, monotonicSeconds() - begun > seconds { break }
    }
    let isControl = canary.subject == "reference"
    return Report.Canary(
      name: isControl ? "lying-disk" : String(canary.subject.dropFirst("canary-".count)),
      target: kind.rawValue, scenario: scenario.name, seed: (caughtBy ?? canary.seed).text,
      expected: canary.expected,
      found: found.isEmpty ? "nothing" : found.joined(separator: ", "),
      caught: caughtBy != nil, seconds: monotonicSeconds() - begun)
  }
}

/// The seeds kept for the planted bugs: `Scenarios/controls/canaries.json5`.
struct CanarySeeds {
  private var entries: [String: (scenario: String, seed: Seed)] = [:]

  /// Reads the file: an object with `{scenario, seed}` for each bug.
  init(path: String) throws(RunError) {
    let source = try Files.read(path)
    do throws(ScenarioError) {
      var reader = try ScenarioReader(
        try JSON5Parser.parse(Array(source.utf8), file: path), file: path, name: "the seeds")
      for bug in PlantedBug.allCases {
        guard var entry = try reader.object(bug.rawValue) else { continue }
        let scenario = try entry.string("scenario") ?? "smoke"
        let text = try entry.string("seed") ?? "1"
        guard let seed = Seed(parsing: text) else { throw entry.error("\"\(text)\" is no seed") }
        try entry.finish()
        entries[bug.rawValue] = (scenario, seed)
      }
      try reader.finish()
    } catch {
      throw .usage("\(error)")
    }
  }

  /// What is kept for `bug`.
  func entry(_ bug: String) -> (scenario: String, seed: Seed) {
    entries[bug] ?? ("smoke", Seed(1))
  }
}
