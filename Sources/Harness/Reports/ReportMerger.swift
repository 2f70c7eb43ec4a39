import DurabilityModel

/// Makes one report of several: of the shards of a run, or of runs on other machines.
///
/// Merging is associative, and the order of the reports does not matter but for which of two equal
/// examples is kept: equal recordings count once, everything else is computed anew from the
/// recordings (`ReportParts`).
struct ReportMerger {
  private var entries: [ReportParts.Entry] = []
  private var index: [[String]: Int] = [:]
  private var map = CoverageMap()
  private var examples: [String: (task: Int, violation: Report.Violation)] = [:]

  /// The report that `reports` make together; each comes with its name for complaints.
  static func merge(_ reports: [(name: String, report: Report)]) throws(RunError) -> Report {
    guard let first = reports.first?.report else { throw .usage("there is no report to merge") }
    var merger = ReportMerger()
    for (name, report) in reports { try merger.add(report, name) }
    merger.entries.sort { Report.Recording.isBefore($0.recording, $1.recording) }
    for entry in merger.entries { merger.map.add(entry.coverage) }
    return ReportParts(
      entries: merger.entries, map: merger.map,
      examples: merger.examples.mapValues(\.violation),
      canaries: unique(reports.flatMap(\.report.canaries)) { [$0.name, $0.target] },
      regressions: unique(reports.flatMap(\.report.regressions)) { [$0.name, $0.target] },
      baseSeed: unique(reports.map(\.report.baseSeed)) { [$0] }.joined(separator: ","),
      seconds: reports.reduce(0) { $0 + $1.report.durationSeconds },
      interrupted: reports.contains(where: \.report.interrupted),
      problem: reports.lazy.compactMap(\.report.problem).first, environment: first.environment,
      sourceCoverage: reports.lazy.compactMap(\.report.sourceCoverage).first,
      assumptions: unique(reports.flatMap { assumptions($0.report) }) { [$0] }
    ).report()
  }

  /// What a report assumes beside what its recordings say.
  private static func assumptions(_ report: Report) -> [String] {
    let derived = report.recordings.compactMap(\.leftOutLine)
    return report.assumptions.filter { !derived.contains($0) }
  }

  private static func unique<Element>(
    _ elements: [Element], by key: (Element) -> [String]
  ) -> [Element] {
    var seen: Set<[String]> = []
    return elements.filter { seen.insert(key($0)).inserted }
  }

  private mutating func add(_ report: Report, _ name: String) throws(RunError) {
    let pairs = Set(report.faultPairs)
    let reader = try ReportCoverage(report, name)
    for (number, recording) in report.recordings.enumerated() {
      let coverage = RecordedCoverage(
        places: try reader.places(of: number).map { place, reach in
          RecordedCoverage.Place(number: map.number(of: place), reach: reach)
        }, behaviours: try reader.behaviours(of: number),
        // Which recording showed a pair is not kept; that one did is.
        faultPairs: number == 0 ? pairs : [],
        recoveryRows: try reader.recoveryRows(of: number),
        outcomes: try reader.outcomes(of: number))
      add(ReportParts.Entry(recording: recording, coverage: coverage))
    }
    keepExamples(of: report)
  }

  /// Adds a recording, or completes the equal one that is there.
  private mutating func add(_ entry: ReportParts.Entry) {
    guard let known = index[entry.recording.identity] else {
      index[entry.recording.identity] = entries.count
      entries.append(entry)
      return
    }
    // One that was interrupted has not counted its seed.
    if entries[known].recording.numbers.seeds < entry.recording.numbers.seeds {
      entries[known].recording = entry.recording
      entries[known].coverage.behaviours = entry.coverage.behaviours
    }
    entries[known].coverage.unite(entry.coverage.places)
    entries[known].coverage.recoveryRows |= entry.coverage.recoveryRows
    entries[known].coverage.outcomes.formUnion(entry.coverage.outcomes)
    entries[known].coverage.faultPairs.formUnion(entry.coverage.faultPairs)
  }

  /// Of each cause, the example from the recording that comes first.
  private mutating func keepExamples(of report: Report) {
    for violation in report.violations {
      let task =
        report.recordings.first { recording in
          recording.violations.contains { $0.group == violation.group }
        }?.task ?? .max
      if let known = examples[violation.group], known.task <= task { continue }
      examples[violation.group] = (task, violation)
    }
  }
}
