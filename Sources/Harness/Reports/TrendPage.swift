/// `trend.html`: what many reports, oldest first, say about the same store over time.
struct TrendPage {
  let reports: [(name: String, report: Report)]

  /// The page.
  var text: String {
    """
    \(PageStyle.head("torture: the trend of \(reports.count) reports"))
    <h1>The trend of \(reports.count) reports</h1>
    \(plot("cells reached") { Double($0.coverage.reached) })
    \(plot("distinct crash states a second") { $0.throughput ?? 0 })
    \(plot("violations") { Double($0.violations.count) })
    <div class="scroll"><table><thead><tr><th>report<th>commit<th class="number">violations\
    <th class="number">cells reached<th class="number">lost<th class="number">gained\
    <th class="number">distinct crash states<th class="number">a second<th>new and gone</tr></thead>
    \(rows)
    </table></div>
    </body></html>

    """
  }

  private func plot(_ name: String, _ value: (Report) -> Double) -> String {
    let points = reports.enumerated().map {
      (x: Double($0.offset + 1), y: value($0.element.report))
    }
    return "<h2>\(name)</h2>\n"
      + LinePlot(title: name + " in each report", xLabel: "report", yLabel: name, points: points)
      .svg
  }

  private var rows: String {
    reports.indices.map { index in
      let (name, report) = reports[index]
      let change =
        index > 0 ? ReportDifference(old: reports[index - 1].report, new: report) : nil
      var news = (change?.newViolations ?? []).map { "new: \($0.name), \($0.cause)" }
      news += (change?.goneViolations ?? []).map { "gone: \($0.name), \($0.cause)" }
      return """
        <tr><td>\(HTMLReport.escape(name))<td><code>\
        \(HTMLReport.escape(String(report.environment.commit.prefix(12))))</code>\
        <td class="number \(report.violations.isEmpty ? "held" : "broken")">\
        \(report.violations.count)<td class="number">\(report.coverage.reached) of \
        \(report.coverage.reachable)<td class="number">\(change?.lost.count ?? 0)\
        <td class="number">\(change?.gained.count ?? 0)\
        <td class="number">\(report.distinctCrashStates)<td class="number">\
        \(Int(report.throughput ?? 0))<td>\
        \(news.map(HTMLReport.escape).joined(separator: "<br>"))</tr>
        """
    }.joined(separator: "\n")
  }
}
