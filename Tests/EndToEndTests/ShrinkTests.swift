import FoundationEssentials
import Glibc
import Testing

extension EndToEndTests {
  @Suite("From a failure to an explanation", .enabled(if: Machine.hasFuse))
  struct ShrinkTests {
    @Test("A failure shrinks to a few lines that say why, and replay on both targets")
    func shrinks() throws {
      let workspace = try Workspace()
      let directory = try ReplayTests.failure(workspace, on: "sim")
      let outcome = try workspace.torture(["shrink", directory, "--quiet"])
      #expect(outcome.status == 1, "\(outcome.errors)")
      #expect(outcome.complaints == [])
      #expect(outcome.lastLine.hasPrefix("torture: shrunk "), "\(outcome.output)")
      let schedule = try String(file: directory + "-shrunk/schedule")
      let lines = schedule.split(separator: "\n")
      let steps = lines.filter { line in
        ["epoch ", "request ", "fault ", "crash "].contains { line.hasPrefix($0) }
      }
      #expect(steps.count <= 12, "\(schedule)")
      // Each request has its reason above it.
      for (line, next) in zip(lines, lines.dropFirst()) where next.hasPrefix("request ") {
        #expect(line.hasPrefix("# without it: "), "\(next)")
      }
      for target in ["sim", "fuse"] {
        let replay = try workspace.torture(["replay", directory + "-shrunk", "--target", target])
        #expect(replay.status == 1, "\(target): \(replay.output) \(replay.errors)")
        #expect(replay.lastLine.hasSuffix("same crash state"))
      }
      // Once more: nothing can go, and it takes the place of itself.
      let again = try workspace.torture(["shrink", directory + "-shrunk", "--quiet"])
      #expect(again.status == 1)
      #expect(try String(file: directory + "-shrunk/schedule") == schedule)
      workspace.expectNothingLeft()
    }

    @Test("Interrupted, it keeps what it has taken away, and goes on from there")
    func interrupted() throws {
      let workspace = try Workspace()
      let outcome = try workspace.run(
        [Workspace.scenario("small")] + Workspace.python("wal.py --bug no-fsync", seeds: 1))
      #expect(outcome.status == 1)
      let directory = try #require(try ReportFile(of: workspace).violations.first).directory
      let run = try workspace.start(["shrink", directory])
      #expect(run.poll { run.complained.contains("lines left") })
      run.signal(SIGINT)
      let ended = try run.wait(seconds: 60)
      #expect(ended.status == 1, "\(ended.errors)")
      #expect(ended.output.contains("goes on from here") || ended.output.contains("without it"))
      #expect(try workspace.torture(["replay", directory + "-shrunk"]).status == 1)
      workspace.expectNothingLeft()
    }

    @Test("The crash state can be held on a mount until Ctrl-C")
    func held() throws {
      let workspace = try Workspace()
      let directory = try ReplayTests.failure(workspace, on: "sim")
      let run = try workspace.start(["replay", directory, "--hold"])
      #expect(run.poll { run.printed.contains("the crash state is mounted at ") })
      let mount = try #require(workspace.mounts().first)
      #expect(try ReplayTests.content(mount) == ReplayTests.content(directory + "/disk"))
      run.signal(SIGINT)
      #expect(try run.wait(seconds: 20).status == 1)
      workspace.expectNothingLeft()
    }

    @Test("A kept failure is replayed by every proof, and tells a bug that is back")
    func regressions() throws {
      let workspace = try Workspace()
      let scenarios = workspace.path + "/Scenarios"
      try FileManager.default.createDirectory(
        atPath: scenarios + "/controls", withIntermediateDirectories: true)
      let directory = try ReplayTests.failure(workspace, on: "sim")
      let keep = ["replay", directory, "--keep", "--scenarios", scenarios]
      #expect(try workspace.torture(keep).status == 1)
      let kept = scenarios + "/regressions/" + (directory.split(separator: "/").last ?? "")
      #expect(access(kept + "/schedule", R_OK) == 0)
      let again = try workspace.torture(keep)
      #expect(again.status == 2)
      #expect(again.complaints == ["torture: \(kept) is there already"])
      // The same schedule of a store that is right: it holds, whatever its operations are.
      let schedule = try String(file: kept + "/schedule")
      try schedule.replacing("\nsubject canary-torn-tail-left", with: "\nsubject minimal")
        .write(toFile: kept + "/schedule")
      let replay = try workspace.torture(["replay", kept])
      #expect([2, 3].contains(replay.status))
      workspace.expectNothingLeft()
    }

    @Test(
      "What is no failure gives one line and exit status 2",
      arguments: ["replay", "shrink"])
    func rubbish(command: String) throws {
      let workspace = try Workspace()
      let directory = try ReplayTests.failure(workspace, on: "sim")
      let schedule = try String(file: directory + "/schedule")
      let half = schedule.utf8.prefix(schedule.utf8.count / 2)
      let cases: [(String, () throws -> Void)] = [
        ("there is no such directory", {}),
        ("not a failure's directory", { _ = mkdir(workspace.path + "/bad", 0o755) }),
        (
          "schedule",
          {
            try String(decoding: half, as: UTF8.self)
              .write(toFile: workspace.path + "/bad/schedule")
          }
        ),
        (
          "schedule", { try "\0\u{FFFD} rubbish\n".write(toFile: workspace.path + "/bad/schedule") }
        ),
        ("it has no epoch", { try Self.withoutEpochs(schedule, workspace) }),
        ("scenario.json5", { try schedule.write(toFile: workspace.path + "/bad/schedule") }),
      ]
      for (says, prepare) in cases {
        try prepare()
        let outcome = try workspace.torture([command, workspace.path + "/bad"])
        #expect(outcome.status == 2, "\(says): \(outcome.output)")
        #expect(outcome.complaints.count == 1, "\(says): \(outcome.errors)")
        #expect(outcome.complaints.first?.contains(says) == true, "\(outcome.errors)")
      }
      workspace.expectNothingLeft()
    }

    private static func withoutEpochs(_ schedule: String, _ workspace: Workspace) throws {
      let steps = ["epoch ", "request ", "fault ", "crash "]
      try schedule.split(separator: "\n")
        .filter { line in !steps.contains { line.hasPrefix($0) } }
        .joined(separator: "\n").write(toFile: workspace.path + "/bad/schedule")
    }
  }
}
