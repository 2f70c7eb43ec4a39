import FoundationEssentials

/// How much of the reference store's source a run under the toolchain's counters reached:
/// `Reports/source-coverage.json`, which `make coverage` writes.
struct SourceCoverage: Codable, Sendable, Equatable {
  /// So many there are, and so many were reached.
  struct Count: Codable, Sendable, Equatable {
    var count: Int
    var covered: Int
  }

  var lines: Count
  var regions: Count
  var functions: Count

  /// The name of the file, in the folder that holds reports.
  static let fileName = "source-coverage.json"

  /// What `llvm-cov export --summary-only` writes, as far as it is read.
  private struct Export: Decodable {
    struct Data: Decodable { var totals: SourceCoverage }
    var data: [Data]
  }

  /// The figures that stand beside a report's directory; nil where there are none, or none that can
  /// be read: a report is no worse without them.
  static func beside(_ directory: String) -> SourceCoverage? {
    let file = directory + "/../" + fileName
    guard Files.isFile(file), let text = try? Files.read(file) else { return nil }
    let bytes = FoundationEssentials.Data(text.utf8)
    return (try? JSONDecoder().decode(Export.self, from: bytes))?.data.first?.totals
  }

  /// The figures in one line.
  var line: String {
    func share(_ count: Count, _ name: String) -> String {
      let percent = count.count == 0 ? 0 : 100 * Double(count.covered) / Double(count.count)
      return "\(count.covered) of \(count.count) \(name) (\(Report.tenths(percent)) %)"
    }
    return "Source of the reference store reached on sim (make coverage): "
      + share(lines, "lines") + ", " + share(regions, "regions") + "."
  }
}
