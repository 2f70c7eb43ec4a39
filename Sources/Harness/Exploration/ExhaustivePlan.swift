/// Every fault of a scenario at every place of a seed's lives, one at a time and in order.
///
/// For each seed, scenario and target the first task has no fault: it tells the places. The others
/// have one fault each, in the life in which its place is. The run ends when all are done; with
/// `--seeds N` so many workloads are gone through.
struct ExhaustivePlan: Sendable {
  private let plan: RunPlan
  /// The places of the seeds that are begun, each with its tasks.
  private var parts: [Part] = []
  private var made = 0

  private struct Part: Sendable {
    var first: RunPlan.Task
    /// The faults; nil until the task without any has ended.
    var faults: [Variation.SingleFault]?
    var handedOut = 0
    /// Its number among the parts of all shards.
    var number: Int
  }

  /// So many tasks a part has at most in the numbers that name them.
  private static let stride = 1_000_000

  init(_ plan: RunPlan) { self.plan = plan }

  /// The next task.
  mutating func next() -> NextTask {
    for index in parts.indices {
      guard let faults = parts[index].faults, parts[index].handedOut < faults.count
      else { continue }
      var task = parts[index].first
      task.variation = Variation(kind: .exhaustive)
      task.variation?.single = faults[parts[index].handedOut]
      parts[index].handedOut += 1
      precondition(parts[index].handedOut < Self.stride, "a seed's lives have so few places")
      return .task(numbered(task, parts[index].number * Self.stride + parts[index].handedOut))
    }
    let limit = plan.taskCount ?? .max
    let open = parts.count { $0.faults == nil }
    if parts.count < limit, open < Self.ahead {
      var task = plan.task(parts.count)
      task.variation = Variation(kind: .exhaustive)
      let number = plan.place(of: task)
      parts.append(Part(first: task, number: number))
      return .task(numbered(task, number * Self.stride))
    }
    return parts.contains { $0.faults == nil } ? .wait : .done
  }

  /// So many parts may be looked through at once.
  private static let ahead = 64

  private mutating func numbered(_ task: RunPlan.Task, _ place: Int) -> RunPlan.Task {
    var task = task
    task.index = made
    task.place = place
    made += 1
    return task
  }

  /// A task has ended; one without a fault tells `places`.
  mutating func finished(_ task: RunPlan.Task, _ places: [Variation.SingleFault]) {
    guard task.variation?.single == nil, let place = task.place else { return }
    guard let index = parts.firstIndex(where: { $0.number == place / Self.stride }) else {
      preconditionFailure("a task that has ended was begun")
    }
    parts[index].faults = places
  }
}
