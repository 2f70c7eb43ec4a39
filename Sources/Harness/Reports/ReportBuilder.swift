import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Turns what a run came to into its report: the only place where a verdict is given its name.
struct ReportBuilder {
  let plan: RunPlan
  let result: RunResult
  let canaries: [Report.Canary]
  var regressions: [Regressions.Result] = []
  let environment: Report.Environment
  var baseline: BaselineComparison?

  /// The report.
  func build() -> Report {
    let statistics = result.statistics
    let models = Set(plan.scenarios.map(\.scenario.disk.model.rawValue)).sorted()
    return Report(
      violations: result.failures.map(violation),
      verdicts: measuredParts.map(verdict),
      crashStates: statistics.crashStates,
      distinctCrashStates: statistics.distinctCrashStates, recoveries: statistics.recoveries,
      seeds: statistics.seeds, baseSeed: plan.seed.text, durationSeconds: result.seconds,
      interrupted: result.wasInterrupted, problem: result.problem?.message,
      target: plan.targets.map(\.rawValue).joined(separator: ","),
      model: models.joined(separator: ","), subjects: [plan.subject.name],
      coverage: Report.CoverageReport(
        reached: result.coverage.reachedCount, reachable: result.coverage.reachableCount,
        cells: result.coverage.cells),
      baseline: baseline?.report(
        result.failures,
        measured: measuredParts.filter { $0.statistics.crashStates > 0 }
          .map { "\($0.scenario) on \($0.target.rawValue)" }),
      canaries: canaries, regressions: regressions.map(regression), activity: activity(statistics),
      environment: environment,
      assumptions: assumptions(models))
  }

  /// Without scenarios named, those that the subject cannot run are left out, and said to be.
  private var measuredParts: [RunPart] {
    result.parts.filter { plan.namesScenarios || !$0.isBeyondSubject }
  }

  private func violation(_ entry: FailureEntry) -> Report.Violation {
    let models = entry.models ?? WeakestModel(found: entry)
    return Report.Violation(
      name: entry.name, allNames: entry.allNames, seed: entry.seed.text, subject: entry.subject,
      scenario: entry.scenario, target: entry.target.rawValue,
      models: models.models.map(\.rawValue),
      weakestModel: models.weakest, crashPoint: entry.crash,
      directory: entry.directory, cause: entry.cause.text, recovery: entry.cause.recovery,
      known: baseline.map { $0.baseline.knows(entry.cause) }, occurrences: entry.occurrences,
      places: entry.places.map {
        Report.Place(
          scenario: $0.scenario, target: $0.target.rawValue, occurrences: $0.occurrences)
      }, confirmed: entry.confirmed,
      explanation: entry.explanation)
  }

  private func regression(_ result: Regressions.Result) -> Report.Regression {
    Report.Regression(
      name: result.name, target: result.target.rawValue, subject: result.subject,
      expected: result.isCanary ? result.expected.rawValue : "held", passes: result.passes,
      found: result.broken.map { "\($0.rawValue): \(result.explanation)" }
        ?? (result.explanation.isEmpty ? "held" : result.explanation))
  }

  /// *held* only where something was really tried: a run in which nothing was dropped, or no
  /// barrier was ever seen, proves nothing (anchors.md, pitfall 5).
  private func verdict(_ part: RunPart) -> Report.Verdict {
    let numbers = part.statistics
    let failures = result.failures.filter {
      $0.places.contains { $0.scenario == part.scenario && $0.target == part.target }
    }
    let isBroken = !failures.isEmpty
    let isKnown = failures.allSatisfy { baseline?.baseline.knows($0.cause) == true }
    let (verdict, reason): (String, String)
    if isBroken {
      (verdict, reason) = ("broken", isKnown ? "known violations only" : "see violations")
    } else if let why = part.notMeasured {
      (verdict, reason) = ("not measured", why)
    } else if numbers.crashStates == 0 {
      (verdict, reason) = (
        "not measured", result.problem?.message ?? "no crash state was judged: give it more time"
      )
    } else if part.crashes.contains(.power) && numbers.barriers + numbers.failedBarriers == 0 {
      (verdict, reason) = ("not measured", "inert: no barrier was ever reached")
    } else if part.crashes.contains(.power) && numbers.statesWithDrops == 0 {
      (verdict, reason) = ("harness broken", "inert: no unsynced operation was ever dropped")
    } else {
      var what =
        "\(numbers.distinctCrashStates) distinct crash states, \(numbers.statesWithDrops) with "
        + "drops"
      let asked = plan.scenarios.first { $0.name == part.scenario }?.scenario.crashes ?? []
      for crash in asked where !part.crashes.contains(crash) {
        what += "; \(crash.rawValue) not measured: the contract promises nothing there"
      }
      (verdict, reason) = ("held", what)
    }
    return Report.Verdict(
      subject: plan.subject.name, scenario: part.scenario, target: part.target.rawValue,
      verdict: verdict, reason: reason, crashStates: numbers.crashStates,
      distinctCrashStates: numbers.distinctCrashStates, seeds: numbers.seeds)
  }

  private func activity(_ statistics: RunStatistics) -> Report.Activity {
    Report.Activity(
      recordings: statistics.epochs, requests: statistics.requests,
      diskOperations: statistics.operations, barriers: statistics.barriers,
      failedBarriers: statistics.failedBarriers, crashPoints: statistics.crashPoints,
      statesWithDrops: statistics.statesWithDrops, tornStates: statistics.tornStates,
      faultsFired: statistics.faultsFired, faultsNotFired: statistics.faultsNotFired,
      unconfirmedViolations: statistics.unconfirmed,
      undecidedJudgements: statistics.undecided,
      resurfacedFailedOperations: statistics.resurfaced,
      stateDigest: statistics.stateDigest.text, outcomeDigest: statistics.outcomeDigest.text)
  }

  /// What a subject is told that relies on syncfs or sync: whether they are barriers is the model's
  /// affair.
  private func syncfs(_ disks: [DiskParameters]) -> [String] {
    guard result.coverage.cells.contains(where: { $0.operation == "syncfs" && $0.reached }) else {
      return []
    }
    return PersistenceModelName.allCases.filter { model in disks.contains { $0.model == model } }
      .map { model in
        "the subject calls syncfs or sync: under \(model.rawValue) they cover "
          + model.syncfsSummary
      }
  }

  private func assumptions(_ models: [String]) -> [String] {
    let disks = plan.scenarios.map(\.scenario.disk)
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
    lines += [
      "what a subject stores through shared mappings is seen at each answer and at its end; what "
        + "they held between two such points is not tried",
      "not tried: extended attributes, several outstanding requests, media faults",
    ]
    lines += result.parts.filter(\.isBeyondSubject).map {
      "not tried: scenario \($0.scenario) on \($0.target.rawValue): \($0.notMeasured ?? "")"
    }
    return lines
  }
}
