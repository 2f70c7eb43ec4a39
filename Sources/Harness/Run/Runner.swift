import CLinuxShims
import Determinism
import DurabilityModel
import SubjectProtocol

/// What a run came to.
struct RunResult: Sendable {
  var statistics = RunStatistics()
  var coverage = Coverage()
  /// One entry for each cause, with its first example.
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
  /// Where failures of this cause were seen, in the order of the tasks; the first is the example's.
  var places: [Place]

  /// A scenario on a target, and how often the cause was seen there.
  struct Place: Sendable, Equatable {
    var scenario: String
    var target: TargetKind
    var occurrences: Int
  }
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
    var finished: [Int: Worker.Result] = [:]
    var problem: RunError?
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
          progress.finished(result.part.statistics, result.failures, task)
          shared.withLock { $0.finished[index] = result }
        } catch {
          let partial = worker.partial
          shared.withLock {
            if error != .interrupted, $0.problem == nil { $0.problem = error }
            $0.finished[index] = partial
          }
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
      result.statistics.add(task.part.statistics)
      result.coverage.add(task.coverage)
      let part = result.parts.firstIndex {
        $0.scenario == task.part.scenario && $0.target == task.part.target
      }
      if let part {
        result.parts[part].statistics.add(task.part.statistics)
      } else {
        result.parts.append(task.part)
      }
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
    for place in failure.places {
      let known = entries[same].places.firstIndex {
        $0.scenario == place.scenario && $0.target == place.target
      }
      if let known {
        entries[same].places[known].occurrences += place.occurrences
      } else {
        entries[same].places.append(place)
      }
    }
  }
}

/// Whether the user asked for the end (SIGINT or SIGTERM).
func isInterrupted() -> Bool { clinux_interrupted() != 0 }
