import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Turns what a run came to into the parts of its report.
struct ReportBuilder {
  let plan: RunPlan
  let result: RunResult
  let canaries: [Report.Canary]
  var regressions: [Regressions.Result] = []
  let environment: Report.Environment
  var baseline: BaselineComparison?
  /// How much of the reference's source was reached.
  var sourceCoverage: SourceCoverage?

  /// The report.
  func build() -> Report { parts().report() }

  private func parts() -> ReportParts {
    var examples: [String: Report.Violation] = [:]
    for entry in result.failures { examples[entry.cause.group] = violation(entry) }
    return ReportParts(
      entries: result.tasks.map(entry), map: result.map, examples: examples, canaries: canaries,
      regressions: regressions.map(regression), baseSeed: plan.seed.text, seconds: result.seconds,
      timeline: result.timeline(points: 100), interrupted: result.wasInterrupted,
      problem: result.problem?.message,
      environment: environment, sourceCoverage: sourceCoverage,
      baseline: baselineReport, assumptions: assumptions())
  }

  /// What became of the violations that are known; a place where nothing was tried says nothing.
  private var baselineReport: Report.BaselineReport? {
    var places: [String] = []
    for task in result.tasks where task.part.statistics.crashStates > 0 {
      let place = "\(task.task.scenario.name) on \(task.task.target.rawValue)"
      if !places.contains(place) { places.append(place) }
    }
    return baseline?.report(result.failures, measured: places)
  }

  /// The scenarios that had no turn before the time was up: nothing is said of them.
  private func notReached() -> [String] {
    guard case .seconds = plan.limit else { return [] }
    return plan.targets.compactMap { target in
      let had = Set(result.tasks.filter { $0.task.target == target }.map(\.task.scenario.name))
      let left = plan.scenarios.map(\.name).filter { !had.contains($0) }
      guard !left.isEmpty else { return nil }
      return "\(Report.notReached) on \(target.rawValue): " + left.joined(separator: ", ")
    }
  }

  private func entry(_ task: TaskResult) -> ReportParts.Entry {
    let scenario = task.task.scenario.scenario
    let tried = task.part.crashes
    return ReportParts.Entry(
      recording: Report.Recording(
        task: plan.place(of: task.task), subject: plan.subject.name,
        subjectOptions: plan.subject.shellOptions,
        scenario: task.task.scenario.name, target: task.task.target.rawValue,
        model: scenario.disk.model.rawValue, seed: task.task.seed.text,
        variation: task.task.variation?.text,
        numbers: task.part.statistics,
        crashes: scenario.crashes.filter(tried.contains).map(\.rawValue),
        unpromised: scenario.crashes.filter { !tried.contains($0) }.map(\.rawValue),
        notMeasured: task.part.notMeasured,
        isLeftOut: task.part.isBeyondSubject && !plan.namesScenarios,
        violations: task.failures.map {
          Report.Seen(
            group: $0.cause.group, allNames: $0.allNames, occurrences: $0.occurrences)
        }, cells: "", behaviours: ""),
      coverage: task.coverage)
  }

  private func violation(_ entry: FailureEntry) -> Report.Violation {
    let models = entry.models ?? WeakestModel(found: entry)
    return Report.Violation(
      name: entry.name, allNames: entry.allNames, seed: entry.seed.text, subject: entry.subject,
      scenario: entry.scenario, target: entry.target.rawValue,
      models: models.models.map(\.rawValue),
      weakestModel: models.weakest, otherModelsTried: entry.models != nil,
      crashPoint: entry.crash,
      directory: entry.directory, cause: entry.cause.text, recovery: entry.cause.recovery,
      known: baseline.map { $0.baseline.knows(entry.cause) }, occurrences: entry.occurrences,
      places: [], group: entry.cause.group, confirmed: entry.confirmed,
      explanation: entry.explanation)
  }

  private func regression(_ result: Regressions.Result) -> Report.Regression {
    Report.Regression(
      name: result.name, target: result.target.rawValue, subject: result.subject,
      expected: result.isCanary ? result.expected.rawValue : "held", passes: result.passes,
      found: result.broken.map { "\($0.rawValue): \(result.explanation)" }
        ?? (result.explanation.isEmpty ? "held" : result.explanation))
  }

  /// What a subject is told that relies on syncfs or sync: whether they are barriers is the model's
  /// affair.
  private func syncfs(_ disks: [DiskParameters]) -> [String] {
    let isCalled = zip(result.map.places, result.map.reach).contains { place, reach in
      place.operation == "syncfs" && reach.reached != 0
    }
    guard isCalled else { return [] }
    return PersistenceModelName.allCases.filter { model in disks.contains { $0.model == model } }
      .map { model in
        "the subject calls syncfs or sync: under \(model.rawValue) they cover "
          + model.syncfsSummary
      }
  }

  private func assumptions() -> [String] {
    let disks = plan.scenarios.map(\.scenario.disk)
    let models = Set(disks.map(\.model.rawValue)).sorted()
    let sectors = Set(disks.map(\.sectorSize)).sorted().map(String.init).joined(separator: ", ")
    let states = Set(disks.map(\.afterState.rawValue)).sorted()
      .compactMap(AfterFailedBarrier.init(rawValue:))
    var lines = [
      "persistence model: " + models.joined(separator: ", "),
      "sectors of \(sectors) bytes are written atomically, and nothing beside a write changes",
    ]
    lines += states.map {
      "a failed fsync leaves, where its fault says no other state: \($0.meaning) (\($0.rawValue))"
    }
    lines += syncfs(disks)
    lines += notReached()
    let hasMedia = plan.scenarios.contains { !$0.scenario.media.isEmpty }
    lines += [
      "what a subject stores through shared mappings is seen at each answer and at its end; what "
        + "they held between two such points is not tried",
      "not tried: extended attributes; several requests outstanding, unless the subject says "
        + "`concurrency`" + (hasMedia ? "" : "; media faults"),
    ]
    return lines
  }
}
