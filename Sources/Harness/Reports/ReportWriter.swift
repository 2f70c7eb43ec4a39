import FoundationEssentials

/// Writes a report's files: each is there whole or not at all.
struct ReportWriter {
  let report: Report

  /// So many violations are shown with their schedules; the rest lead to their directories.
  private static let exhibitLimit = 30
  private static let names = ["report.json", "summary.md", "junit.xml", "report.html"]

  /// Removes what an earlier run wrote into `directory`: should this one come to nothing, nobody
  /// takes the old report for its own.
  static func clear(_ directory: String) {
    for name in names { Files.remove(directory + "/" + name) }
    // By one rename: whoever is killed here leaves no half of an old failure.
    let old = directory + "/.old-failures"
    Files.remove(old)
    try? Files.move(directory + "/failures", to: old)
    Files.remove(old)
  }

  /// Writes `report.json`, `summary.md`, `junit.xml` and `report.html` into `directory`, all of
  /// them or none.
  func write(to directory: String) throws(RunError) {
    do throws(RunError) {
      try writeAll(to: directory)
    } catch {
      for name in Self.names { Files.remove(directory + "/" + name) }
      throw error
    }
  }

  private func writeAll(to directory: String) throws(RunError) {
    try Files.makeDirectory(directory)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let json: Data
    do {
      json = try encoder.encode(report)
    } catch {
      throw .harness("the report cannot be encoded: \(error)")
    }
    try Files.write(json, to: directory + "/report.json")
    try Files.write(summary, to: directory + "/summary.md")
    try Files.write(junit, to: directory + "/junit.xml")
    var exhibits: [String: Exhibit] = [:]
    for violation in report.violations.prefix(Self.exhibitLimit) {
      exhibits[violation.directory] = Exhibit(violation.directory)
    }
    try Files.write(
      HTMLReport(report: report, exhibits: exhibits).text, to: directory + "/report.html")
  }

  /// The summary for a CI job's page, in Markdown.
  var summary: String {
    var lines = ["# \(headline)", "", report.summaryLine, ""]
    if let problem = report.problem { lines += ["Stopped: \(problem)", ""] }
    if report.interrupted { lines += ["Interrupted: this is what was done so far.", ""] }
    lines += [
      "| scenario | target | verdict | crash states | distinct | seeds |",
      "|---|---|---|---|---|---|",
    ]
    for verdict in report.verdicts {
      lines.append(
        "| \(verdict.scenario) | \(verdict.target) | \(verdict.verdict): \(verdict.reason) | "
          + "\(verdict.crashStates) | \(verdict.distinctCrashStates) | \(verdict.seeds) |")
    }
    for violation in report.violations {
      lines += [
        "", "## \(violation.name)" + (violation.isKnown ? " (known)" : ""), "",
        "\(violation.subject), scenario \(violation.scenario), target \(violation.target), seed "
          + "\(violation.seed), \(violation.crashPoint), seen \(violation.occurrences) times", "",
        "Cause: \(violation.cause). Seen in \(violation.placesText).", "",
      ]
      lines += violation.explanation.map { "- \($0)" }
      lines += ["", "    torture replay \(violation.directory)"]
    }
    if let baseline = report.baseline {
      lines += [""] + baseline.lines(new: report.newViolations.count).map { "- " + $0 }
    }
    if !report.canaries.isEmpty {
      lines += [
        "",
        "Planted bugs: \(report.canaries.count { $0.caught }) of "
          + "\(report.canaries.count) caught.",
      ]
    }
    if !report.regressions.isEmpty {
      lines += [
        "",
        "Regressions: \(report.regressions.count { $0.passes }) of "
          + "\(report.regressions.count) as they must be.",
      ]
      lines += report.regressions.filter { !$0.passes }.map {
        "- \($0.name) on \($0.target), must be \($0.expected): \($0.found)"
      }
    }
    lines += [
      "", "Coverage: \(report.coverage.reached) of \(report.coverage.reachable) reachable cells.",
      "\(report.behaviours.seen) behaviours; \(report.behaviours.text).", "",
    ]
    let missed = report.coverage.cells.filter { !$0.reached }
    if !missed.isEmpty {
      lines += ["<details><summary>Never hit: \(missed.count) cells</summary>", ""]
      lines += missed.map {
        "- \($0.operation) `\($0.role)` in \($0.phase): \($0.event)"
          + ($0.why.map { ": " + $0 } ?? "") + " (`\($0.aim)`)"
      }
      lines += ["", "</details>", ""]
    }
    if let source = report.sourceCoverage { lines += [source.line, ""] }
    if let rows = report.recoveryRows {
      let missed = rows.filter { $0.recordings == 0 }.map(\.row)
      lines += [
        "Recovery table: \(rows.count - missed.count) of \(rows.count) rows met"
          + (missed.isEmpty ? "." : ", not \(missed.joined(separator: ", "))."), "",
      ]
    }
    if let effects = report.openEffects {
      let both = effects.count { $0.present > 0 && $0.absent > 0 }
      lines += [
        "Effects that a crash left open: \(both) of \(effects.count) kinds seen both there and "
          + "gone.", "",
      ]
    }
    lines += ["Assumed:", ""]
    lines += report.assumptions.map { "- \($0)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The verdict of the whole run in a few words.
  var headline: String {
    if !report.newViolations.isEmpty { return "Broken: \(report.newViolations.count) violations" }
    if report.regressions.contains(where: \.isViolation) { return "Broken: a regression" }
    if !report.provesItself { return "Harness broken: a planted bug escaped" }
    if report.problem != nil { return "Not finished" }
    if report.exitStatus != 0 { return "Not measured" }
    if !report.violations.isEmpty {
      return "Nothing new: \(report.violations.count) known violations"
    }
    return "Held: nothing promised was lost in \(report.distinctCrashStates) distinct crash states"
  }

  /// One test suite a target, one test case a scenario and canary.
  var junit: String {
    var cases: [String] = []
    for verdict in report.verdicts {
      let name =
        "name=\"\(escape(verdict.scenario))\" "
        + "classname=\"\(escape(verdict.subject)).\(verdict.target)\""
      switch verdict.verdict {
      case "held": cases.append("  <testcase \(name)/>")
      case "broken":
        let broken = report.violations.filter {
          $0.places.contains { $0.scenario == verdict.scenario && $0.target == verdict.target }
        }
        if broken.allSatisfy(\.isKnown) {
          let names = escape(broken.map(\.name).joined(separator: ", "))
          cases.append("  <testcase \(name)><skipped message=\"known: \(names)\"/></testcase>")
          continue
        }
        let texts = broken.filter { !$0.isKnown }.map {
          "\($0.name): torture replay \($0.directory)"
        }
        cases.append(
          "  <testcase \(name)><failure message=\"broken\">"
            + "\(escape(texts.joined(separator: "\n")))</failure></testcase>")
      default:
        cases.append(
          "  <testcase \(name)><error message=\"\(escape(verdict.verdict)): "
            + "\(escape(verdict.reason))\"/></testcase>")
      }
    }
    for canary in report.canaries {
      let name = "name=\"canary \(escape(canary.name))\" classname=\"canaries.\(canary.target)\""
      cases.append(
        canary.caught
          ? "  <testcase \(name)/>"
          : "  <testcase \(name)><failure message=\"escaped\">found "
            + "\(escape(canary.found))</failure></testcase>")
    }
    for regression in report.regressions {
      let name =
        "name=\"regression \(escape(regression.name))\" "
        + "classname=\"regressions.\(regression.target)\""
      cases.append(
        regression.passes
          ? "  <testcase \(name)/>"
          : "  <testcase \(name)><failure message=\"must be \(escape(regression.expected))\">"
            + "\(escape(regression.found))</failure></testcase>")
    }
    if let problem = report.problem {
      cases.append(
        "  <testcase name=\"run\" classname=\"torture\"><error message=\"\(escape(problem))\"/>"
          + "</testcase>")
    }
    let failures = cases.count { $0.contains("<failure") }
    let errors = cases.count { $0.contains("<error") }
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <testsuite name="torture" tests="\(cases.count)" failures="\(failures)" errors="\(errors)" \
      time="\(Report.seconds(report.durationSeconds))">
      \(cases.joined(separator: "\n"))
      </testsuite>

      """
  }

  private func escape(_ text: String) -> String { HTMLReport.escape(text) }
}
