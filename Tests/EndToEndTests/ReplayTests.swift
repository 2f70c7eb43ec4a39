import FoundationEssentials
import Glibc
import Testing

extension EndToEndTests {
  @Suite("Replay of a failure", .enabled(if: Machine.hasFuse, "/dev/fuse does not open"))
  struct ReplayTests {
    /// A failure of a planted bug, found on `target`.
    static func failure(
      _ workspace: Workspace, on target: String, subject: String = "canary-torn-tail-left"
    ) throws -> String {
      let outcome = try workspace.run([
        Workspace.scenario("torn"), "--target", target, "--subject", subject, "--seed", "1",
        "--seeds", "4", "--quiet",
      ])
      #expect(outcome.status == 1, "\(outcome.output) \(outcome.errors)")
      let report = try ReportFile(of: workspace)
      return try #require(report.violations.first).directory
    }

    @Test("A failure is reproduced on both targets, from its directory and from a copy")
    func bothTargets() throws {
      let workspace = try Workspace()
      let directory = try Self.failure(workspace, on: "sim")
      let copy = workspace.path + "/a copy elsewhere"
      try FileManager.default.moveItem(atPath: directory, toPath: copy)
      let elsewhere = try Workspace()
      for target in ["sim", "fuse"] {
        let outcome = try elsewhere.torture(["replay", copy, "--target", target])
        #expect(outcome.status == 1, "\(outcome.errors)")
        #expect(outcome.complaints == [])
        #expect(outcome.lastLine.hasPrefix("torture: reproduced "), "\(outcome.output)")
        #expect(outcome.lastLine.hasSuffix("same crash state"), "\(outcome.output)")
      }
      #expect(try elsewhere.torture(["replay", copy]).status == 1)
      elsewhere.expectNothingLeft()
    }

    @Test("The crash state can be taken out, as it was kept")
    func extraction() throws {
      let workspace = try Workspace()
      let directory = try Self.failure(workspace, on: "sim")
      let image = workspace.path + "/image"
      let outcome = try workspace.torture(["replay", directory, "--extract", image])
      #expect(outcome.status == 1)
      let kept = try Self.content(directory + "/disk")
      #expect(!kept.isEmpty)
      #expect(try Self.content(image) == kept)
      // It does not write over what is there.
      let again = try workspace.torture(["replay", directory, "--extract", image])
      #expect(again.status == 2)
      #expect(again.complaints == ["torture: \(image) is there already"])
      workspace.expectNothingLeft()
    }

    @Test("A live violation is reproduced too", .enabled(if: Machine.runsForeignSubjects))
    func live() throws {
      let workspace = try Workspace()
      #expect(try workspace.run("strict", python: "misbehave.py exit put").status == 1)
      let report = try ReportFile(of: workspace)
      #expect(report.names == ["subject-crashed"])
      let directory = try #require(report.violations.first).directory
      let outcome = try workspace.torture(["replay", directory])
      #expect(outcome.status == 1, "\(outcome.output) \(outcome.errors)")
      #expect(outcome.lastLine.hasPrefix("torture: reproduced subject-crashed"))
      workspace.expectNothingLeft()
    }

    /// Changes of a schedule, with what the one line must contain.
    static let tampering: [(from: String, to: String, says: String)] = [
      ("\nepoch 0\n", "\nepoch 3\n", "epochs are numbered from 0"),
      ("\ncrash point=", "\ncrash point=9999", "disk operations"),
      ("\ncrash point=", "\ncrash at=", "not a crash: at="),
      ("\nviolation ", "\nviolation un", "violation"),
      ("\ntarget sim", "\ntarget mars", "target"),
      ("\nrequest ", "\nrequst ", "unknown keyword \"requst\""),
      ("\nsubject canary-torn-tail-left", "\nsubject nobody", "no subject is called \"nobody\""),
      ("\nepoch 0\n", "\nepoch 0\nfault request=x\n", "not a fault"),
    ]

    @Test("A schedule that was tampered with gives one line")
    func tampered() throws {
      let workspace = try Workspace()
      let directory = try Self.failure(workspace, on: "sim")
      let schedule = try String(file: directory + "/schedule")
      for (from, to, says) in Self.tampering {
        let range = try #require(schedule.firstRange(of: from))
        try (schedule[..<range.lowerBound] + to + schedule[range.upperBound...])
          .write(toFile: directory + "/schedule")
        let outcome = try workspace.torture(["replay", directory])
        #expect(outcome.status == 2, "\(to)")
        #expect(outcome.complaints.count == 1, "\(to): \(outcome.errors)")
        #expect(outcome.complaints.first?.contains(says) == true, "\(to): \(outcome.errors)")
        #expect(outcome.output == "", "\(to)")
      }
      workspace.expectNothingLeft()
    }

    @Test("A schedule whose state is another is not reproduced, and replay says so")
    func notReproduced() throws {
      let workspace = try Workspace()
      let directory = try Self.failure(workspace, on: "sim")
      let schedule = try String(file: directory + "/schedule")
      try schedule.replacing("\nsubject canary-torn-tail-left", with: "\nsubject minimal")
        .write(toFile: directory + "/schedule")
      let outcome = try workspace.torture(["replay", directory])
      // The right store may write other bytes than the planted bug, or the same and not break.
      #expect([2, 3].contains(outcome.status))
      #expect(!outcome.output.contains("torture: reproduced"))
      workspace.expectNothingLeft()
    }

    /// Every file below a directory and its bytes.
    static func content(_ directory: String) throws -> [String: Data] {
      var files: [String: Data] = [:]
      for name in try FileManager.default.subpathsOfDirectory(atPath: directory) {
        let path = directory + "/" + name
        var isDirectory = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        files[name] = isDirectory ? Data() : try Data(contentsOf: URL(filePath: path))
      }
      return files
    }
  }
}
