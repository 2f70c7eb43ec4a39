import Determinism
import Scenarios
import Subjects

/// What a run is to do: the command line and the scenario files, read and checked.
struct RunPlan: Sendable {
  /// The scenarios, in the order in which they run.
  var scenarios: [NamedScenario]
  /// The subjects' targets.
  var targets: [TargetKind]
  /// The subject.
  var subject: SubjectChoice
  /// The seed of the first task; the others derive from it.
  var seed: Seed
  /// How long to go on.
  var limit: Limit
  /// How many workers.
  var jobs: Int
  /// Whether the user named the scenarios; otherwise those that the subject cannot run are left
  /// out.
  var namesScenarios = false
  /// Whether damage is tried on subjects that never said they would notice, though nobody named the
  /// scenario.
  var triesUnclaimed = false
  /// Which share of the seeds this machine takes.
  var shard: Shard = Shard(index: 1, count: 1)
  /// How the run chooses what to explore next.
  var exploration = ExplorationMode.random
  /// What earlier runs have shown, for a guided run to go on from.
  var corpus: Corpus?
  /// What every task does otherwise than its seed would; nil for nothing.
  var variation: Variation?

  /// A scenario and the name of its file.
  struct NamedScenario: Sendable {
    var name: String
    var scenario: Scenario
    /// The text of the file, kept beside every failure.
    var source: String
  }

  /// When a run ends.
  enum Limit: Sendable {
    /// After so many seeds of each scenario.
    case seeds(Int)
    /// When no seed is begun any more: so many seconds after the start.
    case seconds(Double)
  }

  /// One of `count` equal shares of the seeds.
  struct Shard: Sendable, Equatable {
    var index: Int
    var count: Int
    /// The environment variable it was read from; nil where the user gave it, or there is one only.
    var variable: String?

    /// What a run says of it at its start.
    var note: String {
      guard count > 1 else { return "" }
      return ", shard \(index)/\(count)" + (variable.map { " (from \($0))" } ?? "")
    }
  }

  /// Which subject runs.
  enum SubjectChoice: Sendable, Equatable {
    /// One that comes with the tool.
    case builtIn(String)
    /// A program that speaks protocol version 1.
    case command([String])
    /// One that another version, a program, recovers.
    indirect case upgraded(SubjectChoice, by: [String])

    /// Whether its code is none of this tool's: a program, or a real database. It runs on a mount
    /// alone, and may do something else each time.
    var isForeign: Bool {
      switch self {
      case .builtIn(let name): DatabaseSetting.named(name) != nil
      case .command, .upgraded: true
      }
    }

    /// The name reports use: for a program its words, without the folders they are in.
    var name: String {
      switch self {
      case .builtIn(let name): name
      case .command(let words):
        words.map { $0.split(separator: "/").last.map(String.init) ?? $0 }.joined(separator: " ")
      case .upgraded(let old, let words): "\(old.name) → \(Self.command(words).name)"
      }
    }

    /// Whether it can live in this process: on the target `sim`.
    var livesInProcess: Bool {
      guard case .builtIn(let name) = self else { return false }
      return SubjectRegistry.entry(name)?.needsMount == false
    }

    /// The options of `torture run` that choose it, as they can be pasted into a shell.
    var shellOptions: String {
      switch self {
      case .builtIn(let name): "--subject \(name)"
      case .command(let words): "--subject-command \(Self.quoted(words.map(Self.quoted)))"
      case .upgraded(let old, let words):
        "\(old.shellOptions) --recover-command \(Self.quoted(words.map(Self.quoted)))"
      }
    }

    private static func quoted(_ words: [String]) -> String {
      "'"
        + words.joined(separator: " ").split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: "'\\''") + "'"
    }

    /// A word as `CommandWords` reads it back; plain where nothing in it means anything to a shell.
    private static func quoted(_ word: String) -> String {
      let isPlain =
        !word.isEmpty
        && word.utf8.allSatisfy { byte in
          (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte) || "-_./=,:+@%".utf8.contains(byte)
        }
      if isPlain { return word }
      var text = "\""
      for character in word {
        if character == "\"" || character == "\\" { text.append("\\") }
        text.append(character)
      }
      return text + "\""
    }
  }

  /// One seed of one scenario on one target.
  struct Task: Sendable {
    var index: Int
    var seed: Seed
    var seedNumber: Int
    var scenario: NamedScenario
    var target: TargetKind
    /// What it does otherwise than its seed would.
    var variation: Variation?
    /// Its place among the tasks of all shards; nil where the seed's number tells.
    var place: Int?
  }

  /// Task `index`: seed by seed, each with every scenario on every target.
  func task(_ index: Int) -> Task {
    let perSeed = scenarios.count * targets.count
    let seedNumber = (index / perSeed) * shard.count + (shard.index - 1)
    let rest = index % perSeed
    return Task(
      index: index, seed: seedNumber == 0 ? seed : seed.derived("seed", seedNumber),
      seedNumber: seedNumber, scenario: scenarios[rest / targets.count],
      target: targets[rest % targets.count], variation: variation)
  }

  /// The place of `task` among the tasks of all shards.
  func place(of task: Task) -> Int {
    if let place = task.place { return place }
    let perSeed = scenarios.count * targets.count
    return task.seedNumber * perSeed + task.index % perSeed
  }

  /// How many tasks there are, or nil when only time limits them.
  var taskCount: Int? {
    guard case .seeds(let seeds) = limit else { return nil }
    let mine = max(0, (seeds - (shard.index - 1) + shard.count - 1) / shard.count)
    return mine * scenarios.count * targets.count
  }
}
