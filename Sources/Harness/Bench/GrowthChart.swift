import Glibc

/// Costs a record over the number of records, both axes by powers of ten, as SVG.
struct GrowthChart {
  /// One kind of call.
  struct Line {
    /// What it is.
    var name: String
    /// The number of records, and what one costs, in nanoseconds.
    var points: [(count: Double, cost: Double)]
  }

  /// What is drawn, at least one point.
  let lines: [Line]

  private let width = 900.0
  private let height = 420.0
  private let left = 70.0
  private let right = 120.0
  private let top = 30.0
  private let bottom = 50.0
  /// Colours that can be told apart on light and dark, and by most eyes.
  private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b59a00", "#56b4e9"]

  /// The drawing.
  var text: String {
    let counts = Self.decades(lines.flatMap { $0.points.map(\.count) })
    let costs = Self.decades(lines.flatMap { $0.points.map(\.cost) })
    var parts = [
      "<svg viewBox=\"0 0 \(Int(width)) \(Int(height))\" role=\"img\" "
        + "aria-label=\"nanoseconds a record over the number of records\">"
    ]
    for decade in counts {
      let x = horizontal(Double(decade), counts)
      parts.append(Self.line(x, top, x, height - bottom, "#8884"))
      parts.append(Self.label(x, height - bottom + 20, "middle", Self.power(decade)))
    }
    for decade in costs {
      let y = vertical(Double(decade), costs)
      parts.append(Self.line(left, y, width - right, y, "#8884"))
      parts.append(Self.label(left - 8, y + 4, "end", Self.power(decade)))
    }
    parts.append(Self.label((left + width - right) / 2, height - 8, "middle", "records"))
    parts.append(Self.label(8, 14, "start", "ns a record"))
    let labels = labelPlaces(costs)
    for (index, line) in lines.enumerated() {
      let colour = Self.colours[index % Self.colours.count]
      let places = line.points.map {
        (x: horizontal(log10($0.count), counts), y: vertical(log10($0.cost), costs))
      }
      let path = places.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
      parts.append(
        "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>")
      for (place, point) in zip(places, line.points) {
        parts.append(
          "<circle cx=\"\(Self.number(place.x))\" cy=\"\(Self.number(place.y))\" r=\"4\" "
            + "fill=\"\(colour)\"><title>\(HTMLReport.escape(line.name)), "
            + "\(Int(point.count)) records: \(BenchPage.text(point.cost)) ns</title></circle>")
      }
      if let last = places.last {
        parts.append(
          Self.label(last.x + 10, labels[index], "start", HTMLReport.escape(line.name), colour))
      }
    }
    return (parts + ["</svg>"]).joined(separator: "\n")
  }

  /// Where the name of each line stands: at its last point, and none over another.
  private func labelPlaces(_ costs: ClosedRange<Int>) -> [Double] {
    var places = lines.map { vertical(log10($0.points.last?.cost ?? 1), costs) + 4 }
    let order = places.indices.sorted { places[$0] < places[$1] }
    for (upper, lower) in zip(order, order.dropFirst()) {
      places[lower] = max(places[lower], places[upper] + 15)
    }
    return places
  }

  private func horizontal(_ decade: Double, _ range: ClosedRange<Int>) -> Double {
    left + (width - left - right) * Self.share(decade, range)
  }

  private func vertical(_ decade: Double, _ range: ClosedRange<Int>) -> Double {
    height - bottom - (height - top - bottom) * Self.share(decade, range)
  }

  private static func share(_ decade: Double, _ range: ClosedRange<Int>) -> Double {
    (decade - Double(range.lowerBound)) / Double(range.upperBound - range.lowerBound)
  }

  /// The powers of ten around some numbers, two at least.
  static func decades(_ values: [Double]) -> ClosedRange<Int> {
    let low = Int(log10(values.min() ?? 1).rounded(.down))
    return low...max(low + 1, Int(log10(values.max() ?? 1).rounded(.up)))
  }

  private static func power(_ decade: Int) -> String {
    if decade >= 0 && decade < 6 { return "1" + String(repeating: "0", count: decade) }
    let raised: [Character: String] = [
      "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷",
      "8": "⁸", "9": "⁹",
    ]
    return "10" + String(decade).map { raised[$0] ?? "" }.joined()
  }

  private static func number(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  private static func line(
    _ x: Double, _ y: Double, _ x2: Double, _ y2: Double, _ colour: String
  ) -> String {
    "<line x1=\"\(number(x))\" y1=\"\(number(y))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" "
      + "stroke=\"\(colour)\"/>"
  }

  private static func label(
    _ x: Double, _ y: Double, _ anchor: String, _ text: String, _ colour: String? = nil
  ) -> String {
    "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\""
      + (colour.map { " style=\"fill:\($0)\"" } ?? "") + ">\(text)</text>"
  }
}
