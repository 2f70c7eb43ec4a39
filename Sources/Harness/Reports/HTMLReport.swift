/// `report.html`: one page that works from a file, without a network, light and dark.
struct HTMLReport {
  let report: Report
  /// What the failures' directories hold, by directory.
  var exhibits: [String: Exhibit] = [:]

  /// The page.
  var text: String {
    """
    \(PageStyle.head("torture: " + headline))
    <h1 class="\(report.exitStatus == 0 ? "held" : "broken")">\(Self.escape(headline))</h1>
    <p>\(Self.escape(report.summaryLine))</p>
    <nav>\(links)</nav>
    \(report.problem.map { "<p class=\"broken\">Stopped: \(Self.escape($0))</p>" } ?? "")
    \(report.interrupted ? "<p>Interrupted: this is what was done so far.</p>" : "")
    \(violations)
    <h2 id="tried">What was tried</h2>
    <div class="scroll"><table><thead><tr><th>subject<th>scenario<th>target<th>verdict\
    <th class="number">crash states<th class="number">distinct<th class="number">seeds</tr></thead>
    \(verdicts)
    </table></div>
    \(canaries)
    \(regressions)
    \(discovery)
    <h2 id="coverage">Coverage</h2>
    <p>\(report.coverage.reached) of \(report.coverage.reachable) reachable cells: disk operation \
    × file × phase × what happened there. A cell is reachable when the operation was seen there \
    and the model, or a fault of the scenario, permits the event. A hollow square was never hit; \
    a filled one leads to runs that hit it.</p>
    \(neverHit)
    <h3>Map</h3>
    \(map)
    \(pairs)
    \(recovery)
    <h2 id="assumed">What was assumed, and what was not tried</h2>
    <ul>\(report.assumptions.map { "<li>\(Self.escape($0))" }.joined())</ul>
    <h2>Where</h2>
    <p>Base seed <code>\(Self.escape(report.baseSeed))</code>, commit \
    <code>\(Self.escape(report.environment.commit))</code>, \
    kernel \(Self.escape(report.environment.kernel)), libfuse \
    \(Self.escape(report.environment.libfuse)), \(report.environment.cpuCount) processors \
    (\(Self.escape(report.environment.cpu))).</p>
    </body></html>

    """
  }

  private var headline: String { ReportWriter(report: report).headline }

  private var links: String {
    let all = [
      ("violations", "violations", !report.violations.isEmpty), ("tried", "what was tried", true),
      ("enough", "is it enough?", true), ("coverage", "coverage", true),
      ("never", "never hit", report.coverage.cells.contains { !$0.reached }),
      ("assumed", "assumed", true),
    ]
    return all.filter(\.2).map { "<a href=\"#\($0.0)\">\($0.1)</a>" }.joined(separator: "\n")
  }

  private var verdicts: String {
    report.verdicts.map { verdict in
      """
      <tr><td>\(Self.escape(verdict.subject))<td>\(Self.escape(verdict.scenario))\
      <td>\(verdict.target)<td><span class="\(verdict.verdict == "held" ? "held" : "broken")">\
      \(verdict.verdict)</span>: \(Self.escape(verdict.reason))\
      <td class="number">\(verdict.crashStates)<td class="number">\(verdict.distinctCrashStates)\
      <td class="number">\(verdict.seeds)</tr>
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
    return """
      <h2>Planted bugs: \(report.canaries.count { $0.caught }) of \
      \(report.canaries.count) caught</h2>
      <details><summary>All of them</summary><div class="scroll"><table><thead><tr><th>bug\
      <th>target<th><th>found as<th>seed</tr></thead>
      \(rows)
      </table></div></details>
      """
  }

  private var regressions: String {
    guard !report.regressions.isEmpty else { return "" }
    let rows = report.regressions.map { regression in
      """
      <tr><td>\(Self.escape(regression.name))<td>\(regression.target)\
      <td class="\(regression.passes ? "held" : "broken")">\
      \(regression.passes ? "as it must be" : "must be " + Self.escape(regression.expected))\
      <td>\(Self.escape(regression.found))</tr>
      """
    }.joined(separator: "\n")
    return "<h2>Regressions</h2><div class=\"scroll\"><table>\n" + rows + "</table></div>"
  }

  private var pairs: String {
    guard !report.faultPairs.isEmpty else { return "" }
    return "<details><summary>Pairs of faults that met in one life: \(report.faultPairs.count)"
      + "</summary><ul>"
      + report.faultPairs.map { "<li>" + Self.escape($0.joined(separator: " with ")) }.joined()
      + "</ul></details>"
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
