import DurabilityModel
import Oracle
import Scenarios

/// Writes the directory of one failure: the schedule, the scenario, the history, the disk image,
/// what recovery returned beside what was permitted, the verdict, and the commands to copy.
///
/// The directory appears whole or not at all, and takes the place of what stood there.
struct FailureWriter {
  let failure: Failure
  /// The text of the scenario's file.
  let scenarioSource: String
  let subject: RunPlan.SubjectChoice
  /// Why each line of the schedule is needed; nil for a failure that was not shrunk.
  var reasons: LineReasons?

  /// Writes everything to `directory`.
  func write(to directory: String) throws(RunError) {
    let slash = directory.lastIndex(of: "/").map { directory.index(after: $0) }
    let start = slash ?? directory.startIndex
    let partial = directory[..<start] + ".partial-" + directory[start...]
    do throws(RunError) {
      try write(to: String(partial), for: directory)
      try Files.move(String(partial), to: directory)
    } catch {
      Files.remove(String(partial))
      throw error
    }
  }

  private func write(to partial: String, for directory: String) throws(RunError) {
    Files.remove(partial)
    try Files.makeDirectory(partial)
    try Files.write(schedule, to: partial + "/schedule")
    try Files.write(scenarioSource, to: partial + "/scenario.json5")
    try Files.write(lines(failure.history), to: partial + "/history")
    if !failure.comparison.isEmpty {
      try Files.write(lines(failure.comparison), to: partial + "/recovered")
    }
    if let outcome = failure.outcome {
      try Files.write(outcome + "\n", to: partial + "/outcome")
    }
    try Files.write(verdict(directory: directory), to: partial + "/verdict")
    if let image = failure.image {
      try ImageWriter(disk: image).extract(to: partial + "/disk")
    }
  }

  /// The schedule's text, what was found as a comment at its head.
  private var schedule: String {
    let file = ScheduleFile(failure, subject: subject)
    let text = reasons.map { file.text(explained: $0) } ?? file.text
    let head = text.split(separator: "\n", maxSplits: 1)
    let comments =
      ["cause: " + failure.cause.text] + failure.explanation
    return
      ([String(head[0])]
      + comments.map { "# " + $0.split(separator: "\n").joined(separator: " ") }
      + head.dropFirst().map(String.init)).joined(separator: "\n")
  }

  private func lines(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }

  private func verdict(directory: String) -> String {
    var text = [
      "VIOLATION \(failure.name.rawValue)",
      "all names: " + failure.allNames.map(\.rawValue).joined(separator: ", "),
      "cause: " + failure.cause.text,
      "subject \(failure.subject), scenario \(failure.scenario), target "
        + "\(failure.target.rawValue), seed \(failure.seed), model \(failure.model.rawValue)",
      failure.crashText, "", "expected and found:",
    ]
    text += failure.explanation.map { "  " + $0 }
    text += ["", "pending at the crash, in issue order:"]
    text += failure.pending.map { "  " + $0 }
    text += ["", "what was permitted (the nearest state) and what recovery returned:"]
    text += failure.comparison.map { "  " + $0 }
    text += ["", "the last steps before the crash:"]
    text += failure.history.suffix(16).map { "  " + $0 }
    text += [
      "", "replay:   torture replay \(directory)", "shrink:   torture shrink \(directory)",
      "look:     torture replay \(directory) --hold",
      "same seed: torture run \(failure.scenario) \(subject.shellOptions) "
        + "--target \(failure.target.rawValue) --seed \(failure.seed) --seeds 1",
    ]
    return lines(text)
  }
}
