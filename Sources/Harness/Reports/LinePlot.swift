/// A small line plot as SVG that stands in a page by itself: axes, labels, one line a series.
struct LinePlot {
  /// What the plot shows, for those who cannot see it.
  var title: String
  var xLabel: String
  var yLabel: String
  /// The points, by rising x.
  var points: [(x: Double, y: Double)]

  private static let width = 640.0
  private static let height = 220.0
  private static let left = 64.0
  private static let bottom = 36.0
  private static let top = 12.0

  /// The element.
  var svg: String {
    guard let first = points.first, let last = points.last, points.count > 1 else { return "" }
    let highest = max(points.map(\.y).max() ?? 1, 1e-9)
    let span = max(last.x - first.x, 1e-9)
    func place(_ point: (x: Double, y: Double)) -> String {
      let x = Self.left + (point.x - first.x) / span * (Self.width - Self.left - 12)
      let y = Self.top + (1 - point.y / highest) * (Self.height - Self.bottom - Self.top)
      return "\(Report.tenths(x)),\(Report.tenths(y))"
    }
    let floor = Self.height - Self.bottom
    return """
      <svg class="plot" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" \
      aria-label="\(HTMLReport.escape(title))">
      <path class="axis" d="M\(Self.left),\(Self.top)V\(floor)H\(Self.width - 12)"/>
      <text x="\(Self.left - 6)" y="\(Self.top + 10)" text-anchor="end">\
      \(Self.short(highest))</text>
      <text x="\(Self.left - 6)" y="\(floor)" text-anchor="end">0</text>
      <text x="\(Self.left)" y="\(floor + 14)">\(Self.short(first.x))</text>
      <text x="\(Self.width - 12)" y="\(floor + 14)" text-anchor="end">\(Self.short(last.x))</text>
      <text x="\((Self.left + Self.width) / 2)" y="\(Self.height - 6)" text-anchor="middle">\
      \(HTMLReport.escape(xLabel))</text>
      <text x="\(Self.left + 6)" y="\(Self.top + 10)">\(HTMLReport.escape(yLabel))</text>
      <polyline class="line" points="\(points.map(place).joined(separator: " "))"/>
      </svg>
      """
  }

  /// A number in few digits: 1234567 is 1.2M.
  static func short(_ value: Double) -> String {
    switch value {
    case 10_000_000...: "\(Int(value / 1_000_000))M"
    case 1_000_000...: Report.tenths(value / 1_000_000) + "M"
    case 10_000...: "\(Int(value / 1000))k"
    case 100...: "\(Int(value))"
    default: value == value.rounded() ? "\(Int(value))" : Report.tenths(value)
    }
  }
}
