import Determinism
import DurabilityModel
import Oracle
import Scenarios

/// Keeps the failures of a run: `failures/<violation>-<seed>/` for each, below its report.
struct FailureStore: Sendable {
  /// The report's directory.
  let report: String
  /// Whether the scenario and target are part of a directory's name, because a run has several.
  let namesParts: Bool

  /// Writes `failure`, number `ordinal` of its name in its task, and says where it is.
  func keep(
    _ failure: Failure, _ task: RunPlan.Task, subject: RunPlan.SubjectChoice, ordinal: Int = 1
  ) throws(RunError) -> FailureEntry {
    var name = "\(failure.name.rawValue)-\(failure.seed)"
    // One seed may fail under several variations.
    if let variation = task.variation {
      name += "-" + Seed(0).derived(variation.text).text.dropFirst(2).prefix(8)
    }
    // Lives of one seed may break one promise for different reasons.
    if ordinal > 1 { name += "-\(ordinal)" }
    if namesParts { name += "-\(failure.scenario)-\(failure.target.rawValue)" }
    let directory = report + "/failures/" + name
    try FailureWriter(
      failure: failure, scenarioSource: task.scenario.source, subject: subject
    ).write(to: directory)
    return FailureEntry(
      name: failure.name.rawValue, allNames: failure.allNames.map(\.rawValue), seed: failure.seed,
      variation: task.variation,
      scenario: failure.scenario, subject: failure.subject, target: failure.target,
      crash: failure.crashText, explanation: failure.explanation, directory: directory,
      occurrences: failure.occurrences, model: failure.model,
      confirmed: "\(failure.confirmed) of \(failure.tries)", cause: failure.cause)
  }
}
