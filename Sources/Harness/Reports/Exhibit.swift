import FoundationEssentials
import Glibc

/// What a failure's directory holds that a page shows: the schedule, the disk picture, and what
/// recovery returned.
struct Exhibit: Sendable {
  /// The schedule's lines.
  var schedule: [String]
  /// What was pending at the crash, one operation a line, and what of it was kept.
  var pending: [String]
  /// What recovery returned beside what was permitted.
  var recovered: [String]
  /// The files of the crash image, with their sizes.
  var files: [String]

  /// More of a schedule than this is for the file itself.
  private static let lineLimit = 200
  private static let columnLimit = 240

  /// Reads the failure in `directory`; nil where it is not on this machine.
  init?(_ directory: String) {
    guard let schedule = try? Files.read(directory + "/schedule"),
      let verdict = try? Files.read(directory + "/verdict")
    else { return nil }
    self.schedule = Self.shortened(schedule)
    pending = Self.section("pending at the crash", of: verdict)
    recovered = Self.shortened((try? Files.read(directory + "/recovered")) ?? "")
    files = Self.listing(directory + "/disk")
  }

  private static func shortened(_ text: String) -> [String] {
    let lines = text.split(separator: "\n").map { line in
      line.count > columnLimit ? line.prefix(columnLimit) + " …" : String(line)
    }
    guard lines.count > lineLimit else { return lines }
    let left = lines.count - lineLimit
    return ["… \(left) earlier lines: see the file"] + lines.suffix(lineLimit)
  }

  /// The indented lines below the heading that begins with `title`.
  private static func section(_ title: String, of text: String) -> [String] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.firstIndex(where: { $0.hasPrefix(title) }) else { return [] }
    return lines[(start + 1)...].prefix { $0.hasPrefix("  ") }.map { String($0.dropFirst(2)) }
  }

  private static func listing(_ directory: String) -> [String] {
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: directory)) ?? []
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(lineLimit)
      .map { name in
        let path = directory + "/" + name
        if !Files.isFile(path) { return name + "/" }
        var status = stat()
        return lstat(path, &status) == 0 ? "\(name)  \(status.st_size) bytes" : name
      }
  }
}
