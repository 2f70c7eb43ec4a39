import FoundationEssentials
import Testing

extension EndToEndTests {
  @Suite("The findings", .enabled(if: Machine.hasFuse, "/dev/fuse does not open"))
  struct FindingsTests {
    /// `findings.json` as a stranger reads it.
    struct Findings: Decodable {
      struct Trial: Decodable {
        var subject: String
        var heldTo: String
        var targets: [String]
        var verdicts: [ReportFile.Verdict]
        var distinctCrashStates: Int
        var found: [String]
      }

      struct Entry: Decodable {
        struct Violation: Decodable {
          var name: String
          var group: String
          var weakestModel: String
          var models: [String]
          var cause: String
          var directory: String
        }

        var kind: String
        var violation: Violation
        var isShrunk: Bool
        var schedule: [String]
        var operations: [String]
        var replays: String
        var promise: String
        var change: String
      }

      var trials: [Trial]
      var entries: [Entry]
    }

    @Test("Each has all that a reader needs, shrunk and replayed twenty times of twenty")
    func entries() throws {
      let workspace = try Workspace()
      let (folder, report) = (workspace.path + "/scenarios", workspace.path + "/found")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      try String(file: Workspace.scenario("small")).write(toFile: folder + "/small.json5")
      let outcome = try workspace.torture([
        "findings", "--subjects", "vecstore,reference", "--seeds", "1", "--scenarios", folder,
        "--report", report, "--quiet",
      ])
      #expect(outcome.status == 0, "\(outcome.errors)")
      workspace.expectNothingLeft()
      let data = try Data(contentsOf: URL(filePath: report + "/findings.json"))
      let findings = try JSONDecoder().decode(Findings.self, from: data)
      #expect(findings.trials.map(\.subject) == ["reference", "vecstore"])
      for trial in findings.trials {
        #expect(trial.targets == ["sim", "fuse"] && trial.verdicts.count == 2)
        #expect(trial.distinctCrashStates > 100)
        #expect(trial.found.isEmpty == (trial.subject == "reference"))
      }
      #expect(!findings.entries.isEmpty)
      #expect(Set(findings.entries.map(\.violation.group)).count == findings.entries.count)
      let page = try String(file: report + "/findings.md")
      for entry in findings.entries {
        let violation = entry.violation
        #expect(entry.isShrunk, "\(violation.cause)")
        #expect(entry.replays.contains("20 of 20"), "\(violation.cause): \(entry.replays)")
        #expect(!violation.models.isEmpty && !violation.weakestModel.isEmpty)
        #expect(!entry.promise.isEmpty && !entry.change.isEmpty, "\(violation.cause)")
        #expect(!entry.schedule.isEmpty && !entry.operations.isEmpty)
        #expect(page.contains("### \(violation.name) in `vecstore`"))
        #expect(page.contains("torture replay \(violation.directory)"))
      }
      // The table is made of them.
      let row = page.split(separator: "\n").first { $0.hasPrefix("| `vecstore` | documented |") }
      #expect(row?.contains("process") == true || row?.contains("ext4-ordered") == true, "\(page)")
    }
  }
}
