import Determinism
import DurabilityModel
import Oracle
import Scenarios

/// What a report is made of: the recordings of one run, or of several.
///
/// A run's own report and one that merges others are made of it by the same code; whatever is a
/// sum, a union or a verdict is computed here, from recordings that are each counted once.
struct ReportParts {
  /// One recording and what it covered.
  struct Entry: Sendable {
    /// Its `cells` and `behaviours` are written when the report is.
    var recording: Report.Recording
    var coverage: RecordedCoverage
  }

  /// In their order, each once.
  var entries: [Entry]
  /// The places that the entries' coverage refers to.
  var map: CoverageMap
  /// An example of each cause, by its group.
  var examples: [String: Report.Violation]
  var canaries: [Report.Canary] = []
  var regressions: [Report.Regression] = []
  var baseSeed: String
  var seconds: Double
  var timeline: [[Double]] = []
  var interrupted: Bool
  var problem: String?
  var environment: Report.Environment
  /// What became of known violations; nil without a baseline.
  var baseline: Report.BaselineReport?
  /// What was assumed, and not tried, whatever the recordings were.
  var assumptions: [String]

  /// The report.
  func report() -> Report {
    let numbers = entries.reduce(into: RunStatistics()) { $0.add($1.recording.numbers) }
    let discovery = Discovery(entries.map(\.coverage.behaviours))
    let cells = cells()
    return Report(
      violations: violations(), verdicts: verdicts(), crashStates: numbers.crashStates,
      distinctCrashStates: numbers.distinctCrashStates, recoveries: numbers.recoveries,
      seeds: numbers.seeds, baseSeed: baseSeed, durationSeconds: seconds,
      interrupted: interrupted, problem: problem, target: distinct(\.target),
      model: distinct(\.model), subjects: each(\.subject),
      coverage: Report.CoverageReport(
        reached: map.reachedCount, reachable: map.reachableCount, cells: cells.map(\.cell)),
      faultPairs: faultPairs(), behaviours: discovery,
      timeline: timeline, recordings: recordings(cells, discovery), baseline: baseline,
      canaries: canaries,
      regressions: regressions,
      activity: Report.Activity(numbers), environment: environment,
      assumptions: assumptions + leftOut())
  }

  /// Every value of `key`, in the order of the recordings.
  private func each(_ key: KeyPath<Report.Recording, String>) -> [String] {
    var seen: [String] = []
    for entry in entries where !seen.contains(entry.recording[keyPath: key]) {
      seen.append(entry.recording[keyPath: key])
    }
    return seen
  }

  private func distinct(_ key: KeyPath<Report.Recording, String>) -> String {
    each(key).joined(separator: ",")
  }

  /// The scenarios that the subject cannot run, a line each.
  private func leftOut() -> [String] {
    var lines: [String] = []
    for entry in entries {
      if let line = entry.recording.leftOutLine, !lines.contains(line) { lines.append(line) }
    }
    return lines
  }
}

// MARK: - Violations and verdicts

extension ReportParts {
  /// One entry for each cause, by its first recording: a hundred seeds with one bug are one entry.
  private func violations() -> [Report.Violation] {
    var violations: [Report.Violation] = []
    var index: [String: Int] = [:]
    for entry in entries {
      for seen in entry.recording.violations {
        let place = Report.Place(
          scenario: entry.recording.scenario, target: entry.recording.target,
          occurrences: seen.occurrences)
        if let known = index[seen.group] {
          violations[known].add(seen, place)
        } else if var example = examples[seen.group] {
          example.allNames = seen.allNames
          example.occurrences = seen.occurrences
          example.places = [place]
          index[seen.group] = violations.count
          violations.append(example)
        }
      }
    }
    return violations
  }

  /// One verdict for each subject, scenario and target.
  private func verdicts() -> [Report.Verdict] {
    var groups: [[String]: [Report.Recording]] = [:]
    var order: [[String]] = []
    for entry in entries where !entry.recording.isLeftOut {
      let recording = entry.recording
      let key = [recording.subject, recording.scenario, recording.target]
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(recording)
    }
    return order.compactMap { groups[$0] }.map(verdict)
  }

  /// *held* only where something was really tried: a run in which nothing was dropped, or no
  /// barrier was ever seen, proves nothing (anchors.md, pitfall 5).
  private func verdict(_ recordings: [Report.Recording]) -> Report.Verdict {
    let numbers = recordings.reduce(into: RunStatistics()) { $0.add($1.numbers) }
    let losesPower = recordings.contains {
      $0.crashes.contains(Self.powerLoss)
    }
    let (verdict, reason): (String, String)
    let groups = recordings.flatMap { $0.violations.map(\.group) }
    if !groups.isEmpty {
      let isKnown = groups.allSatisfy { examples[$0]?.isKnown == true }
      (verdict, reason) = ("broken", isKnown ? "known violations only" : "see violations")
    } else if let why = recordings.lazy.compactMap(\.notMeasured).first {
      (verdict, reason) = ("not measured", why)
    } else if numbers.crashStates == 0 {
      (verdict, reason) = (
        "not measured", problem ?? "no crash state was judged: give it more time"
      )
    } else if losesPower && numbers.barriers + numbers.failedBarriers == 0 {
      (verdict, reason) = ("not measured", "inert: no barrier was ever reached")
    } else if losesPower && numbers.statesWithDrops == 0 {
      (verdict, reason) = ("harness broken", "inert: no unsynced operation was ever dropped")
    } else {
      var what =
        "\(numbers.distinctCrashStates) distinct crash states, \(numbers.statesWithDrops) with "
        + "drops"
      for crash in recordings[0].unpromised {
        what += "; \(crash) not measured: the contract promises nothing there"
      }
      (verdict, reason) = ("held", what)
    }
    return Report.Verdict(
      subject: recordings[0].subject, scenario: recordings[0].scenario,
      target: recordings[0].target, verdict: verdict, reason: reason,
      crashStates: numbers.crashStates, distinctCrashStates: numbers.distinctCrashStates,
      seeds: numbers.seeds)
  }

  private static let powerLoss = "power-loss"
}

extension Report.Violation {
  fileprivate mutating func add(_ seen: Report.Seen, _ place: Report.Place) {
    occurrences += seen.occurrences
    allNames = Report.inOrder(allNames + seen.allNames)
    let known = places.firstIndex {
      $0.scenario == place.scenario && $0.target == place.target
    }
    if let known { places[known].occurrences += place.occurrences } else { places.append(place) }
  }
}

// MARK: - Coverage

extension ReportParts {
  /// A cell with where it stands in the map.
  private struct PlacedCell {
    var cell: CoverageCell
    var place: Int
    var bit: UInt64
  }

  /// Every reachable cell, sorted by its name.
  private func cells() -> [PlacedCell] {
    var cells: [PlacedCell] = []
    var firstReachable: [[UInt64: Int]] = map.places.map { _ in [:] }
    for (recording, entry) in entries.enumerated() {
      for place in entry.coverage.places {
        for event in CoverageEvent.all where place.reach.reachable & event.bit != 0 {
          if firstReachable[place.number][event.bit] == nil {
            firstReachable[place.number][event.bit] = recording
          }
        }
      }
    }
    for (number, place) in map.places.enumerated() {
      for event in CoverageEvent.all where map.reach[number].reachable & event.bit != 0 {
        guard let recording = firstReachable[number][event.bit] else {
          preconditionFailure("a cell is reachable because a recording says so")
        }
        let cell = CoverageCell(
          operation: place.operation, role: place.role.name, phase: place.phase.rawValue,
          event: event.name, reached: map.reach[number].reached & event.bit != 0,
          recording: recording, aim: Self.aim(entries[recording].recording))
        cells.append(PlacedCell(cell: cell, place: number, bit: event.bit))
      }
    }
    let keys = cells.map(\.cell.sortKey)
    return cells.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }.map { cells[$0] }
  }

  /// The command that tries more of the kind.
  private static func aim(_ recording: Report.Recording) -> String {
    "torture run \(recording.scenario) --target \(recording.target) --seed \(recording.seed) "
      + "--seeds 50"
  }

  private func faultPairs() -> [[String]] {
    var pairs: Set<[String]> = []
    for entry in entries { pairs.formUnion(entry.coverage.faultPairs) }
    return pairs.sorted { one, other in
      one.lexicographicallyPrecedes(other) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
  }

  private func recordings(_ cells: [PlacedCell], _ discovery: Discovery) -> [Report.Recording] {
    var index: [Int: [(bit: UInt64, cell: Int)]] = [:]
    for (number, cell) in cells.enumerated() {
      index[cell.place, default: []].append((cell.bit, number))
    }
    var behaviours: [UInt64: Int] = [:]
    for (number, digest) in discovery.digests.enumerated() {
      if let value = UInt64(digest, radix: 16) { behaviours[value] = number }
    }
    return entries.map { entry in
      var recording = entry.recording
      var members: [Int] = []
      for place in entry.coverage.places {
        for (bit, cell) in index[place.number] ?? [] where place.reach.reached & bit != 0 {
          members.append(cell)
        }
      }
      recording.cells = IndexText.bits(members, count: cells.count)
      recording.behaviours = IndexText.gaps(
        entry.coverage.behaviours.compactMap { behaviours[$0] })
      return recording
    }
  }
}
