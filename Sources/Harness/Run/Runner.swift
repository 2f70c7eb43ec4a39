import CLinuxShims
import Determinism
import DurabilityModel
import SubjectProtocol

/// What a run came to.
struct RunResult: Sendable {
  /// What each task came to, in the order of the tasks.
  var tasks: [TaskResult] = []
  /// The places of the fault space that the tasks saw.
  var map = CoverageMap()
  /// One entry for each cause, with its first example.
  var failures: [FailureEntry] = []
  /// Why the run could not be made or went wrong; nil where it did not.
  var problem: RunError?
  var wasInterrupted = false
  var seconds = 0.0
}

/// What one task came to: a seed of a scenario on a target.
struct TaskResult: Sendable {
  var task: RunPlan.Task
  var part: RunPart
  var coverage: RecordedCoverage
  var failures: [FailureEntry]
  /// When it ended, in seconds since the start of the run.
  var endedAt: Double
}

extension RunResult {
  /// Seconds since the start and distinct crash states by then, at most so many points.
  func timeline(points: Int) -> [[Double]] {
    var sum = 0
    let all = tasks.sorted { $0.endedAt < $1.endedAt }.map { task in
      sum += task.part.statistics.distinctCrashStates
      return [(task.endedAt * 10).rounded() / 10, Double(sum)]
    }
    let step = max(1, (all.count + points - 1) / points)
    return all.indices.filter { ($0 + 1).isMultiple(of: step) || $0 + 1 == all.count }
      .map { all[$0] }
  }
}

/// What one seed of a scenario did on one target.
struct RunPart: Sendable {
  var statistics = RunStatistics()
  /// Why nothing was measured here; nil where something was.
  var notMeasured: String?
  /// The subject cannot do what the scenario is about.
  var isBeyondSubject = false
  /// The kinds of crash that were tried.
  var crashes: Set<Contract.Crash> = []
}

/// A violation of a run: an example kept in a directory, and how often it was seen.
struct FailureEntry: Sendable {
  var name: String
  var allNames: [String]
  var seed: Seed
  /// What the task did otherwise than its seed would; nil for nothing.
  var variation: Variation?
  var scenario: String
  var subject: String
  var target: TargetKind
  var crash: String
  var explanation: [String]
  var directory: String
  var occurrences: Int
  /// The persistence model it was found under.
  var model: PersistenceModelName
  /// The models under which it happens, as far as they were tried, and the weakest of them.
  var models: WeakestModel?
  var confirmed: String
  /// What it hangs on.
  var cause: FailureCause
}

/// Runs a plan on its workers and gathers what they find, in the order of the tasks.
struct Runner: Sendable {
  let plan: RunPlan
  let targets: TargetFactory
  let failures: FailureStore
  let progress: ProgressPrinter

  /// What the workers share.
  private struct Shared {
    let plan: RunPlan
    var queue: TaskQueue
    /// The tasks that have ended, by their places among all tasks.
    var finished: [Int: TaskResult] = [:]
    var map: CoverageMap
    var problem: RunError?
    /// No task is begun any more.
    var isOver = false
    /// Whether anything was measured so far, and the places of those tasks of a plan without an end
    /// that nothing could be measured in: once that is every scenario, more seeds do not help.
    private var isMeasured = false
    private var unmeasured: Set<[String]> = []

    init(_ plan: RunPlan, _ slice: Range<Int>?, map: CoverageMap) {
      self.plan = plan
      self.map = map
      queue = TaskQueue(plan, slice)
    }

    /// The next task; nil while there is none before another has ended.
    mutating func next() -> NextTask? {
      if isOver || problem != nil || isInterrupted() { return .done }
      switch queue.next() {
      case .task(let task): return .task(task)
      case .done: return .done
      case .wait: return nil
      }
    }

    mutating func finish(_ task: RunPlan.Task, _ result: Worker.Result, at seconds: Double) {
      finished[plan.place(of: task)] = TaskResult(
        task: task, part: result.part, coverage: map.add(result.coverage),
        failures: result.failures, endedAt: seconds)
      queue.finished(task, result.coverage, places: result.singleFaults)
      guard case .seconds = plan.limit, !isMeasured else { return }
      isMeasured = result.part.notMeasured == nil
      unmeasured.insert([task.scenario.name, task.target.rawValue])
      if !isMeasured, unmeasured.count == plan.scenarios.count * plan.targets.count {
        isOver = true
      }
    }
  }

  /// Runs until the plan is done, its time is up, or the user interrupts.
  func run() -> RunResult { run(nil, after: RunResult()) }

  /// Runs the tasks of `slice`, for a random plan, and adds what they come to to `earlier`: what
  /// other tasks of the same plan came to. Without a slice it runs all tasks.
  func run(_ slice: Range<Int>?, after earlier: RunResult) -> RunResult {
    let start = monotonicSeconds() - earlier.seconds
    let shared = Lock(Shared(plan, slice, map: earlier.map))
    let deadline: Double? =
      if case .seconds(let seconds) = plan.limit { start + seconds } else { nil }
    onThreads(plan.jobs, pinned: true) { _ in
      var worker = Worker(plan: plan, targets: targets, failures: failures)
      while !isInterrupted() {
        let next = shared.waitFor { state -> NextTask? in
          if let deadline, monotonicSeconds() >= deadline { state.isOver = true }
          return state.next()
        }
        guard case .task(let task) = next else { break }
        do throws(RunError) {
          let result = try worker.perform(task)
          let cells = shared.withLock { state in
            state.finish(task, result, at: monotonicSeconds() - start)
            return state.map.reachedCount
          }
          shared.changed()
          progress.finished(result.part.statistics, result.failures, task, cells: cells)
        } catch {
          let partial = worker.partial
          shared.withLock {
            if error != .interrupted, $0.problem == nil { $0.problem = error }
            $0.isOver = true
            $0.finish(task, partial, at: monotonicSeconds() - start)
          }
          break
        }
      }
      shared.withLock { $0.isOver = true }
      shared.changed()
      worker.shutDown()
    }
    return shared.withLock { gather($0, after: earlier, seconds: monotonicSeconds() - start) }
  }

  private func gather(_ shared: Shared, after earlier: RunResult, seconds: Double) -> RunResult {
    var result = earlier
    result.problem = earlier.problem ?? shared.problem
    result.wasInterrupted = isInterrupted()
    result.seconds = seconds
    result.map = shared.map
    for index in shared.finished.keys.sorted() {
      guard let task = shared.finished[index] else { continue }
      result.tasks.append(task)
      for failure in task.failures { merge(failure, into: &result.failures) }
    }
    return result
  }

  /// One entry for each cause: a hundred seeds with one bug are one entry, with the first of them
  /// as its example.
  private func merge(_ failure: FailureEntry, into entries: inout [FailureEntry]) {
    let same = entries.firstIndex {
      $0.cause.group == failure.cause.group && $0.subject == failure.subject
    }
    guard let same else {
      entries.append(failure)
      return
    }
    entries[same].occurrences += failure.occurrences
    entries[same].allNames = Report.inOrder(entries[same].allNames + failure.allNames)
  }
}

/// Whether the user asked for the end (SIGINT or SIGTERM).
func isInterrupted() -> Bool { clinux_interrupted() != 0 }
