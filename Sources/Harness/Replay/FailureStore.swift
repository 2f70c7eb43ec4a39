import DurabilityModel
import Oracle
import Scenarios

/// Keeps failures: a directory each, with everything that reproduces it.
///
/// `failures/<violation>-<seed>/` holds the schedule, the scenario, the history, the disk image,
/// the verdict and the commands to copy. A directory appears whole or not at all.
struct FailureStore: Sendable {
  /// The report's directory.
  let report: String
  /// Whether the scenario and target are part of a directory's name, because a run has several.
  let namesParts: Bool
  /// The model's name, for the verdict.
  let model: String

  /// Writes `failure` and says where it is.
  func keep(
    _ failure: Failure, scenario: RunPlan.NamedScenario, subject: RunPlan.SubjectChoice
  ) throws(RunError) -> FailureEntry {
    var name = "\(failure.name.rawValue)-\(failure.seed)"
    if namesParts { name += "-\(failure.scenario)-\(failure.target.rawValue)" }
    let directory = report + "/failures/" + name
    let partial = report + "/failures/.partial-" + name
    do throws(RunError) {
      try write(failure, scenario: scenario, subject: subject, to: partial, for: directory)
      try Files.move(partial, to: directory)
    } catch {
      Files.remove(partial)
      throw error
    }
    return FailureEntry(
      name: failure.name.rawValue, allNames: failure.allNames.map(\.rawValue), seed: failure.seed,
      scenario: failure.scenario, subject: failure.subject, target: failure.target,
      crash: failure.crashText, explanation: failure.explanation, directory: directory,
      occurrences: failure.occurrences, model: model,
      confirmed: "\(failure.confirmed) of \(failure.tries)")
  }

  private func write(
    _ failure: Failure, scenario: RunPlan.NamedScenario, subject: RunPlan.SubjectChoice,
    to partial: String, for directory: String
  ) throws(RunError) {
    Files.remove(partial)
    try Files.makeDirectory(partial)
    try Files.write(ScheduleFile(failure, subject: subject).text, to: partial + "/schedule")
    try Files.write(scenario.source, to: partial + "/scenario.json5")
    try Files.write(lines(failure.history), to: partial + "/history")
    try Files.write(verdict(failure, subject, directory: directory), to: partial + "/verdict")
    if let image = failure.image {
      try ImageWriter(disk: image).extract(to: partial + "/disk")
    }
  }

  private func lines(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }

  private func verdict(
    _ failure: Failure, _ subject: RunPlan.SubjectChoice, directory: String
  ) -> String {
    var text = [
      "VIOLATION \(failure.name.rawValue)",
      "all names: " + failure.allNames.map(\.rawValue).joined(separator: ", "),
      "subject \(failure.subject), scenario \(failure.scenario), target "
        + "\(failure.target.rawValue), seed \(failure.seed), model \(model)",
      failure.crashText, "", "expected and found:",
    ]
    text += failure.explanation.map { "  " + $0 }
    text += ["", "pending at the crash, in issue order:"]
    text += failure.pending.map { "  " + $0 }
    text += ["", "the last steps before the crash:"]
    text += failure.history.suffix(16).map { "  " + $0 }
    text += [
      "", "replay:   torture replay \(directory)",
      "same seed: torture run \(failure.scenario) \(subject.shellOptions) "
        + "--target \(failure.target.rawValue) --seed \(failure.seed) --seeds 1",
    ]
    return lines(text)
  }
}
