import FoundationEssentials

/// Reads `report.json` of earlier runs.
enum ReportFile {
  /// The report at `path`: a report's directory, or the file itself.
  static func read(_ path: String) throws(RunError) -> Report {
    let file = Files.isFile(path) ? path : path + "/report.json"
    let text = try Files.read(file)
    do {
      return try JSONDecoder().decode(Report.self, from: Data(text.utf8))
    } catch let error as DecodingError {
      throw .usage("\(file): not a report of this version: \(reason(error))")
    } catch {
      throw .usage("\(file): not a report: \(error)")
    }
  }

  private static func reason(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the top level" : path.map(\.stringValue).joined(separator: ".")
    }
    return switch error {
    case .keyNotFound(let key, let context):
      "\"\(key.stringValue)\" is missing at \(place(context.codingPath))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "\(place(context.codingPath)) is of another type"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty ? "it is no JSON" : "\(place(context.codingPath)) cannot be read"
    @unknown default: "\(error)"
    }
  }
}
