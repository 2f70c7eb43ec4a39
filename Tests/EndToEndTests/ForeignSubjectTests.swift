import Glibc
import Testing

extension EndToEndTests {
  @Suite(
    "A log that nobody here wrote",
    .enabled(if: Machine.runsForeignSubjects, "/dev/fuse does not open, or there is no Python"))
  struct ForeignSubjectTests {
    @Test("A right log holds")
    func right() throws {
      let report = try Self.run("wal.py", seeds: 2, status: 0)
      #expect(report.verdictNames == ["held"])
      #expect(report.activity.statesWithDrops > 50)
      #expect(report.activity.barriers > 20)
    }

    @Test("A right log that promises only what was flushed is held to that")
    func relaxed() throws {
      let report = try Self.run("wal.py --relaxed", status: 0)
      #expect(report.verdictNames == ["held"])
      #expect(report.activity.statesWithDrops > 50)
    }

    /// One bug each, the scenario that shows it, and in how many seeds.
    static let bugs: [(scenario: String, options: String, seeds: Int)] = [
      ("small", "--bug no-fsync", 1),
      ("small", "--bug acknowledge-before-fsync", 2),
      ("small", "--bug no-directory-fsync", 2),
      ("torn", "--bug torn-tail-left", 4),
      ("small", "--relaxed --bug flush-does-nothing", 2),
    ]

    @Test("The same log with one bug is broken by the right name", arguments: bugs.indices)
    func wrong(index: Int) throws {
      let (scenario, options, seeds) = Self.bugs[index]
      let report = try Self.run("wal.py \(options)", scenario, seeds: seeds, status: 1)
      #expect(report.verdictNames == ["broken"])
      // Which of the two comes first depends on whether a put or a delete was lost.
      let names: Set = ["acknowledged-write-lost", "deleted-record-resurrected"]
      #expect(!names.isDisjoint(with: report.names), "\(report.names)")
    }

    @Test("A log in a shared mapping holds, and a process crash takes nothing that was stored")
    func mapped() throws {
      for options in ["--mapped", "--mapped --relaxed"] {
        let report = try Self.run("wal.py \(options)", status: 0)
        #expect(report.verdictNames == ["held"], "\(options)")
        #expect(report.activity.statesWithDrops > 50)
      }
      let broken = try Self.run("wal.py --mapped --bug no-fsync", seeds: 2, status: 1)
      #expect(broken.verdictNames == ["broken"])
    }

    @Test("syncfs is seen: a barrier where the model says so, and none where not")
    func syncfs() throws {
      for (model, status) in [("ext4-ordered", Int32(0)), ("posix-min", 1)] {
        let workspace = try Workspace()
        let outcome = try workspace.run(
          [Workspace.scenario("small"), "--quiet", "--model", model]
            + Workspace.python("wal.py --syncfs", seeds: 2))
        #expect(outcome.status == status, "\(model): \(outcome.output) \(outcome.errors)")
        let note = "note: the subject calls syncfs or sync: under \(model) they cover "
        #expect(outcome.output.contains(note), "\(outcome.output)")
        workspace.expectNothingLeft()
      }
    }

    @Test("A scenario may hold a log to more than it promises")
    func override() throws {
      let workspace = try Workspace()
      let scenario = try String(file: Workspace.scenario("small"))
      let brace = try #require(scenario.firstIndex(of: "{"))
      let stricter =
        scenario[...brace] + "\n  contract: { acknowledgement: \"durable\" },"
        + scenario[scenario.index(after: brace)...]
      let file = try workspace.write(String(stricter), to: "stricter.json5")
      let outcome = try workspace.run([file, "--quiet"] + Workspace.python("wal.py --relaxed"))
      #expect(outcome.status == 1, "\(outcome.errors)")
      #expect(try ReportFile(of: workspace).names.contains("acknowledged-write-lost"))
      workspace.expectNothingLeft()
    }

    @Test("A failure of a foreign log is reproduced from its directory")
    func replay() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run("torn", python: "wal.py --bug torn-tail-left", seeds: 4)
      #expect(outcome.status == 1)
      let violation = try #require(try ReportFile(of: workspace).violations.first)
      let replay = try workspace.torture(["replay", violation.directory])
      #expect(replay.status == 1, "\(replay.output) \(replay.errors)")
      #expect(replay.lastLine.hasPrefix("torture: reproduced \(violation.name)"))
      let other = try workspace.torture(["replay", violation.directory, "--target", "sim"])
      #expect(other.status == 2)
      #expect(other.complaints.count == 1)
      workspace.expectNothingLeft()
    }

    static func run(
      _ subject: String, _ scenario: String = "small", seeds: Int = 1, status: Int32
    ) throws -> ReportFile {
      let workspace = try Workspace()
      let outcome = try workspace.run(scenario, python: subject, seeds: seeds)
      #expect(outcome.status == status, "\(outcome.output) \(outcome.errors)")
      #expect(outcome.complaints == [])
      workspace.expectNothingLeft()
      return try ReportFile(of: workspace)
    }
  }
}
