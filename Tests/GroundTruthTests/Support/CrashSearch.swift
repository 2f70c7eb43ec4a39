import Determinism
@testable import DurabilityModel

/// One place at which the power may go while a workload runs.
struct CrashPoint {
  var disk: Disk
  var marks: Marks
}

/// Finds what a model permits at each stage of a workload.
///
/// Method. The workload runs once on the model. At each crash point every choice that the
/// enumerator lists under generous limits is composed and named by the workload's own naming. What
/// is still wanted then is looked for among `ChoiceFamily`, where `Disk.accepts` decides. Nothing
/// in the search knows what a name means.
struct CrashSearch {
  let workload: Workload
  let parameters: DiskParameters

  /// What was found: by stage, each outcome and how it comes about.
  struct Found {
    private(set) var outcomes: [String: [Outcome: String]] = [:]

    /// How many crash states were looked at.
    private(set) var states = 0

    mutating func add(_ outcome: Outcome, at stage: String, _ witness: @autoclosure () -> String) {
      states += 1
      if outcomes[stage]?[outcome] == nil { outcomes[stage, default: [:]][outcome] = witness() }
    }

    /// The names seen at a stage.
    func names(at stage: String) -> Set<String> {
      Set((outcomes[stage] ?? [:]).keys.map(\.name))
    }

    /// The rules that some outcome at any stage breaks.
    var flags: Set<String> { Set(outcomes.values.flatMap { $0.keys.flatMap(\.flags) }) }
  }

  /// What is wanted: names by stage, and flags at any.
  struct Wanted {
    var names: [String: Set<String>]
    var flags: Set<String> = []

    var isEmpty: Bool { flags.isEmpty && names.values.allSatisfy(\.isEmpty) }

    func isEmpty(at stage: String) -> Bool { flags.isEmpty && names[stage]?.isEmpty ?? true }

    mutating func remove(_ outcome: Outcome, at stage: String) {
      names[stage]?.remove(outcome.name)
      flags.subtract(outcome.flags)
    }
  }

  /// The crash points of the workload under `noise`: before and after every operation, and beside
  /// each mark, since the power may go before the call's return is seen.
  func crashPoints(_ noise: Noise = .none) throws -> [CrashPoint] {
    let lab = Laboratory(parameters)
    try workload.setup(lab)
    try lab.begin(noise)
    var disk = lab.world.disk
    try workload.run(lab)
    try lab.end()
    var points = [CrashPoint(disk: disk, marks: Marks())]
    var marks = Marks()
    var next = 0
    let operations = lab.recording
    for position in 0...operations.count {
      if position > 0 {
        disk.apply(operations[position - 1].operation)
        points.append(CrashPoint(disk: disk, marks: marks))
      }
      while next < lab.marks.count, lab.marks[next].position == position {
        marks.place(lab.marks[next].name)
        next += 1
        points.append(CrashPoint(disk: disk, marks: marks))
      }
    }
    return points
  }

  /// How much of what the enumerator lists is looked at.
  enum Extent {
    /// All of it.
    case wholly
    /// No more once nothing is wanted at a stage.
    case untilFound
  }

  /// Looks at what the enumerator lists at each of `points`.
  func enumerate(
    _ points: [CrashPoint], _ limits: ExplosionLimits, _ extent: Extent, _ found: inout Found,
    _ wanted: inout Wanted
  ) {
    var seen: [Marks: Set<Digest>] = [:]
    for point in points {
      if extent == .untilFound && wanted.isEmpty(at: point.marks.stage) { continue }
      var choices: [PowerLossChoice] = []
      CrashStateEnumerator(disk: point.disk, limits: limits, seed: Seed(1))
        .forEachChoice(onlyNew: false) { choices.append($0) }
      for choice in choices {
        let disk = point.disk.afterPowerLoss(choice)
        guard seen[point.marks, default: []].insert(disk.stateDigest()).inserted else { continue }
        look(disk, point, choice, &found, &wanted)
      }
    }
  }

  /// Looks for what is still wanted among the family of each point, from the last one back.
  func direct(_ points: [CrashPoint], _ found: inout Found, _ wanted: inout Wanted) {
    for part in ChoiceFamily.Part.allCases {
      for point in points.reversed() where !wanted.isEmpty(at: point.marks.stage) {
        let family = ChoiceFamily(point.disk)
        for names in family.names where !wanted.isEmpty(at: point.marks.stage) {
          direct(point, family, part, names, &found, &wanted)
        }
      }
    }
  }

  private func direct(
    _ point: CrashPoint, _ family: ChoiceFamily, _ part: ChoiceFamily.Part, _ names: [Bool],
    _ found: inout Found, _ wanted: inout Wanted
  ) {
    let stage = point.marks.stage
    // Where several files have something pending, each is varied beside nothing and all of the
    // others, and one way for each name so found is combined with those of the others.
    var ways: [[PowerLossChoice.FileChoice]] = []
    for index in family.files.indices {
      var own: [PowerLossChoice.FileChoice] = []
      for keepsOthers in [false, true] where !wanted.isEmpty(at: stage) {
        var named: Set<String> = []
        var files = family.files.map {
          keepsOthers ? family.everything(of: $0) : family.nothing(of: $0)
        }
        // Ways without a torn page come first: a state may have one in all of its files.
        let parts: [ChoiceFamily.Part] =
          part == .tornPage && family.files.count > 1 ? [.wholePages, .tornPage] : [part]
        for part in parts {
          family.forEach(part, of: family.files[index]) { way in
            files[index] = way
            let choice = PowerLossChoice(names: names, files: files)
            if let name = look(point, choice, &found, &wanted), named.insert(name).inserted {
              own.append(way)
            }
            return !wanted.isEmpty(at: stage)
          }
        }
        if family.files.count == 1 { break }
      }
      ways.append(own)
    }
    guard ways.count > 1 else { return }
    combine(point, names, ways[...], [], &found, &wanted)
  }

  private func combine(
    _ point: CrashPoint, _ names: [Bool], _ ways: ArraySlice<[PowerLossChoice.FileChoice]>,
    _ files: [PowerLossChoice.FileChoice], _ found: inout Found, _ wanted: inout Wanted
  ) {
    guard let first = ways.first else {
      _ = look(point, PowerLossChoice(names: names, files: files), &found, &wanted)
      return
    }
    for way in first where !wanted.isEmpty(at: point.marks.stage) {
      combine(point, names, ways.dropFirst(), files + [way], &found, &wanted)
    }
  }

  /// Makes the state of a choice and names it; nil where the choice is none that is permitted.
  private func look(
    _ point: CrashPoint, _ choice: PowerLossChoice, _ found: inout Found, _ wanted: inout Wanted
  ) -> String? {
    guard point.disk.accepts(choice) else { return nil }
    return look(point.disk.afterPowerLoss(choice), point, choice, &found, &wanted)
  }

  @discardableResult
  private func look(
    _ disk: Disk, _ point: CrashPoint, _ choice: PowerLossChoice, _ found: inout Found,
    _ wanted: inout Wanted
  ) -> String {
    let outcome = workload.observe(CrashView(disk: disk), point.marks)
    found.add(outcome, at: point.marks.stage, choice.text)
    wanted.remove(outcome, at: point.marks.stage)
    return outcome.name
  }
}
