import Glibc
import Testing

extension EndToEndTests {
  @Suite(
    "Subjects that misbehave",
    .enabled(if: Machine.runsForeignSubjects, "/dev/fuse does not open, or there is no Python"))
  struct MisbehaviourTests {
    /// How it misbehaves before anything was measured, and what the one line says.
    static let beforeHello: [(how: String, says: String)] = [
      ("exit hello", "did not answer hello: the subject exited with status 7"),
      ("abort hello", "did not answer hello: the subject was ended by signal 6"),
      ("rubbish hello", "its answer to hello is none: byte 0"),
      ("endless-line hello", "answer is longer than 1048576 bytes"),
      ("memory hello", "exited with status 1; it said: MemoryError"),
      ("close-output hello", "the subject closed its standard output"),
    ]

    @Test("A subject that never says what it is, is not measured", arguments: beforeHello.indices)
    func neverBegun(index: Int) throws {
      let (how, says) = Self.beforeHello[index]
      let workspace = try Workspace()
      let outcome = try workspace.run("strict", python: "misbehave.py \(how)")
      #expect(outcome.status == 3)
      #expect(outcome.complaints.count == 1, "\(outcome.errors)")
      #expect(outcome.errors.contains(says), "\(outcome.errors)")
      #expect(try ReportFile(of: workspace).violations.isEmpty)
      workspace.expectNothingLeft()
    }

    @Test(
      "A program that cannot be executed gives one line",
      arguments: [
        ("/nonexistent", "(ENOENT)"), ("nonexistent", "(ENOENT)"), ("/etc/passwd", "(EACCES)"),
        ("/", "(EACCES)"),
      ])
    func notExecutable(command: String, says: String) throws {
      let workspace = try Workspace()
      let outcome = try workspace.run([
        Workspace.scenario("strict"), "--subject-command", command, "--seeds", "1",
      ])
      #expect(outcome.status == 3)
      #expect(
        outcome.complaints == [
          "torture: \(command): the subject's program cannot be executed \(says)"
        ])
      workspace.expectNothingLeft()
    }

    /// How it misbehaves later, and by which name it is broken.
    static let later: [(how: String, name: String, says: String)] = [
      ("exit put", "subject-crashed", "at put: the subject exited with status 7"),
      ("exit dump", "recovery-crashed", "at the dump: the subject exited with status 7"),
      ("exit open", "recovery-crashed", "at the open: the subject exited with status 7"),
      ("abort put", "subject-crashed", "at put: the subject was ended by signal 6"),
      ("rubbish put", "subject-crashed", "at put: its answer to put is none"),
      ("rubbish dump", "recovery-crashed", "at the dump: its answer to dump is none"),
      ("endless-line put", "subject-crashed", "longer than 1048576 bytes"),
      ("memory put", "subject-crashed", "MemoryError"),
      ("memory dump", "recovery-exhausted-memory", "MemoryError"),
      ("close-output put", "subject-crashed", "closed its standard output"),
      // Neither of these is held against a subject; that it keeps nothing is.
      ("fork put", "acknowledged-write-lost", "must be there is missing"),
      ("flood put", "acknowledged-write-lost", "must be there is missing"),
      ("late", "acknowledged-write-lost", "must be there is missing"),
      // Above the limit, and not ten times above it.
      ("slow put", "acknowledged-write-lost", "must be there is missing"),
    ]

    @Test("A subject that misbehaves later is broken by the right name", arguments: later.indices)
    func broken(index: Int) throws {
      let (how, name, says) = Self.later[index]
      let workspace = try Workspace()
      let outcome = try workspace.run("strict", python: "misbehave.py \(how)")
      #expect(outcome.status == 1, "\(outcome.errors)")
      #expect(outcome.complaints == [])
      let report = try ReportFile(of: workspace)
      #expect(report.names.contains(name), "\(report.names)")
      #expect(!report.names.contains("subject-hung"))
      #expect(outcome.errors.contains(says), "\(outcome.errors)")
      #expect(report.verdictNames == ["broken"])
      workspace.expectNothingLeft()
    }

    /// How it hangs, its status, and what the run says of it.
    static let hangs: [(how: String, status: Int32, says: String)] = [
      (
        "hang hello", 3,
        "did not answer hello: the subject neither answered nor used the disk for 10"
      ),
      ("hang put", 1, "VIOLATION subject-hung"),
      ("hang dump", 1, "VIOLATION recovery-hung"),
    ]

    @Test("A subject that hangs is given ten times its limit, then named and killed")
    func hanging() throws {
      // All at once: they do nothing but wait.
      let started = try Self.hangs.map { how, _, _ in
        let workspace = try Workspace()
        let words = ["run", Workspace.scenario("strict"), "--quiet", "--report", workspace.report]
        let run = try workspace.start(words + Workspace.python("misbehave.py \(how)"))
        return (workspace, run)
      }
      for (index, (workspace, run)) in started.enumerated() {
        let outcome = try run.wait()
        let (how, status, says) = Self.hangs[index]
        #expect(outcome.status == status, "\(how): \(outcome.errors)")
        #expect((outcome.errors + outcome.output).contains(says), "\(how): \(outcome.errors)")
        #expect(outcome.complaints.count == (status == 3 ? 1 : 0), "\(how): \(outcome.errors)")
        workspace.expectNothingLeft()
      }
    }

    @Test("A subject cannot write outside its world")
    func escaping() throws {
      let workspace = try Workspace()
      let outside = workspace.path + "/outside"
      let outcome = try workspace.run("strict", python: "misbehave.py escape \(outside)")
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("it said: outside: Permission denied"), "\(outcome.errors)")
      #expect(access(outside, F_OK) != 0)
      workspace.expectNothingLeft()
    }

    @Test("A subject that does nothing is not measured, whatever it promises")
    func inert() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run("strict", python: "misbehave.py quiet")
      #expect(outcome.status == 3)
      let report = try ReportFile(of: workspace)
      #expect(report.verdictNames == ["not measured"])
      #expect(report.verdicts.first?.reason.contains("no barrier was ever reached") == true)
      #expect(try String(file: workspace.report + "/summary.md").hasPrefix("# Not measured"))
      workspace.expectNothingLeft()
    }

    @Test("A subject whose contract promises nothing is not measured")
    func promisesNothing() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run("strict", python: "misbehave.py promises-nothing")
      #expect(outcome.status == 3)
      let report = try ReportFile(of: workspace)
      #expect(report.verdictNames == ["not measured"])
      #expect(report.verdicts.first?.reason.contains("promises nothing") == true)
      workspace.expectNothingLeft()
    }
  }
}
