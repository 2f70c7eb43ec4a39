/// `bench.html`: the table of one bench, and its growing sizes as a chart; one page that works from
/// a file, without a network, light and dark.
struct BenchPage {
  let report: BenchReport

  /// What the names of measurements at growing sizes begin with; the kind of call and the count of
  /// records follow, as in `store.growth-put-10000`.
  static let growthPrefix = "store.growth-"

  /// The page.
  var text: String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>torture bench</title>
    <style>
    :root { color-scheme: light dark; --line: #8886; }
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
    table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
    th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left; }
    td.number { text-align: right; white-space: nowrap; }
    svg { width: 100%; height: auto; }
    svg text { font: 13px system-ui, sans-serif; fill: currentColor; }
    </style></head><body>
    <h1>torture bench</h1>
    <p>\(HTMLReport.escape(report.environment.cpu)), kernel \
    \(HTMLReport.escape(report.environment.kernel)), libfuse \
    \(HTMLReport.escape(report.environment.libfuse)), commit \
    <code>\(HTMLReport.escape(report.environment.commit))</code>; pinned to \
    \(HTMLReport.escape(report.pinning)).</p>
    \(notes)
    \(chart)
    <h2>Measurements</h2>
    <table><tr><th>name<th>median<th>lowest to highest<th>ratio<th>to</tr>
    \(report.measurements.map(row).joined(separator: "\n"))
    </table>
    </body></html>

    """
  }

  private var notes: String {
    if report.notes.isEmpty { return "" }
    let items = report.notes.map { "<li>\(HTMLReport.escape($0))" }
    return "<h2>What falls short</h2><ul>\(items.joined())</ul>"
  }

  private func row(_ measurement: Measurement) -> String {
    let samples = measurement.samples.sorted()
    let ratio = measurement.ratio.map { Self.text($0) } ?? ""
    let peer = measurement.peer.map {
      HTMLReport.escape($0) + ": " + Self.text(measurement.peerMedian ?? 0)
    }
    return "<tr><td>\(HTMLReport.escape(measurement.name))"
      + "<td class=\"number\">\(Self.text(measurement.median)) "
      + HTMLReport.escape(measurement.unit)
      + "<td class=\"number\">\(Self.text(samples.first ?? 0)) to "
      + Self.text(samples.last ?? 0)
      + "<td class=\"number\">\(ratio)<td>\(peer ?? "")</tr>"
  }

  /// A number with three figures, or none behind the point where it is large.
  static func text(_ value: Double) -> String {
    value >= 100 ? String(Int(value.rounded())) : "\((value * 1000).rounded() / 1000)"
  }

  private var chart: String {
    let lines = Self.growth(report.measurements)
    if lines.isEmpty { return "" }
    return """
      <h2>Growing sizes</h2>
      <p>Nanoseconds a record of each call, from the smallest store to the largest: a level line is
      a cost that grows with the number of records and no faster.</p>
      \(GrowthChart(lines: lines).text)
      """
  }

  /// The measurements at growing sizes, by kind of call, each from the smallest size on.
  static func growth(_ measurements: [Measurement]) -> [GrowthChart.Line] {
    var lines: [GrowthChart.Line] = []
    for measurement in measurements where measurement.name.hasPrefix(growthPrefix) {
      let words = measurement.name.dropFirst(growthPrefix.count).split(separator: "-")
      guard words.count == 2, let count = Double(words[1]), measurement.median > 0 else { continue }
      let name = String(words[0])
      let index =
        lines.firstIndex { $0.name == name }
        ?? {
          lines.append(GrowthChart.Line(name: name, points: []))
          return lines.count - 1
        }()
      lines[index].points.append((count, measurement.median))
    }
    for index in lines.indices { lines[index].points.sort { $0.count < $1.count } }
    return lines
  }
}
