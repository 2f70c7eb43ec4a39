/// One workload of the laboratory: what it does call by call, and how its outcome is named.
struct Workload: Sendable {
  /// Its name in the data file.
  var name: String
  /// What stands on the disk, durably, before it begins.
  var setup: @Sendable (Laboratory) throws -> Void
  /// The calls.
  var run: @Sendable (Laboratory) throws -> Void
  /// What is seen after a crash at which the marks `done` had been placed.
  var observe: @Sendable (CrashView, Marks) -> Outcome
}

/// What was seen after one crash.
struct Outcome: Hashable, Sendable {
  /// The laboratory's name for it.
  var name: String
  /// The rules it breaks, by the laboratory's names; those that begin with "(info)" are none.
  var flags: [String] = []
}

/// The marks that a workload had placed when the power went.
struct Marks: Hashable, Sendable {
  /// Their names, in the order they were placed.
  private(set) var names: [String] = []

  /// Places one more.
  mutating func place(_ name: String) { names.append(name) }

  /// Whether a mark was placed.
  func contains(_ name: String) -> Bool { names.contains(name) }

  /// The highest number of a mark that is `letter` and a number; 0 where there is none.
  func highest(_ letter: Character) -> Int {
    names.compactMap { $0.first == letter ? Int($0.dropFirst()) : nil }.max() ?? 0
  }

  /// The last syncfs returned.
  var isAllSynced: Bool { contains("allsynced") }

  /// The stage as the data file names it (its `stages`).
  var stage: String {
    if isAllSynced { return "post" }
    if highest("s") > 0 || contains("bs") || contains("ds") { return "synced" }
    return highest("u") > 0 ? "after-unrelated-fsync" : "pre"
  }
}
