/// How a run chooses what to explore next.
enum ExplorationMode: String, Sendable, CaseIterable {
  /// A fresh seed for each task: whatever was seen before decides nothing.
  case random
  /// Seeds that showed something new are kept and varied, and places that were never hit are aimed
  /// at (`GuidedPlan`).
  case guided
  /// Every fault of the scenario at every place of a seed's lives, one each (`ExhaustivePlan`).
  case exhaustive
}

/// What a worker is to do.
enum NextTask: Sendable {
  case task(RunPlan.Task)
  /// Nothing before another task has ended.
  case wait
  /// Nothing any more.
  case done
}

/// The tasks of a run, in the order in which its mode hands them out.
///
/// Which tasks there are, and in which order, never depends on the number of workers or on time.
struct TaskQueue: Sendable {
  private var source: Source

  private enum Source: Sendable {
    case random(RandomPlan)
    case guided(GuidedPlan)
    case exhaustive(ExhaustivePlan)
  }

  /// The tasks of `plan`; of a random one with a `slice` those alone.
  init(_ plan: RunPlan, _ slice: Range<Int>? = nil) {
    precondition(slice == nil || plan.exploration == .random, "only fresh seeds come in slices")
    source =
      switch plan.exploration {
      case .random: .random(RandomPlan(plan: plan, slice))
      case .guided: .guided(GuidedPlan(plan))
      case .exhaustive: .exhaustive(ExhaustivePlan(plan))
      }
  }

  /// The next task.
  mutating func next() -> NextTask {
    switch source {
    case .random(var plan):
      defer { source = .random(plan) }
      return plan.next()
    case .guided(var plan):
      // Moved out and in: the corpus is not copied.
      source = .random(RandomPlan.none)
      defer { source = .guided(plan) }
      return plan.next()
    case .exhaustive(var plan):
      source = .random(RandomPlan.none)
      defer { source = .exhaustive(plan) }
      return plan.next()
    }
  }

  /// A task has ended, with what it covered and the faults that its lives would have taken.
  mutating func finished(
    _ task: RunPlan.Task, _ coverage: Coverage, places: [Variation.SingleFault]
  ) {
    switch source {
    case .random: break
    case .guided(var plan):
      source = .random(RandomPlan.none)
      defer { source = .guided(plan) }
      plan.finished(task, coverage)
    case .exhaustive(var plan):
      source = .random(RandomPlan.none)
      defer { source = .exhaustive(plan) }
      plan.finished(task, places)
    }
  }
}

/// One fresh seed after the other.
struct RandomPlan: Sendable {
  private let plan: RunPlan?
  private let end: Int
  private var cursor: Int

  static let none = RandomPlan(plan: nil)

  init(plan: RunPlan?, _ slice: Range<Int>? = nil) {
    self.plan = plan
    cursor = slice?.lowerBound ?? 0
    end = slice?.upperBound ?? plan?.taskCount ?? .max
  }

  /// The next task.
  mutating func next() -> NextTask {
    guard let plan, cursor < end else { return .done }
    cursor += 1
    return .task(plan.task(cursor - 1))
  }
}
