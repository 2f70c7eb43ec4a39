import Determinism
import DurabilityModel
import Oracle
import ReferenceStore
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
  /// How much of the reference's source was reached; nil where nobody measured it.
  var sourceCoverage: SourceCoverage?
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
      faultPairs: faultPairs(), recoveryRows: recoveryRows(), openEffects: openEffects(),
      behaviours: discovery,
      timeline: timeline, recordings: recordings(cells, discovery), sourceCoverage: sourceCoverage,
      baseline: baseline,
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
      let names = Report.inOrder(groups.compactMap { examples[$0]?.name }).joined(separator: ", ")
      (verdict, reason) = ("broken", (isKnown ? "known violations only: " : "see ") + names)
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
    var offers: [[UInt64: Offer]] = map.places.map { _ in [:] }
    for (recording, entry) in entries.enumerated() {
      for place in entry.coverage.places {
        for event in CoverageEvent.all where place.reach.reachable & event.bit != 0 {
          offers[place.number][event.bit, default: Offer(first: recording)].count += 1
          if place.reach.unmet & event.bit != 0 { offers[place.number][event.bit]?.unmet += 1 }
        }
      }
    }
    for (number, place) in map.places.enumerated() {
      for event in CoverageEvent.all where map.reach[number].reachable & event.bit != 0 {
        guard let offer = offers[number][event.bit] else {
          preconditionFailure("a cell is reachable because a recording says so")
        }
        let isReached = map.reach[number].reached & event.bit != 0
        let cell = CoverageCell(
          operation: place.operation, role: place.role.name, phase: place.phase.rawValue,
          event: event.name, reached: isReached, recording: offer.first, offered: offer.count,
          why: isReached ? nil : offer.why(event),
          aim: Self.aim(entries[offer.first].recording, place, event))
        cells.append(PlacedCell(cell: cell, place: number, bit: event.bit))
      }
    }
    let keys = cells.map(\.cell.sortKey)
    return cells.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }.map { cells[$0] }
  }

  /// What recordings say of a cell that they could have hit.
  private struct Offer {
    /// The first of them.
    var first: Int
    var count = 0
    /// In how many a fault was planned there whose call did not come.
    var unmet = 0

    /// Why none of them hit it.
    func why(_ event: CoverageEvent) -> String {
      let had = "\(count) recordings had the place"
      guard event.isFault else {
        return had + ", and no state of this kind was among those tried at it"
      }
      guard unmet > 0 else {
        return had + ", and of the faults drawn for them none of this kind fell on it"
      }
      return had + "; in \(unmet) such a fault was planned, and its call did not come: an earlier "
        + "fault of the same life had changed what the subject does"
    }
  }

  /// The command that aims at a cell, first with the seed that could have hit it.
  private static func aim(
    _ recording: Report.Recording, _ place: CoveragePlace, _ event: CoverageEvent
  ) -> String {
    var variation = recording.variation.flatMap { Variation(parsing: $0) } ?? .guided
    if variation.kind == .exhaustive { variation = .guided }
    variation.aims = [Variation.Aim(place: place, event: event)]
    return "torture run \(recording.scenario) \(recording.choice)--target \(recording.target) "
      + "--seed \(recording.seed) --seeds 20 --variation '\(variation.text)'"
  }

  /// Every row of the table, where one was met.
  private func recoveryRows() -> [Report.RecoveryRow]? {
    let met = entries.map(\.coverage.recoveryRows).filter { $0 != 0 }
    guard !met.isEmpty else { return nil }
    return RecoveryReport.Rows.table.enumerated().map { number, text in
      Report.RecoveryRow(
        row: RecoveryLetters.letter(number), met: text,
        recordings: met.count { $0 >> UInt32(number) & 1 == 1 })
    }
  }

  private func openEffects() -> [Report.OpenEffect]? {
    let effects = OutcomeKind.all.map { kind in
      Report.OpenEffect(
        kind: kind.name,
        present: entries.count { $0.coverage.outcomes.contains(kind.present) },
        absent: entries.count { $0.coverage.outcomes.contains(kind.absent) })
    }.filter { $0.present + $0.absent > 0 }
    return effects.isEmpty ? nil : effects
  }

  private static func text(_ outcomes: OutcomeSet) -> String? {
    outcomes.isEmpty ? nil : String(outcomes.rawValue, radix: 16)
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
      func bits(_ events: (Coverage.Reach) -> UInt64) -> String {
        var members: [Int] = []
        for place in entry.coverage.places {
          for (bit, cell) in index[place.number] ?? [] where events(place.reach) & bit != 0 {
            members.append(cell)
          }
        }
        return IndexText.bits(members, count: cells.count)
      }
      recording.recoveryRows = RecoveryLetters.text(entry.coverage.recoveryRows)
      recording.openEffects = Self.text(entry.coverage.outcomes)
      recording.cells = bits { $0.reached }
      recording.offered = bits { $0.reachable & ~$0.reached }
      let unmet = bits { $0.unmet & $0.reachable }
      recording.unmet = unmet.utf8.allSatisfy { $0 == UInt8(ascii: "0") } ? nil : unmet
      recording.behaviours = IndexText.gaps(
        entry.coverage.behaviours.compactMap { behaviours[$0] })
      return recording
    }
  }
}
