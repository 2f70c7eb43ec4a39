import Determinism
import Scenarios
import Testing

@testable import Harness

@Suite("The command line")
struct CommandLineTests {
  @Test(
    "Commands are split as a shell splits words",
    arguments: [
      ("python3 a.py --x", ["python3", "a.py", "--x"]), ("  a   b ", ["a", "b"]),
      ("'a b' \"c d\"", ["a b", "c d"]), ("a\\ b", ["a b"]), ("''", [""]),
      ("\"it's\"", ["it's"]), ("'a'\"b\"c", ["abc"]),
    ])
  func words(command: String, words: [String]) throws {
    #expect(try CommandWords.split(command) == words)
  }

  @Test("A quotation that does not end is refused", arguments: ["'a", "\"a b", "a\\"])
  func unfinished(command: String) {
    #expect(throws: RunError.self) { try CommandWords.split(command) }
  }

  @Test("A command that is printed for a shell is read back as the same words")
  func shellOptions() throws {
    let words = ["python3", "my subject.py", "it's", "a\"b\\c", "", "é", "--sync"]
    let printed = RunPlan.SubjectChoice.command(words).shellOptions
    let prefix = "--subject-command "
    #expect(printed.hasPrefix(prefix))
    // The shell takes the outer quotation away; a quotation in it is closed, escaped and reopened.
    let shell = try CommandWords.split(String(printed.dropFirst(prefix.count)))
    #expect(shell.count == 1)
    #expect(try CommandWords.split(try #require(shell.first)) == words)
  }

  private func plan(shard: RunPlan.Shard, seeds: Int) throws -> RunPlan {
    let scenario = RunPlan.NamedScenario(
      name: "s", scenario: .init(name: "s", purpose: "p"), source: "")
    return RunPlan(
      scenarios: [scenario, scenario], targets: [.sim], subject: .builtIn("minimal"),
      seed: Seed(7), limit: .seeds(seeds), jobs: 1, shard: shard)
  }

  @Test("Shards together run each seed of the whole once", arguments: 1...9, 1...4)
  func shards(seeds: Int, count: Int) throws {
    let whole = try plan(shard: .init(index: 1, count: 1), seeds: seeds)
    let all = (0..<(whole.taskCount ?? 0)).map { whole.task($0).seed.value }
    var parts: [UInt64] = []
    for index in 1...count {
      let part = try plan(shard: .init(index: index, count: count), seeds: seeds)
      parts += (0..<(part.taskCount ?? 0)).map { part.task($0).seed.value }
    }
    #expect(all.count == seeds * 2)
    #expect(parts.sorted() == all.sorted())
  }

  @Test("The first seed is the one that was given")
  func firstSeed() throws {
    #expect(try plan(shard: .init(index: 1, count: 1), seeds: 3).task(0).seed == Seed(7))
  }

  @Test("Text that goes into HTML and XML is escaped")
  func escaping() {
    #expect(
      HTMLReport.escape("<a href=\"x\">&\u{1}") == "&lt;a href=&quot;x&quot;&gt;&amp;\u{FFFD}")
  }
}
