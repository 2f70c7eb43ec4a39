import Determinism
import DurabilityModel
import Glibc
import Scenarios
import Subjects

/// Turns the options of `torture run` into a plan.
struct PlanReader {
  let options: Options
  let library: ScenarioLibrary

  /// The plan; errors name the option.
  func plan() throws(RunError) -> RunPlan {
    var plan = RunPlan(
      scenarios: try scenarios(), targets: try targets(), subject: try subject(),
      seed: try seed(), limit: try limit(), jobs: try jobs(),
      namesScenarios: !options.operands.isEmpty, shard: try shard())
    plan.exploration = try exploration()
    plan.variation = try variation(plan.exploration)
    if plan.exploration == .exhaustive, options.values["seeds"] == nil, !options.has("time") {
      plan.limit = .seeds(1)
    }
    if let path = options.values["corpus"] {
      guard plan.exploration == .guided else {
        throw .usage("--corpus goes with --explore guided alone")
      }
      plan.corpus = try CorpusReader.read(path, for: plan)
    }
    if plan.subject.isForeign, plan.targets.contains(.sim) { throw TargetFactory.needsFuse }
    return plan
  }

  private func scenarios() throws(RunError) -> [RunPlan.NamedScenario] {
    let names = options.operands.isEmpty ? library.names : options.operands
    var scenarios: [RunPlan.NamedScenario] = []
    for name in names { scenarios.append(try library.load(name)) }
    guard !scenarios.isEmpty else { throw .usage("no scenario files in \(library.directory)") }
    if let name = options.values["model"] {
      guard let model = PersistenceModelName(rawValue: name) else {
        let known = PersistenceModelName.allCases.map(\.rawValue).joined(separator: ", ")
        throw .usage("--model takes one of \(known), not \"\(name)\"")
      }
      for index in scenarios.indices { scenarios[index].scenario.disk.model = model }
    }
    if let text = options.values["depth"] {
      guard let depth = Int(text), (0...Scenario.greatestDepth).contains(depth) else {
        throw .usage("--depth takes a number from 0 to \(Scenario.greatestDepth), not \"\(text)\"")
      }
      for index in scenarios.indices { scenarios[index].scenario.explosion.depth = depth }
    }
    return scenarios
  }

  private func targets() throws(RunError) -> [TargetKind] {
    var targets: [TargetKind] = []
    for word in (options.values["target"] ?? "fuse").split(separator: ",") {
      guard let target = TargetKind(rawValue: String(word)) else {
        throw .usage("--target takes sim, fuse or sim,fuse, not \"\(word)\"")
      }
      if !targets.contains(target) { targets.append(target) }
    }
    guard !targets.isEmpty else { throw .usage("--target takes sim, fuse or sim,fuse") }
    return targets
  }

  private func subject() throws(RunError) -> RunPlan.SubjectChoice {
    let recorded = try recordedSubject()
    guard let command = options.values["recover-command"] else { return recorded }
    return .upgraded(recorded, by: try CommandWords.program(command, "--recover-command"))
  }

  private func recordedSubject() throws(RunError) -> RunPlan.SubjectChoice {
    if let command = options.values["subject-command"] {
      guard options.values["subject"] == nil else {
        throw .usage("--subject and --subject-command exclude each other")
      }
      return .command(try CommandWords.program(command, "--subject-command"))
    }
    let name = options.values["subject"] ?? "reference"
    guard SubjectRegistry.entry(name) != nil || DatabaseSetting.named(name) != nil else {
      throw SubjectRegistry.unknown(name)
    }
    return .builtIn(name)
  }

  /// How mounts are made.
  func mode() throws(RunError) -> MountMode { try Self.mode(options) }

  /// The value of `--mode`.
  static func mode(_ options: Options) throws(RunError) -> MountMode {
    guard let text = options.values["mode"] else { return .auto }
    guard let mode = MountMode(rawValue: text) else {
      throw .usage("--mode takes direct, cached or auto, not \"\(text)\"")
    }
    return mode
  }

  private func seed() throws(RunError) -> Seed {
    // The one place where chance enters: a run without a seed draws one, and prints it.
    try Self.seed(options) ?? Seed(UInt64.random(in: .min ... .max))
  }

  /// The value of `--seed`, where it was given.
  static func seed(_ options: Options) throws(RunError) -> Seed? {
    guard let text = options.values["seed"] else { return nil }
    guard let seed = Seed(parsing: text) else {
      throw .usage(
        "--seed takes a decimal number, 0x and hex digits, or a commit hash of 40, not \"\(text)\"")
    }
    return seed
  }

  private func limit() throws(RunError) -> RunPlan.Limit {
    try Self.limit(options) ?? .seeds(10)
  }

  /// The value of `--seeds` or `--time`, where one was given.
  static func limit(_ options: Options) throws(RunError) -> RunPlan.Limit? {
    let seeds = try options.count("seeds")
    if let seconds = try options.seconds("time") {
      guard seeds == nil else { throw .usage("--seeds and --time exclude each other") }
      return .seconds(seconds)
    }
    return seeds.map { .seeds($0) }
  }

  private func exploration() throws(RunError) -> ExplorationMode {
    guard let text = options.values["explore"] else { return .random }
    guard let mode = ExplorationMode(rawValue: text) else {
      throw .usage("--explore takes random, guided or exhaustive, not \"\(text)\"")
    }
    return mode
  }

  private func variation(_ mode: ExplorationMode) throws(RunError) -> Variation? {
    guard let text = options.values["variation"] else { return nil }
    guard mode == .random else { throw .usage("--variation and --explore exclude each other") }
    guard let variation = Variation(parsing: text) else {
      throw .usage(
        "--variation takes the text that a report gives, such as "
          + "'guided aim=write,wal-#.log,append,fault-EIO', not \"\(text)\"")
    }
    return variation
  }

  private func jobs() throws(RunError) -> Int { try Self.jobs(options) }

  /// The value of `--jobs`, or one for each processor.
  static func jobs(_ options: Options) throws(RunError) -> Int {
    let jobs = try options.count("jobs") ?? allowedProcessors().count
    guard jobs <= 256 else { throw .usage("--jobs takes at most 256") }
    return jobs
  }

  private func shard() throws(RunError) -> RunPlan.Shard {
    guard let text = options.values["shard"] else {
      return try ShardVariables.shard { getenv($0).map { String(cString: $0) } }
        ?? RunPlan.Shard(index: 1, count: 1)
    }
    let parts = text.split(separator: "/").map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count > 0,
      (1...count).contains(index)
    else { throw .usage("--shard takes I/N with I from 1 to N, not \"\(text)\"") }
    return RunPlan.Shard(index: index, count: count)
  }
}

/// Splits a command as a shell does with words and quotes, and with nothing else.
enum CommandWords {
  /// The words of the program that `option` names, ready to be run from any directory.
  static func program(_ command: String, _ option: String) throws(RunError) -> [String] {
    let words = try split(command)
    guard !words.isEmpty else { throw .usage("\(option) is empty") }
    // The program itself is looked for along PATH unless it has a slash, as a shell does.
    let program = words[0].utf8.contains(UInt8(ascii: "/")) ? absolute(words[0]) : words[0]
    return [program] + words.dropFirst().map(absolute)
  }

  /// A word that names a file from here, as a path that names it from everywhere: a subject's
  /// working directory is its scratch folder.
  private static func absolute(_ word: String) -> String {
    guard !word.isEmpty, !word.hasPrefix("-"), !word.hasPrefix("/"), Files.isFile(word),
      let path = realpath(word, nil)
    else { return word }
    defer { free(path) }
    return String(cString: path)
  }

  /// The words of `command`.
  static func split(_ command: String) throws(RunError) -> [String] {
    var words: [String] = []
    var word = ""
    var isWord = false
    var quote: Character?
    var isEscaped = false
    for character in command {
      if isEscaped {
        word.append(character)
        isEscaped = false
      } else if character == "\\" && quote != "'" {
        (isEscaped, isWord) = (true, true)
      } else if character == quote {
        quote = nil
      } else if quote != nil {
        word.append(character)
      } else if character == "'" || character == "\"" {
        (quote, isWord) = (character, true)
      } else if character.isWhitespace {
        if isWord { words.append(word) }
        (word, isWord) = ("", false)
      } else {
        word.append(character)
        isWord = true
      }
    }
    guard quote == nil, !isEscaped else {
      throw .usage("the command ends inside a quotation: \(command)")
    }
    if isWord { words.append(word) }
    return words
  }
}
