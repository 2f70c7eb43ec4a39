import DurabilityModel
import Scenarios

/// A failure as it is kept in a directory: its schedule and its scenario, read and checked.
struct FailureDirectory {
  /// Where it is, without a slash at the end.
  let path: String
  private(set) var schedule: ScheduleFile
  /// The scenario under its own name: the file beside the schedule has another.
  let scenario: RunPlan.NamedScenario

  /// The failure of `directory`, with another subject in the place of its own.
  init(_ path: String, as subject: RunPlan.SubjectChoice) throws(RunError) {
    try self.init(path)
    schedule.subject = subject
  }

  /// Reads the directory at `path`; every error is one line that names the file.
  init(_ path: String) throws(RunError) {
    var path = path
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    self.path = path
    guard Files.exists(path) else { throw .usage("\(path): there is no such directory") }
    guard !Files.isFile(path) else {
      throw .usage("\(path): a file; a failure is a directory with a schedule in it")
    }
    let schedulePath = path + "/schedule"
    guard Files.isFile(schedulePath) else {
      throw .usage("\(path): not a failure's directory: it has no file called schedule")
    }
    schedule = try ScheduleFile(parsing: try Files.read(schedulePath), file: schedulePath)
    guard !schedule.epochs.isEmpty else { throw .usage("\(schedulePath): it has no epoch") }
    var scenario = try ScenarioLibrary.read(path + "/scenario.json5")
    scenario.name = schedule.scenario
    if let model = schedule.model { scenario.scenario.disk.model = model }
    self.scenario = scenario
  }

  /// A session of the schedule's subject on `kind`.
  func session(
    on kind: TargetKind, _ factory: TargetFactory
  ) throws(RunError) -> SubjectSession {
    let target = try factory.make(kind, subject: schedule.subject)
    target.limits = scenario.scenario.limits
    do throws(RunError) {
      return try SubjectSession(
        target: target, kind: kind, scenarioName: schedule.scenario, scenario: scenario.scenario,
        subjectName: schedule.subject.name
      ).seeded(schedule.seed)
    } catch {
      target.shutDown()
      throw error
    }
  }
}
