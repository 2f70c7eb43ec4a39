import FoundationEssentials
import Glibc
import Testing

extension EndToEndTests {
  @Suite("What a run leaves to read")
  struct ReportTests {
    /// The line that ends standard output (design.md, section 6).
    static var lastLine: Regex<(Substring, Substring, Substring, Substring, Substring)> {
      /torture: (\d+) violations, (\d+) crash states \((\d+) distinct\), (\d+) seeds, \d+\.\d s/
    }

    @Test("A run that holds ends with the summary line and a report of everything")
    func held() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run(
        [Workspace.scenario("small"), "--target", "sim", "--seed", "7", "--seeds", "2"])
      #expect(outcome.status == 0)
      #expect(outcome.complaints == [])
      let report = try ReportFile(of: workspace)
      let line = try #require(outcome.lastLine.wholeMatch(of: Self.lastLine))
      #expect(line.1 == "0")
      #expect(Int(line.2) == report.crashStates)
      #expect(Int(line.3) == report.distinctCrashStates)
      #expect(Int(line.4) == 2)
      #expect(report.seeds == 2)
      #expect(report.verdictNames == ["held"])
      #expect(report.subjects == ["reference"])
      #expect(report.recoveries >= report.distinctCrashStates)
      #expect(report.coverage.reached > 0 && report.coverage.reached <= report.coverage.reachable)
      #expect(report.coverage.cells.count >= report.coverage.reachable)
      #expect(report.environment.kernel.hasPrefix("Linux "))
      #expect(report.environment.cpuCount >= 1)
      #expect(!report.interrupted && report.problem == nil)
      try Self.expectReadable(workspace)
      workspace.expectNothingLeft()
    }

    @Test("A run that breaks names what broke, where, and how to see it again")
    func broken() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run([
        Workspace.scenario("small"), "--target", "sim", "--subject", "canary-no-fsync", "--seed",
        "1", "--seeds", "1",
      ])
      #expect(outcome.status == 1)
      let report = try ReportFile(of: workspace)
      let violation = try #require(report.violations.first)
      #expect(report.verdictNames == ["broken"])
      #expect(violation.allNames.contains(violation.name))
      #expect(violation.subject == "canary-no-fsync")
      #expect(violation.seed == "0x0000000000000001")
      #expect(violation.models.contains("posix-min"))
      #expect(violation.occurrences >= 1)
      #expect(outcome.output.contains("torture replay \(violation.directory)"))
      let line = try #require(outcome.lastLine.wholeMatch(of: Self.lastLine))
      #expect(Int(line.1) == report.violations.count)
      for file in ["schedule", "scenario.json5", "history", "verdict", "disk"] {
        #expect(access("\(violation.directory)/\(file)", R_OK) == 0, "\(file)")
      }
      try Self.expectReadable(workspace)
      workspace.expectNothingLeft()
    }

    @Test("A report takes the place of the one before, with its failures")
    func replacement() throws {
      let workspace = try Workspace()
      let options = [Workspace.scenario("small"), "--target", "sim", "--seed", "1", "--seeds", "1"]
      _ = try workspace.run(options + ["--subject", "canary-no-fsync"])
      #expect(access(workspace.report + "/failures", F_OK) == 0)
      #expect(try workspace.run(options).status == 0)
      #expect(access(workspace.report + "/failures", F_OK) != 0)
      #expect(try ReportFile(of: workspace).violations.isEmpty)
    }

    @Test("Every planted bug and the lying disk are caught, and the report says so")
    func proof() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run([
        Workspace.scenario("strict"), "--prove", "--target", "sim", "--seed", "1", "--seeds", "1",
        "--scenarios", Machine.package + "/Scenarios",
      ])
      #expect(outcome.status == 0, "\(outcome.output)")
      let summary = try #require(
        try /planted bugs: (\d+) of (\d+) caught/.firstMatch(in: outcome.output))
      #expect(summary.1 == summary.2)
      #expect(try #require(Int(summary.2)) >= 9)
      try Self.expectReadable(workspace)
    }

    /// The other files are there, and what ought to be XML is.
    static func expectReadable(_ workspace: Workspace) throws {
      let summary = try String(file: workspace.report + "/summary.md")
      #expect(summary.hasPrefix("# "))
      #expect(summary.contains("torture: "))
      let page = try String(file: workspace.report + "/report.html")
      #expect(page.hasPrefix("<!doctype html>") && page.contains("</html>"))
      guard access(Machine.python, X_OK) == 0 else { return }
      let parser = "import sys, xml.dom.minidom as x; x.parse(sys.argv[1])"
      let check = try Started(
        [Machine.python, "-c", parser, workspace.report + "/junit.xml"], environment: [],
        output: workspace.path)
      let outcome = try check.wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
  }
}
