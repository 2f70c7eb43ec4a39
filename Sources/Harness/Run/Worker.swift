import Oracle
import Scenarios
import SubjectProtocol

/// One worker: its targets, kept from task to task.
struct Worker {
  let plan: RunPlan
  let targets: TargetFactory
  let failures: FailureStore
  private var open: [TargetKind: any Target] = [:]

  /// What a task came to.
  struct Result: Sendable {
    var part: RunPart
    var coverage = Coverage()
    var failures: [FailureEntry] = []
    /// The faults that an exhaustive run goes on with.
    var singleFaults: [Variation.SingleFault] = []
  }

  /// What the task in progress had found when it was interrupted or could not go on.
  private(set) var partial: Result

  init(plan: RunPlan, targets: TargetFactory, failures: FailureStore) {
    self.plan = plan
    self.targets = targets
    self.failures = failures
    partial = Result(part: RunPart())
  }

  /// Explores one seed of one scenario on one target.
  mutating func perform(_ task: RunPlan.Task) throws(RunError) -> Result {
    let scenario = task.scenario.scenario
    partial = Result(part: RunPart())
    let target = try target(task.target)
    target.limits = scenario.limits
    let session = try SubjectSession(
      target: target, kind: task.target, scenarioName: task.scenario.name, scenario: scenario,
      subjectName: plan.subject.name)
    partial.part.crashes = session.crashes
    if let why = unmeasured(session, scenario) {
      partial.part.notMeasured = why
      partial.part.isBeyondSubject =
        !scenario.isAllowed(by: session.description.operations) || isUnclaimed(session, scenario)
      return partial
    }
    var explorer = Explorer(session: session, seed: task.seed, variation: task.variation)
    explorer.isInterrupted = Harness.isInterrupted
    var problem: RunError?
    do throws(RunError) {
      try explorer.run()
    } catch {
      problem = error
    }
    partial.part.statistics = explorer.statistics
    partial.coverage = explorer.coverage
    partial.singleFaults = explorer.singleFaults
    var ordinals: [ViolationName: Int] = [:]
    for failure in explorer.failures {
      let ordinal = (ordinals[failure.name] ?? 0) + 1
      ordinals[failure.name] = ordinal
      partial.failures.append(
        try failures.keep(failure, task, subject: plan.subject, ordinal: ordinal))
    }
    if let problem { throw problem }
    return partial
  }

  /// Why nothing can be measured of this subject in this scenario; nil where something can.
  private func unmeasured(_ session: SubjectSession, _ scenario: Scenario) -> String? {
    let lacking = scenario.requires.filter { !session.description.operations.contains($0) }
    if !lacking.isEmpty {
      return "the subject does not support " + lacking.map(\.rawValue).joined(separator: ", ")
    }
    if isUnclaimed(session, scenario) {
      return "its contract does not say that it detects bit-rot; name the scenario to run it"
    }
    if session.crashes.isEmpty {
      return "its contract promises nothing under the crashes of this scenario"
    }
    return nil
  }

  /// Whether the scenario is about damage that the subject never said it would notice, and nobody
  /// asked for it by name.
  private func isUnclaimed(_ session: SubjectSession, _ scenario: Scenario) -> Bool {
    scenario.needsDetection && !plan.namesScenarios && !plan.triesUnclaimed
      && !session.contract.detects.contains("bit-rot")
  }

  private mutating func target(_ kind: TargetKind) throws(RunError) -> any Target {
    if let existing = open[kind] { return existing }
    let made = try targets.make(kind, subject: plan.subject)
    open[kind] = made
    return made
  }

  /// Gives back what the targets hold.
  func shutDown() {
    for kind in TargetKind.allCases { open[kind]?.shutDown() }
  }
}
