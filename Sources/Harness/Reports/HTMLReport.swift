/// `report.html`: one page that works from a file, without a network, light and dark.
struct HTMLReport {
  let report: Report

  /// The page.
  var text: String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>torture: \(Self.escape(headline))</title>
    <style>
    :root { color-scheme: light dark; --line: #8886; --bad: #c22; --good: #287a3c; }
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
    table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
    th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left; }
    pre { white-space: pre-wrap; padding: .6rem; border: 1px solid var(--line); }
    code, pre, li { overflow-wrap: anywhere; }
    .broken { color: var(--bad); } .held { color: var(--good); }
    .cell { display: inline-block; width: .8rem; height: .8rem; background: var(--good); }
    .cell.no { background: none; border: 1px solid var(--bad); box-sizing: border-box; }
    </style></head><body>
    <h1 class="\(report.newViolations.isEmpty ? "held" : "broken")">\(Self.escape(headline))</h1>
    <p>\(Self.escape(report.summaryLine))</p>
    <p>Base seed <code>\(report.baseSeed)</code>, commit \
    <code>\(Self.escape(report.environment.commit))</code>, \
    kernel \(Self.escape(report.environment.kernel)), libfuse \
    \(Self.escape(report.environment.libfuse)), \(report.environment.cpuCount) processors \
    (\(Self.escape(report.environment.cpu))).</p>
    \(violations)
    <h2>What was tried</h2>
    <table><tr><th>scenario<th>target<th>verdict<th>crash states<th>distinct<th>seeds</tr>
    \(verdicts)
    </table>
    \(canaries)
    <h2>Coverage</h2>
    <p>\(report.coverage.reached) of \(report.coverage.reachable) reachable cells: disk operation \
    × file × request × event. A hollow square was never hit.</p>
    \(coverage)
    <h2>What was assumed, and what was not tried</h2>
    <ul>\(report.assumptions.map { "<li>\(Self.escape($0))" }.joined())</ul>
    </body></html>

    """
  }

  private var headline: String { ReportWriter(report: report).headline }

  private var violations: String {
    report.violations.map { violation in
      """
      <h2 class="broken">\(Self.escape(violation.name))</h2>
      <p>\(Self.escape(violation.subject)), scenario \(Self.escape(violation.scenario)), target \
      \(violation.target), seed <code>\(violation.seed)</code>, \
      \(Self.escape(violation.crashPoint)), weakest model \(violation.weakestModel), seen \
      \(violation.occurrences) times: \(Self.escape(violation.placesText)).</p>
      <p>Cause: \(Self.escape(violation.cause)).</p>
      <ul>\(violation.explanation.map { "<li>\(Self.escape($0))" }.joined())</ul>
      <pre>torture replay \(Self.escape(violation.directory))</pre>
      """
    }.joined(separator: "\n")
  }

  private var verdicts: String {
    report.verdicts.map { verdict in
      """
      <tr><td>\(Self.escape(verdict.scenario))<td>\(verdict.target)\
      <td class="\(verdict.verdict == "held" ? "held" : "broken")">\(verdict.verdict): \
      \(Self.escape(verdict.reason))<td>\(verdict.crashStates)\
      <td>\(verdict.distinctCrashStates)<td>\(verdict.seeds)</tr>
      """
    }.joined(separator: "\n")
  }

  private var canaries: String {
    guard !report.canaries.isEmpty else { return "" }
    let rows = report.canaries.map { canary in
      """
      <tr><td>\(Self.escape(canary.name))<td>\(canary.target)\
      <td class="\(canary.caught ? "held" : "broken")">\(canary.caught ? "caught" : "escaped")\
      <td>\(Self.escape(canary.found))<td>\(Self.escape(canary.scenario)) \
      <code>\(canary.seed)</code></tr>
      """
    }.joined(separator: "\n")
    return "<h2>Planted bugs</h2><table><tr><th>bug<th>target<th><th>found as<th>seed</tr>\n"
      + rows + "</table>"
  }

  /// One row for each place, one square for each event.
  private var coverage: String {
    var rows: [(place: String, squares: String)] = []
    for cell in report.coverage.cells {
      let place = "\(cell.operation) \(cell.role) in \(cell.request)"
      let title = cell.event + (cell.reached ? "" : ": never hit")
      let square = "<span class=\"cell\(cell.reached ? "" : " no")\" title=\"\(title)\"></span> "
      if rows.last?.place == place {
        rows[rows.count - 1].squares += square
      } else {
        rows.append((place, square))
      }
    }
    return "<table>"
      + rows.map { "<tr><td>\(Self.escape($0.place))<td>\($0.squares)</tr>" }
      .joined(separator: "\n") + "</table>"
  }

  /// Text as it may stand in HTML and XML.
  static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default:
        let isControl = scalar.value < 0x20 && scalar != "\n" && scalar != "\t"
        result.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
      }
    }
    return result
  }
}
