import Oracle
import Scenarios
import SubjectProtocol

/// The known violations of a subject: a file that a store with old debts keeps beside its code, so
/// that only new ones fail its runs.
///
/// What is known is a cause (`Shrink/FailureCause.swift`), not a seed: another seed that breaks the
/// same promise for want of the same barrier is the same debt.
struct Baseline: Sendable, Equatable {
  /// One known violation.
  struct Entry: Sendable, Equatable {
    var name: ViolationName
    /// `FailureCause.text`.
    var cause: String
    /// How recovery ended: `FailureCause.recovery`.
    var recovery: String
    /// Where it was seen, as `SCENARIO on TARGET`.
    var places: [String]
    /// What is said above it in the file, a line each.
    var comments: [String] = []

    /// What is the same for the same debt.
    var key: String { Baseline.key(name, recovery: recovery, cause: cause) }
  }

  /// The subject; nil for any.
  var subject: String?
  var entries: [Entry]

  static func key(_ name: ViolationName, recovery: String, cause: String) -> String {
    "\(FailureCause(name: name, recovery: recovery).family)|\(recovery)|\(cause)"
  }

  /// Whether a failure with `cause` is known.
  func knows(_ cause: FailureCause) -> Bool {
    let key = Self.key(cause.name, recovery: cause.recovery, cause: cause.text)
    return entries.contains { $0.key == key }
  }

  /// Reads the file at `path`; every error is one line with the file and the place.
  init(reading path: String) throws(RunError) {
    let text = try Files.read(path)
    do throws(ScenarioError) {
      let node = try JSON5Parser.parse(Array(text.utf8), file: path)
      var reader = try ScenarioReader(node, file: path, name: "a baseline")
      subject = try reader.string("subject")
      entries = []
      guard let known = try reader.objects("known") else {
        throw reader.error("\"known\" is missing: an array, empty where nothing is known")
      }
      try reader.finish()
      for var reader in known {
        guard let name = try reader.choice("name", ViolationName.self),
          let cause = try reader.string("cause"), let recovery = try reader.string("recovery")
        else {
          throw reader.error("each of \"known\" has a \"name\", a \"cause\" and a \"recovery\"")
        }
        let entry = Entry(
          name: name, cause: cause, recovery: recovery, places: try reader.strings("places") ?? [])
        try reader.finish()
        guard !entries.contains(where: { $0.key == entry.key }) else {
          throw reader.error("this cause stands in the file twice")
        }
        entries.append(entry)
      }
    } catch {
      throw .usage("\(error)")
    }
  }

  /// What a report found, as debts.
  init(of report: Report) {
    subject = report.subjects.first
    entries = []
    for violation in report.violations {
      guard let name = ViolationName(rawValue: violation.name) else { continue }
      var comments = [
        "seen \(violation.occurrences) times, seed \(violation.seed), weakest model "
          + "\(violation.weakestModelText): torture replay \(violation.directory)"
      ]
      comments += violation.explanation.prefix(1)
      let entry = Entry(
        name: name, cause: violation.cause, recovery: violation.recovery ?? "recovered",
        places: violation.places.map { "\($0.scenario) on \($0.target)" }, comments: comments)
      if !entries.contains(where: { $0.key == entry.key }) { entries.append(entry) }
    }
  }

  /// Adds the entries of `other` that are not here.
  mutating func add(_ other: Baseline) {
    for entry in other.entries where !entries.contains(where: { $0.key == entry.key }) {
      entries.append(entry)
    }
  }

  /// The file's text, which `init(reading:)` reads back.
  var text: String {
    func quoted(_ text: String) -> String {
      String(decoding: JSONWriter.text(.string(Array(text.utf8))), as: UTF8.self)
    }
    var lines = [
      "// Known violations, by cause: torture run --baseline THIS fails for others only, and says",
      "// which of these are gone. Take an entry out when its bug is mended.", "{",
    ]
    if let subject { lines.append("  subject: \(quoted(subject)),") }
    lines.append("  known: [")
    for entry in entries {
      lines += entry.comments.map { "    // " + $0.split(separator: "\n").joined(separator: " ") }
      lines += [
        "    {", "      name: \(quoted(entry.name.rawValue)),",
        "      cause: \(quoted(entry.cause)),", "      recovery: \(quoted(entry.recovery)),",
        "      places: [\(entry.places.map(quoted).joined(separator: ", "))],", "    },",
      ]
    }
    return (lines + ["  ],", "}"]).joined(separator: "\n") + "\n"
  }
}
