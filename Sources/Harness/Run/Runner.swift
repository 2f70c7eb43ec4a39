import CLinuxShims
import Determinism
import DurabilityModel
import Scenarios

/// What a run came to.
struct RunResult: Sendable {
  var statistics = RunStatistics()
  var coverage = Coverage()
  /// One entry for each violation by name, scenario and target, with its first example.
  var failures: [FailureEntry] = []
  /// What each scenario did, by name and target.
  var parts: [RunPart] = []
  /// Why the run could not be made or went wrong; nil where it did not.
  var problem: RunError?
  var wasInterrupted = false
  var seconds = 0.0
}

/// What one scenario did on one target.
struct RunPart: Sendable {
  var scenario: String
  var target: TargetKind
  var statistics = RunStatistics()
  /// Why nothing was measured here; nil where something was.
  var notMeasured: String?
}

/// A violation of a run: an example kept in a directory, and how often it was seen.
struct FailureEntry: Sendable {
  var name: String
  var allNames: [String]
  var seed: Seed
  var scenario: String
  var subject: String
  var target: TargetKind
  var crash: String
  var explanation: [String]
  var directory: String
  var occurrences: Int
  var model: String
  var confirmed: String
}

/// Runs a plan on its workers and gathers what they find, in the order of the tasks.
struct Runner: Sendable {
  let plan: RunPlan
  let targets: TargetFactory
  let failures: FailureStore
  let progress: ProgressPrinter

  /// What the workers share.
  private struct Shared {
    var nextTask = 0
    var finished: [Int: TaskResult] = [:]
    var problem: RunError?
  }

  /// What one task found.
  private struct TaskResult: Sendable {
    var task: RunPlan.Task
    var statistics: RunStatistics
    var coverage: Coverage
    var failures: [FailureEntry]
    var notMeasured: String?
  }

  /// Runs until the plan is done, its time is up, or the user interrupts.
  func run() -> RunResult {
    let start = monotonicSeconds()
    let shared = Lock(Shared())
    let deadline: Double? =
      if case .seconds(let seconds) = plan.limit { start + seconds } else { nil }
    onThreads(plan.jobs, pinned: true) { _ in
      var worker = Worker(plan: plan, targets: targets, failures: failures)
      while !isInterrupted() {
        if let deadline, monotonicSeconds() >= deadline { break }
        let index = shared.withLock { state -> Int? in
          guard state.problem == nil else { return nil }
          if let count = plan.taskCount, state.nextTask >= count { return nil }
          state.nextTask += 1
          return state.nextTask - 1
        }
        guard let index else { break }
        let task = plan.task(index)
        do throws(RunError) {
          let result = try worker.perform(task)
          progress.finished(result.statistics, result.failures, task)
          shared.withLock {
            $0.finished[index] = TaskResult(
              task: task, statistics: result.statistics, coverage: result.coverage,
              failures: result.failures, notMeasured: result.notMeasured)
          }
        } catch .interrupted {
          let partial = worker.partial
          shared.withLock {
            $0.finished[index] = TaskResult(
              task: task, statistics: partial.statistics, coverage: partial.coverage,
              failures: partial.failures, notMeasured: nil)
          }
          break
        } catch {
          shared.withLock { if $0.problem == nil { $0.problem = error } }
          break
        }
      }
      worker.shutDown()
    }
    return shared.withLock { gather($0, seconds: monotonicSeconds() - start) }
  }

  private func gather(_ shared: Shared, seconds: Double) -> RunResult {
    var result = RunResult()
    result.problem = shared.problem
    result.wasInterrupted = isInterrupted()
    result.seconds = seconds
    for index in shared.finished.keys.sorted() {
      guard let task = shared.finished[index] else { continue }
      result.statistics.add(task.statistics)
      result.coverage.add(task.coverage)
      let part = result.parts.firstIndex {
        $0.scenario == task.task.scenario.name && $0.target == task.task.target
      }
      if let part {
        result.parts[part].statistics.add(task.statistics)
      } else {
        result.parts.append(
          RunPart(
            scenario: task.task.scenario.name, target: task.task.target,
            statistics: task.statistics, notMeasured: task.notMeasured))
      }
      for failure in task.failures { merge(failure, into: &result.failures) }
    }
    return result
  }

  private func merge(_ failure: FailureEntry, into entries: inout [FailureEntry]) {
    let same = entries.firstIndex {
      $0.name == failure.name && $0.scenario == failure.scenario && $0.target == failure.target
        && $0.subject == failure.subject
    }
    if let same {
      entries[same].occurrences += failure.occurrences
    } else {
      entries.append(failure)
    }
  }
}

/// Whether the user asked for the end (SIGINT or SIGTERM).
func isInterrupted() -> Bool { clinux_interrupted() != 0 }

/// One worker: its targets and sessions, kept from task to task.
private struct Worker {
  let plan: RunPlan
  let targets: TargetFactory
  let failures: FailureStore
  private var open: [TargetKind: any Target] = [:]

  /// What the task in progress had found when it was interrupted.
  var partial: (statistics: RunStatistics, coverage: Coverage, failures: [FailureEntry]) = (
    RunStatistics(), Coverage(), []
  )

  init(plan: RunPlan, targets: TargetFactory, failures: FailureStore) {
    self.plan = plan
    self.targets = targets
    self.failures = failures
  }

  struct Result {
    var statistics: RunStatistics
    var coverage: Coverage
    var failures: [FailureEntry]
    var notMeasured: String?
  }

  mutating func perform(_ task: RunPlan.Task) throws(RunError) -> Result {
    let target: any Target
    if let existing = open[task.target] {
      target = existing
    } else {
      target = try targets.make(task.target, subject: plan.subject)
      open[task.target] = target
    }
    target.limits = task.scenario.scenario.limits
    let session = try SubjectSession(
      target: target, kind: task.target, scenarioName: task.scenario.name,
      scenario: task.scenario.scenario, subjectName: plan.subject.name)
    if session.crashes.isEmpty {
      return Result(
        statistics: RunStatistics(), coverage: Coverage(), failures: [],
        notMeasured: "its contract promises nothing under the crashes of this scenario")
    }
    var explorer = Explorer(session: session, seed: task.seed)
    explorer.isInterrupted = Harness.isInterrupted
    do throws(RunError) {
      try explorer.run()
    } catch {
      partial = (explorer.statistics, explorer.coverage, [])
      partial.failures = try entries(explorer.failures, task)
      throw error
    }
    return Result(
      statistics: explorer.statistics, coverage: explorer.coverage,
      failures: try entries(explorer.failures, task), notMeasured: nil)
  }

  private func entries(
    _ found: [Failure], _ task: RunPlan.Task
  ) throws(RunError) -> [FailureEntry] {
    var entries: [FailureEntry] = []
    for failure in found {
      entries.append(try failures.keep(failure, scenario: task.scenario, subject: plan.subject))
    }
    return entries
  }

  func shutDown() {
    for kind in TargetKind.allCases { open[kind]?.shutDown() }
  }
}
