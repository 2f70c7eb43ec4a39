import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// The failures kept under `Scenarios/regressions/`, a directory each.
///
/// A regression is the schedule of a bug that was fixed, or is about to be. The subject it names
/// must hold now: in every crash state of the schedule, wherever its operations have moved. A
/// regression of a planted bug (`canary-…`) must still be caught instead, by its name.
struct Regressions {
  let library: ScenarioLibrary

  /// Where they are.
  var directory: String { library.directory + "/regressions" }

  /// Their names, in order.
  var names: [String] {
    Files.names(in: directory).filter { Files.isFile("\(directory)/\($0)/schedule") }
  }

  /// Adds `failure`, under the name of its directory.
  func keep(_ failure: FailureDirectory) throws(RunError) -> String {
    var name = failure.path.split(separator: "/").last.map(String.init) ?? "failure"
    if name.hasSuffix("-shrunk") { name.removeLast("-shrunk".count) }
    let target = directory + "/" + name
    guard !Files.exists(target) else { throw .usage("\(target) is there already") }
    try Files.makeDirectory(target)
    for file in ["schedule", "scenario.json5"] {
      try Files.write(try Files.read("\(failure.path)/\(file)"), to: "\(target)/\(file)")
    }
    return target
  }

  /// What became of one regression on one target.
  struct Result {
    var name: String
    var target: TargetKind
    var subject: String
    /// Whether the subject is a planted bug, which must be caught.
    var isCanary: Bool
    /// What is broken now; nil where everything holds.
    var broken: ViolationName?
    var explanation: String
    /// The name that the schedule has.
    var expected: ViolationName

    /// Whether it is as it should be.
    var passes: Bool { isCanary ? broken == expected : broken == nil }
  }

  /// Replays each on each target that its subject can live on.
  func run(
    on kinds: [TargetKind], _ factory: TargetFactory, _ progress: ProgressPrinter
  ) throws(RunError) -> [Result] {
    var results: [Result] = []
    for name in names {
      let failure = try FailureDirectory(directory + "/" + name)
      for kind in kinds {
        guard kind == .fuse || failure.schedule.subject.livesInProcess else { continue }
        let result: Result
        do throws(RunError) {
          result = try replay(failure, name, on: kind, factory)
        } catch .interrupted {
          return results
        }
        results.append(result)
        progress.say(
          (result.passes ? "regression holds " : "REGRESSION BROKEN ")
            + "\(name) on \(kind.rawValue)"
            + (result.passes ? "" : ": \(result.explanation)"))
      }
    }
    return results
  }

  private func replay(
    _ failure: FailureDirectory, _ name: String, on kind: TargetKind, _ factory: TargetFactory
  ) throws(RunError) -> Result {
    let session = try failure.session(on: kind, factory)
    defer { session.target.shutDown() }
    let schedule = failure.schedule
    var result = Result(
      name: name, target: kind, subject: schedule.subject.name,
      isCanary: schedule.subject.name.hasPrefix("canary-"), broken: nil, explanation: "",
      expected: schedule.violation)
    if result.isCanary {
      let trial = Trial(
        session: session, seed: schedule.seed, goal: nil, name: schedule.violation)
      switch try trial.run(Candidate(schedule.epochs), reach: .exact) {
      case .same: result.broken = schedule.violation
      case .other(let why): result.explanation = "the planted bug escaped: \(why)"
      }
      return result
    }
    var walk = ScheduleWalk(session: session, seed: schedule.seed)
    if let finding = try walk.firstViolation(schedule.epochs) {
      (result.broken, result.explanation) = (finding.name, finding.explanation)
    }
    return result
  }
}
