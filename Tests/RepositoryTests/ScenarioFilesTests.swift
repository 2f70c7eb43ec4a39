import Scenarios
import SubjectProtocol
import Testing

extension RepositoryTests {
  @Suite("The scenarios that come with the tool")
  struct ScenarioFilesTests {
    /// The scenario files: the ones that run by default, and the controls; not the copies that
    /// stand beside regressions.
    static func files() throws -> [SourceTree.File] {
      try SourceTree.files(below: "Scenarios", ["json5"])
        .filter { !$0.path.hasSuffix("/canaries.json5") && !$0.path.contains("/regressions/") }
    }

    @Test("Each can be read and says what it is after")
    func readable() throws {
      for file in try Self.files() {
        do throws(ScenarioError) {
          let scenario = try Scenario(reading: Array(file.text.utf8), file: file.path)
          #expect(scenario.purpose.count >= 20, "\(file)")
          #expect(file.path.hasSuffix("/\(scenario.name).json5"))
          #expect(!scenario.crashes.isEmpty, "\(file)")
          #expect(scenario.epochs >= 1 && scenario.operations >= 1, "\(file)")
        } catch {
          Issue.record("\(error)")
        }
      }
    }

    @Test("Each explains itself to who opens it")
    func comments() throws {
      for file in try Self.files() {
        #expect(file.text.contains("//"), "\(file) has no comment")
      }
    }

    @Test("The six that the first run is made of are there")
    func names() throws {
      let paths = Set(try Self.files().map(\.path))
      for name in [
        "smoke", "power-loss", "torn-writes", "failed-fsync", "transactions", "checkpoints",
      ] {
        #expect(paths.contains("Scenarios/\(name).json5"), "\(name)")
      }
    }

    @Test("Every purpose is its own")
    func purposes() throws {
      let purposes = try Self.files().map {
        try Scenario(reading: Array($0.text.utf8), file: $0.path).purpose
      }
      #expect(Set(purposes).count == purposes.count)
    }
  }
}
