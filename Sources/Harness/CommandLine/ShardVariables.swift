/// Reads the shard of a run from the variables that job arrays and CI matrices set.
///
/// Seeds are independent, so every member of an array may take every N-th one. Where a system tells
/// the index and not the count (Kubernetes, GNU parallel), `TORTURE_SHARDS` gives the count;
/// without it the run is a whole one. `--shard 1/1` turns all of this off.
enum ShardVariables {
  /// One system: its variables and the number of its first member.
  struct System: Sendable {
    var name: String
    var index: String
    /// Nil where `TORTURE_SHARDS` must say it.
    var count: String?
    var first: Int
    /// The variable that says what the first index is, where that is free to choose.
    var firstVariable: String?
  }

  /// The systems, in the order in which they are looked for: a matrix within an array is asked
  /// first.
  static let systems: [System] = [
    System(name: "any", index: "TORTURE_SHARD", count: "TORTURE_SHARDS", first: 1),
    System(name: "GitLab", index: "CI_NODE_INDEX", count: "CI_NODE_TOTAL", first: 1),
    System(name: "CircleCI", index: "CIRCLE_NODE_INDEX", count: "CIRCLE_NODE_TOTAL", first: 0),
    System(
      name: "Buildkite", index: "BUILDKITE_PARALLEL_JOB", count: "BUILDKITE_PARALLEL_JOB_COUNT",
      first: 0),
    System(
      name: "Azure Pipelines", index: "SYSTEM_JOBPOSITIONINPHASE",
      count: "SYSTEM_TOTALJOBSINPHASE", first: 1),
    System(
      name: "Semaphore", index: "SEMAPHORE_JOB_INDEX", count: "SEMAPHORE_JOB_COUNT", first: 1),
    System(
      name: "Slurm", index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT", first: 0,
      firstVariable: "SLURM_ARRAY_TASK_MIN"),
    System(name: "Kubernetes", index: "JOB_COMPLETION_INDEX", count: nil, first: 0),
    System(name: "GNU parallel", index: "PARALLEL_SEQ", count: nil, first: 1),
  ]

  /// The shard that the environment `value` tells; nil where it tells none, or one of one.
  static func shard(_ value: (String) -> String?) throws(RunError) -> RunPlan.Shard? {
    for system in systems {
      guard let indexText = value(system.index),
        let countText = value(system.count ?? "TORTURE_SHARDS")
      else { continue }
      let first = system.firstVariable.flatMap(value).flatMap { Int($0) } ?? system.first
      guard let index = Int(indexText), let count = Int(countText), count > 0,
        (0..<count).contains(index - first)
      else {
        throw .usage(
          "\(system.index)=\(indexText) of \(countText) names no shard: give --shard I/N, or "
            + "--shard 1/1 for all seeds")
      }
      if count == 1 { continue }
      return RunPlan.Shard(index: index - first + 1, count: count, variable: system.index)
    }
    return nil
  }
}
