import Glibc
import Testing

extension EndToEndTests {
  @Suite("Misuse of the command line")
  struct UsageTests {
    /// Words, and what the one line must contain.
    static let mistakes: [(words: [String], says: String)] = [
      (["frobnicate"], "no command \"frobnicate\""),
      (["run", "--frobnicate"], "does not know --frobnicate"),
      (["run", "-x"], "does not know -x"),
      // Not an abbreviation of --model or --seed.
      (["run", "--mod", "posix-min"], "does not know --mod"),
      (["run", "--see=1"], "does not know --see=1"),
      (["run", "nosuch"], "no scenario is called \"nosuch\"; there are: automatic-checkpoints, "),
      (["run", "/nonexistent/x.json5"], "no scenario is called \"/nonexistent/x.json5\""),
      (["run", "/"], "/: cannot be read: Is a directory"),
      (["run", "smoke", "--scenarios", "/nonexistent"], "no scenarios at /nonexistent"),
      (["run", "smoke", "--subject", "nobody"], "no subject is called \"nobody\""),
      (["run", "smoke", "--seed", "banana"], "--seed takes a decimal number, 0x"),
      (["run", "smoke", "--seed", "-1"], "not \"-1\""),
      (["run", "smoke", "--seed", "18446744073709551616"], "not \"18446744073709551616\""),
      (["run", "smoke", "--seed", "0x"], "not \"0x\""),
      (["run", "smoke", "--seed", "12345678901234567890123456789012345678zz"], "zz\""),
      (["run", "smoke", "--seed"], "--seed needs a value"),
      (["run", "smoke", "--seeds", "--quiet"], "--seeds needs a value"),
      (["run", "smoke", "--seeds", "0"], "above 0, not \"0\""),
      (["run", "smoke", "--seeds", "2.5"], "above 0, not \"2.5\""),
      (["run", "smoke", "--seed", "1", "--seed", "2"], "--seed is given twice"),
      (["run", "smoke", "--time", "soon"], "a number of seconds above 0, not \"soon\""),
      (["run", "smoke", "--time", "nan"], "not \"nan\""),
      (["run", "smoke", "--time", "-5"], "not \"-5\""),
      (["run", "smoke", "--time", "5", "--seeds", "5"], "--seeds and --time exclude each other"),
      (["run", "smoke", "--depth", "-1"], "--depth takes a number from 0 to 64, not \"-1\""),
      (["run", "smoke", "--depth", "65"], "not \"65\""),
      (["run", "smoke", "--jobs", "0"], "above 0, not \"0\""),
      (["run", "smoke", "--jobs", "100000"], "--jobs takes at most 256"),
      (["run", "smoke", "--target", "moon"], "--target takes sim, fuse or sim,fuse, not \"moon\""),
      (["run", "smoke", "--target", ","], "--target takes sim, fuse"),
      (["run", "smoke", "--model", "ext9"], "--model takes one of "),
      (["run", "smoke", "--mode", "fast"], "--mode takes direct, cached or auto, not \"fast\""),
      (["run", "smoke", "--shard", "3/2"], "--shard takes I/N"),
      (["run", "smoke", "--shard", "1"], "--shard takes I/N"),
      (["run", "smoke", "--subject-command", " "], "--subject-command is empty"),
      (["run", "smoke", "--subject-command", "a 'b"], "inside a quotation"),
      (["run", "smoke", "--subject", "reference", "--subject-command", "x"], "exclude each other"),
      (["run", "smoke", "--subject-command", "cat", "--target", "sim"], "needs --target fuse"),
      (["run", "smoke", "--subject", "lmdb", "--target", "sim"], "needs --target fuse"),
      (["run", "smoke", "--recover-command", " "], "--recover-command is empty"),
      (["run", "smoke", "--target", "sim", "--recover-command", "cat"], "needs --target fuse"),
      (["run", "smoke", "--baseline", "/nonexistent"], "/nonexistent: cannot be read"),
      (["check-subject"], "takes one word, the command in quotes"),
      (["baseline", "/nonexistent/report"], "/nonexistent/report: no report"),
      (["replay"], "takes one failure directory"),
      (["replay", "a", "b"], "takes one failure directory"),
      (["replay", "/nonexistent"], "/nonexistent: there is no such directory"),
      (["list"], "usage: torture list"),
      (["list", "everything"], "usage: torture list"),
      (["doctor", "please"], "torture doctor takes no words"),
      (["subject", "nobody"], "no subject is called \"nobody\""),
      (["bench", "--fast"], "does not know --fast"),
    ]

    @Test("Each mistake gives one line, status 2, and nothing else")
    func mistakes() throws {
      let workspace = try Workspace()
      for (words, says) in Self.mistakes {
        let reports = words.first == "run" && words.last != "--seed"
        let outcome = try workspace.torture(
          words + (reports ? ["--report", workspace.report] : []),
          environment: ["TORTURE_SCENARIOS=\(Machine.package)/Scenarios"])
        #expect(outcome.status == 2, "\(words)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(words): \(outcome.errors)")
        #expect(outcome.complaints.first?.contains(says) == true, "\(words): \(outcome.errors)")
        #expect(outcome.output == "", "\(words)")
        #expect(access(workspace.report, F_OK) != 0, "\(words): no report is begun")
      }
      workspace.expectNothingLeft()
    }

    /// Scenario files that are none, with where and why.
    static let badScenarios: [(text: String, says: String)] = [
      (
        "{\n  purpose: \"x\",\n  // how many\n  operatons: 5,\n}\n",
        ":4: unknown key \"operatons\"; did you mean \"operations\"?"
      ),
      (
        "{ purpose: \"x\",\n  limits: {\n requestSecond: 5 } }",
        ":3: unknown key \"requestSecond\"; did you mean \"requestSeconds\"?"
      ),
      (
        "{ purpose: \"x\",\n crashes: [\"powerloss\"] }",
        ":2: \"crashes\" cannot be \"powerloss\""
      ),
      (
        "{ purpose: \"x\",\n\n operations: \"many\" }",
        ":3: \"operations\" must be a whole number from 1"
      ),
      ("{ purpose: \"x\", operations: 0 }", ":1: \"operations\" must be a whole number from 1"),
      ("{ purpose: \"x\",\n operations: 5", ":2:15: the text ends where"),
      ("{ purpose: \"x\",\n seed: 1, }", ":2: unknown key \"seed\""),
      ("{ purpose: \"x\",\n epochs: 1,\n epochs: 2 }", ":3:2: the key \"epochs\" stands on line 2"),
      ("{}", ":1: \"purpose\" is missing"),
      ("[]", ":1"),
      ("", ":1:1: the text ends where a value must stand"),
    ]

    @Test("A scenario that is none gives its file, line and a suggestion")
    func scenarios() throws {
      let workspace = try Workspace()
      for (text, says) in Self.badScenarios {
        let file = try workspace.write(text, to: "bad.json5")
        let outcome = try workspace.run([file, "--target", "sim", "--seeds", "1"])
        #expect(outcome.status == 2, "\(text)")
        #expect(outcome.complaints.count == 1, "\(text): \(outcome.errors)")
        #expect(
          outcome.complaints.first?.hasPrefix("torture: \(file)\(says)") == true,
          "\(outcome.errors)")
        #expect(outcome.output == "")
        #expect(access(workspace.report, F_OK) != 0)
      }
    }

    @Test("Help is an answer, not an error")
    func help() throws {
      let workspace = try Workspace()
      let commands =
        [["--help"], ["--version"]]
        + [
          "run", "replay", "list", "doctor", "bench", "mount", "control", "check-subject",
          "baseline",
        ].map { [$0, "--help"] }
      for words in commands {
        let outcome = try workspace.torture(words)
        #expect(outcome.status == 0, "\(words)")
        #expect(outcome.errors == "", "\(words)")
        #expect(!outcome.output.isEmpty, "\(words)")
      }
      let nothing = try workspace.torture([])
      #expect(nothing.status == 2)
      #expect(nothing.errors.contains("exit status: 0 nothing broken, 1 a violation"))
    }

    @Test("Everything that can be listed is, and what is listed can be used")
    func lists() throws {
      let workspace = try Workspace()
      let environment = ["TORTURE_SCENARIOS=\(Machine.package)/Scenarios"]
      for what in ["subjects", "scenarios", "models", "faults"] {
        let outcome = try workspace.torture(["list", what], environment: environment)
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        #expect(!outcome.output.isEmpty)
      }
      let subjects = try workspace.torture(["list", "subjects"]).output.split(separator: "\n")
      #expect(subjects.count >= 10)
      for line in subjects {
        let name = try #require(line.split(separator: " ").first)
        let outcome = try workspace.torture(["subject", String(name)])
        #expect(outcome.status == 0, "\(name) reads the end of its input")
      }
    }
  }
}
