import CLinuxShims
import Scenarios
import SubjectProtocol

/// `torture check-subject`.
enum CheckSubjectCommand {
  static let options: [Options.Specification] = [
    .init(
      name: "options", argument: "JSON5", help: "the subject's own options, for hello and open"),
    .init(name: "seconds", argument: "S", help: "how long an answer may take (default 5)"),
    .init(
      name: "mode", argument: "direct|cached|auto",
      help: "of the mount; auto (default): cached for subjects that map files shared"),
    .init(name: "quiet", argument: nil, help: "only what is not honoured, and the summary"),
    .init(name: "help", argument: nil, help: "this text"),
  ]

  /// Exit status: 0 all is honoured, 1 something is not, 2 bad usage, 3 this machine cannot tell.
  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    let options = try Options(words, options, command: "check-subject")
    if options.has("help") {
      Console.print(
        Options.help(
          "torture check-subject 'CMD ARG…' [OPTION…]",
          "Walks a subject through the protocol, before any crash, on a mount as in a run. Says\n"
            + "line by line what it honours (ok), does not honour (NOT: what was sent, what came, "
            + "what the\nprotocol says), does not claim (-), and what is worth to know (note).\n"
            + "Exit status: 0 all is honoured, 1 something is not, 2 bad usage, 3 it cannot be run "
            + "here.", Self.options))
      return 0
    }
    guard options.operands.count == 1, let command = options.operands.first else {
      throw .usage("torture check-subject takes one word, the command in quotes; --help tells more")
    }
    let arguments = try CommandWords.program(command, "the command")
    let own = try subjectOptions(options)
    var limits = Scenario.Limits()
    if let seconds = try options.seconds("seconds") { limits.requestSeconds = max(1, Int(seconds)) }
    _ = clinux_install_interrupt_handler()
    try SweepLeftovers.run()
    let target = try FuseTarget(
      command: arguments, isForeign: true, mode: try PlanReader.mode(options))
    target.limits = limits
    defer { target.shutDown() }
    let isQuiet = options.has("quiet")
    var check = SubjectCheck(probe: SubjectProbe(target), options: own) { result in
      if isQuiet && result.verdict != .notHonoured { return }
      for line in result.lines { Console.print(line) }
    }
    try check.run()
    func count(_ verdict: ConformanceResult.Verdict) -> Int {
      check.results.count { $0.verdict == verdict }
    }
    let broken = count(.notHonoured)
    Console.print(
      "torture: \(count(.honoured)) honoured, \(broken) not honoured, \(count(.notClaimed)) not "
        + "claimed, \(count(.told)) notes")
    return broken == 0 ? 0 : 1
  }

  /// The subject's options as JSON text of one line.
  private static func subjectOptions(_ options: Options) throws(RunError) -> String {
    guard let text = options.values["options"] else { return "{}" }
    do throws(ScenarioError) {
      let node = try JSON5Parser.parse(Array(text.utf8), file: "--options")
      guard case .object = node.value else {
        throw ScenarioError(file: "--options", line: 1, message: "an object is needed")
      }
      return String(decoding: JSONWriter.text(node.json), as: UTF8.self)
    } catch {
      throw .usage("\(error)")
    }
  }
}
