extension HTMLReport {
  /// How much is still unseen, with its curve and that of the speed.
  var discovery: String {
    let behaviours = report.behaviours
    let curve = LinePlot(
      title: "behaviours seen after so many recordings", xLabel: "recordings",
      yLabel: "behaviours",
      points: behaviours.curve.map { (x: Double($0[0]), y: Double($0[1])) })
    let speed = LinePlot(
      title: "distinct crash states over time", xLabel: "seconds", yLabel: "distinct crash states",
      points: report.timeline.map { (x: $0[0], y: $0[1]) })
    return """
      <h2 id="enough">Is it enough?</h2>
      <p>\(behaviours.seen) behaviours in \(behaviours.recordings) recordings: \
      \(Self.escape(behaviours.text)).</p>
      \(curve.svg)
      \(speed.svg.isEmpty ? "" : "<h3>Throughput</h3>\n" + speed.svg)
      """
  }

  /// The reachable cells that were never hit: first of all what was not tried.
  var neverHit: String {
    let cells = report.coverage.cells.filter { !$0.reached }
    guard !cells.isEmpty else {
      return "<h3>Never hit</h3><p>Every reachable cell was hit.</p>"
    }
    let rows = cells.map { cell in
      """
      <tr><td>\(Self.escape(cell.operation))<td>\(Self.escape(cell.role))<td>\(cell.phase)\
      <td>\(cell.event)<td>\(Self.escape(cell.why ?? ""))\
      <td><code>\(Self.escape(cell.aim))</code></tr>
      """
    }.joined(separator: "\n")
    return """
      <h3 id="never">Never hit: \(cells.count) of \(report.coverage.reachable) reachable cells</h3>
      <div class="scroll"><table><thead><tr><th>operation<th>file<th>phase<th>event\
      <th>why<th>command that aims at it</tr></thead>
      \(rows)
      </table></div>
      """
  }

  /// The heat map: a row a place, a column an event; each cell leads to the runs that hit it.
  var map: String {
    let cells = report.coverage.cells
    guard !cells.isEmpty else { return "" }
    let hits = hits()
    let most = hits.map(\.count).max() ?? 1
    let events = CoverageEvent.all.map(\.name).filter { event in
      cells.contains { $0.event == event }
    }
    var rows: [(place: String, squares: [String: String])] = []
    for (index, cell) in cells.enumerated() {
      let place = "\(cell.operation) \(cell.role) · \(cell.phase)"
      if rows.last?.place != place { rows.append((place, [:])) }
      rows[rows.count - 1].squares[cell.event] = square(cell, hits[index], most)
    }
    let body = rows.map { row in
      "<tr><th class=\"place\">\(Self.escape(row.place))"
        + events.map { "<td>" + (row.squares[$0] ?? "") }.joined() + "</tr>"
    }.joined(separator: "\n")
    return """
      <div class="scroll"><table class="map"><thead><tr><th>operation, file · phase\
      \(events.map { "<th>\($0)" }.joined())</tr></thead>
      \(body)
      </table></div>
      <dialog id="runs"><h3></h3><ul></ul>
      <form method="dialog"><button>close</button></form></dialog>
      <script>
      const runs = \(runs);
      const dialog = document.getElementById("runs");
      document.querySelectorAll("button.cell").forEach(cell => cell.onclick = () => {
        dialog.querySelector("h3").textContent = cell.title;
        dialog.querySelector("ul").replaceChildren(...cell.dataset.runs.split(" ").map(number => {
          const item = document.createElement("li"), text = document.createElement("code");
          text.textContent = runs[number];
          item.append(text);
          return item;
        }));
        dialog.showModal();
      });
      </script>
      """
  }

  private func square(_ cell: CoverageCell, _ hits: [Int], _ most: Int) -> String {
    let name = "\(cell.operation) \(cell.role) in \(cell.phase): \(cell.event)"
    guard !hits.isEmpty else {
      return "<span class=\"cell no\" title=\"\(Self.escape(name)): never hit\"></span>"
    }
    let heat = 25 + 75 * hits.count / max(most, 1)
    let shown = hits.prefix(Self.runsShown).map(String.init).joined(separator: " ")
    return """
      <button class="cell" style="--heat:\(Report.hundredths(Double(heat) / 100))" \
      data-runs="\(shown)" title="\(Self.escape(name)): hit by \(hits.count) runs"></button>
      """
  }

  private static let runsShown = 5

  /// By cell: the numbers of the recordings that hit it.
  private func hits() -> [[Int]] {
    var hits: [[Int]] = report.coverage.cells.map { _ in [] }
    for (number, recording) in report.recordings.enumerated() {
      for cell in IndexText.members(bits: recording.cells) ?? [] where cell < hits.count {
        hits[cell].append(number)
      }
    }
    return hits
  }

  /// The commands of the recordings that the map leads to, as JavaScript.
  private var runs: String {
    var wanted: Set<Int> = []
    for cell in hits() { wanted.formUnion(cell.prefix(Self.runsShown)) }
    let entries = wanted.sorted().map { number in
      "\(number):\"\(Self.escapeScript(report.recordings[number].command))\""
    }
    return "{" + entries.joined(separator: ",") + "}"
  }

  /// Text within a JavaScript string that stands in a page.
  private static func escapeScript(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar.value >= 0x20, scalar.value < 0x7F, !"\\\"<>&'".unicodeScalars.contains(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }
      }
    }
    return result
  }
}
