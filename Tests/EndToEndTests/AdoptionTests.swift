import Glibc
import Testing

extension EndToEndTests {
  @Suite(
    "A store with old debts",
    .enabled(if: Machine.runsForeignSubjects, "/dev/fuse does not open, or there is no Python"))
  struct AdoptionTests {
    private static func run(_ workspace: Workspace, _ bug: String, _ more: [String] = []) throws
      -> Outcome
    {
      let subject = bug.isEmpty ? "wal.py" : "wal.py --bug \(bug)"
      return try workspace.run(
        [Workspace.scenario("small"), "--quiet"] + more + Workspace.python(subject))
    }

    @Test("Known violations do not fail a run; new ones do, and gone ones are said")
    func baseline() throws {
      let workspace = try Workspace()
      let file = workspace.path + "/known.json5"
      #expect(try Self.run(workspace, "no-fsync").status == 1)
      let written = try workspace.torture(["baseline", workspace.report, "--output", file])
      #expect(written.status == 0, "\(written.errors)")
      let text = try String(file: file)
      #expect(text.contains("// seen ") && text.contains("name: \"acknowledged-write-lost\""))

      let known = try Self.run(workspace, "no-fsync", ["--baseline", file])
      #expect(known.status == 0, "\(known.output) \(known.errors)")
      #expect(known.output.contains("known, 0 new, 0 gone"), "\(known.output)")
      #expect(known.output.contains("known violation acknowledged-write-lost"))
      #expect(!known.errors.contains("===== VIOLATION"))
      let junit = try String(file: workspace.report + "/junit.xml")
      #expect(junit.contains("failures=\"0\"") && junit.contains("<skipped message=\"known: "))

      // Without the subject's name it is about any; this one has another bug, and not the old ones.
      let anybody = text.split(separator: "\n").filter { !$0.hasPrefix("  subject:") }
      let other = try workspace.write(anybody.joined(separator: "\n"), to: "anybody.json5")
      let fresh = try Self.run(workspace, "no-directory-fsync", ["--baseline", other])
      #expect(fresh.status == 1, "\(fresh.output)")
      let held = try Self.run(workspace, "", ["--baseline", other])
      #expect(held.status == 0, "\(held.output) \(held.errors)")
      #expect(held.output.contains("gone  acknowledged-write-lost: "), "\(held.output)")
      workspace.expectNothingLeft()
    }

    @Test("A baseline is written from a run as well, and added to")
    func fromRun() throws {
      let workspace = try Workspace()
      let file = workspace.path + "/known.json5"
      func write(_ bug: String, _ more: [String]) throws -> Outcome {
        try workspace.torture(
          [
            "baseline", Workspace.scenario("small"), "--quiet", "--report", workspace.report,
            "--output", file,
          ] + more + Workspace.python("wal.py --bug \(bug)"))
      }
      #expect(try write("no-fsync", []).status == 0)
      let first = try String(file: file)
      #expect(try write("no-directory-fsync", ["--add"]).status == 0)
      let second = try String(file: file)
      #expect(second.count > first.count)
      let printed = try workspace.torture(["baseline", workspace.report])
      #expect(printed.status == 0 && printed.output.contains("known: ["))
      workspace.expectNothingLeft()
    }

    @Test("A file that is no baseline gives one line, with the place")
    func badFiles() throws {
      let workspace = try Workspace()
      for (text, says) in [
        ("", ":1:1: the text ends"), ("{}", "\"known\" is missing"), ("[]", "must be an object"),
        ("{ known: 3 }", "must be an array of objects"),
        ("{ known: [],\n nown: [] }", ":2: unknown key \"nown\"; did you mean \"known\"?"),
        ("{ known: [\n { name: \"lost\" } ] }", ":2: \"name\" cannot be \"lost\""),
        (
          "{ known: [{ name: \"recovery-hung\" }] }",
          "has a \"name\", a \"cause\" and a \"recovery\""
        ),
        ("{ subject: \"other\", known: [] }", "is about the subject \"other\""),
      ] {
        let file = try workspace.write(text, to: "bad.json5")
        let outcome = try Self.run(workspace, "", ["--baseline", file])
        #expect(outcome.status == 2, "\(text): \(outcome.output)")
        #expect(outcome.complaints.count == 1, "\(text)")
        #expect(outcome.complaints.first?.contains(says) == true, "\(text): \(outcome.errors)")
        #expect(access(workspace.report, F_OK) != 0, "\(text): no report is begun")
      }
      let text = try workspace.write("my notes", to: "notes.txt")
      let kept = try workspace.torture(["baseline", "--output", text, "--seeds", "1"])
      #expect(kept.status == 2 && kept.errors.contains("is not overwritten"), "\(kept.errors)")
      #expect(try String(file: text) == "my notes")
      #expect(try workspace.torture(["baseline", "/nonexistent/report"]).status == 2)
      #expect(try workspace.torture(["baseline"]).status == 2)
    }

    @Test("Another version recovers: one that can holds, one that cannot is broken, and replays")
    func upgrade() throws {
      let workspace = try Workspace()
      let same = "\(Machine.python) -ISB \(Machine.fixtures)/wal.py"
      let held = try Self.run(workspace, "", ["--recover-command", same])
      #expect(held.status == 0, "\(held.output) \(held.errors)")
      // The new version looks for another file, and finds nothing.
      let broken = try Self.run(
        workspace, "",
        ["--recover-command", "\(Machine.python) -ISB \(Machine.fixtures)/awkward.py"])
      #expect(broken.status == 1, "\(broken.output) \(broken.errors)")
      let violation = try #require(try ReportFile(of: workspace).violations.first)
      #expect(violation.subject.contains("→"), "\(violation.subject)")
      let schedule = try String(file: violation.directory + "/schedule")
      #expect(schedule.contains("\nrecover-command "))
      let replay = try workspace.torture(["replay", violation.directory])
      #expect(replay.status == 1, "\(replay.output) \(replay.errors)")
      let shrunk = try workspace.torture(["shrink", violation.directory, "--quiet"])
      #expect(shrunk.status == 1, "\(shrunk.output) \(shrunk.errors)")
      let sim = try workspace.run(
        [
          "smoke", "--scenarios", Machine.package + "/Scenarios", "--target", "sim",
          "--recover-command", same,
        ])
      #expect(sim.status == 2)
      #expect(sim.complaints.first?.contains("needs --target fuse") == true, "\(sim.errors)")
      workspace.expectNothingLeft()
    }

    @Test("A built-in subject may be the old version, and the new one")
    func builtIn() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run(
        [
          Workspace.scenario("small"), "--quiet", "--subject", "reference", "--recover-command",
          "\(Machine.torture) subject reference", "--seed", "1", "--seeds", "1",
        ])
      #expect(outcome.status == 0, "\(outcome.output) \(outcome.errors)")
      workspace.expectNothingLeft()
    }

    @Test("A subject that looks odd, and is right, holds under crashes too")
    func awkward() throws {
      for way in ["crlf,odd-order,in-pieces", "escapes,floats,chatty-errors,child"] {
        let workspace = try Workspace()
        let outcome = try workspace.run("small", python: "awkward.py \(way)")
        #expect(outcome.status == 0, "\(way): \(outcome.output) \(outcome.errors)")
        workspace.expectNothingLeft()
      }
    }

    @Test("A subject that cannot be understood is never held, and gets one clear line")
    func notUnderstood() throws {
      for (way, status, says) in [
        ("banner", Int32(3), "the subject did not answer hello"),
        ("array", 3, "the subject did not answer hello"), ("no-name", 3, "\"name\" is missing"),
        ("protocol-2", 3, "protocol"), ("contract-value", 3, "\"order\" must be one of"),
        ("noise", 1, "stored a record"), ("twice", 1, "wrote a line nobody asked for"),
      ] {
        let workspace = try Workspace()
        let outcome = try workspace.run("strict", python: "awkward.py \(way)")
        #expect(outcome.status == status, "\(way): \(outcome.output) \(outcome.errors)")
        #expect((outcome.output + outcome.errors).contains(says), "\(way): \(outcome.errors)")
        #expect(outcome.complaints.count == (status == 3 ? 1 : 0), "\(way): \(outcome.errors)")
        workspace.expectNothingLeft()
      }
    }
  }
}
