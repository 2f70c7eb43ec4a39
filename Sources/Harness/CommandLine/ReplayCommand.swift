import CLinuxShims
import FaultFS
import Glibc
import Oracle
import Scenarios

/// `torture replay`.
enum ReplayCommand {
  static let options: [Options.Specification] = [
    .init(
      name: "target", argument: "sim|fuse",
      help: "replay on this target instead of the failure's own"),
    .init(name: "extract", argument: "DIR", help: "copy the crash state out, for your own tools"),
    .init(name: "help", argument: nil, help: "this text"),
  ]

  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    let options = try Options(words, options, command: "replay")
    if options.has("help") {
      Console.print(
        Options.help(
          "torture replay FAILURE [OPTION…]",
          "Runs the schedule in the failure's directory again. Exit status 1: the same violation\n"
            + "was there again; 3: it was not.", Self.options))
      return 0
    }
    guard options.operands.count == 1, let directory = options.operands.first else {
      throw .usage("torture replay takes one failure directory")
    }
    let schedulePath = directory + "/schedule"
    var schedule = try ScheduleFile(parsing: try Files.read(schedulePath), file: schedulePath)
    if let name = options.values["target"] {
      guard let target = TargetKind(rawValue: name) else {
        throw .usage("--target takes sim or fuse, not \"\(name)\"")
      }
      schedule.target = target
    }
    let scenario = try ScenarioLibrary.read(directory + "/scenario.json5")
    _ = clinux_install_interrupt_handler()
    try SweepLeftovers.run()
    let target = try TargetFactory(program: program).make(
      schedule.target, subject: schedule.subject)
    defer { target.shutDown() }
    target.limits = scenario.scenario.limits
    let session = try SubjectSession(
      target: target, kind: schedule.target, scenarioName: schedule.scenario,
      scenario: scenario.scenario, subjectName: schedule.subject.name)
    let result = try Replayer(session: session, schedule: schedule).replay()
    if let path = options.values["extract"] {
      guard let image = result.image else {
        throw .usage("a live violation has no crash state to extract")
      }
      guard !Files.exists(path) else { throw .usage("\(path) is there already") }
      try ImageWriter(disk: image).extract(to: path)
      Console.print("crash state extracted to \(path)")
    }
    return show(result, schedule)
  }

  private static func show(_ result: Replayer.Result, _ schedule: ScheduleFile) -> Int32 {
    Console.print("the last steps:")
    for line in result.history.suffix(20) { Console.print("  " + line) }
    if !result.pending.isEmpty {
      Console.print("pending at the crash, in issue order, and what of it was kept:")
      for line in result.pending { Console.print("  " + line) }
    }
    if !result.explanation.isEmpty { Console.print("expected and found:") }
    for line in result.explanation { Console.print("  " + line) }
    let names = result.names.map(\.rawValue).joined(separator: ", ")
    if result.reproduces(schedule) {
      Console.print(
        "torture: reproduced \(schedule.violation.rawValue) (all names: \(names)), same crash state"
      )
      return 1
    }
    Console.print(
      "torture: not reproduced: the schedule says \(schedule.violation.rawValue), this time "
        + (names.isEmpty ? "nothing" : names)
        + (result.isSameState ? "" : ", and the crash state differs"))
    return 3
  }
}
