import CLinuxShims
import DurabilityModel
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
    .init(
      name: "hold", argument: nil,
      help: "mount the crash state, print where, and wait for Ctrl-C"),
    .init(
      name: "keep", argument: nil,
      help: "add it to the regressions that make torture replays first"),
    .init(name: "scenarios", argument: "DIR", help: "the folder that regressions/ is in"),
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
    let failure = try FailureDirectory(directory)
    var kind = failure.schedule.target
    if let name = options.values["target"] {
      guard let target = TargetKind(rawValue: name) else {
        throw .usage("--target takes sim or fuse, not \"\(name)\"")
      }
      kind = target
    }
    _ = clinux_install_interrupt_handler()
    try SweepLeftovers.run()
    let session = try failure.session(on: kind, TargetFactory(program: program))
    defer { session.target.shutDown() }
    var result: Replayer.Result?
    do throws(RunError) {
      result = try Replayer(session: session, schedule: failure.schedule).replay()
    } catch {
      guard case .usage(let why) = error, mayVary(failure, session) else { throw error }
      Console.print(why)
    }
    try use(result, options, failure, session, program)
    let status: Int32
    if let result {
      status = try show(result, failure, session)
    } else {
      status = try recur(failure, session)
    }
    if options.has("hold") {
      try HeldImage.serve(try image(result, failure, session)) { path in
        Console.print("the crash state is mounted at \(path); Ctrl-C gives it back")
      }
    }
    return status
  }

  /// Whether the subject may do something else each time: a program may, and what comes with the
  /// tool does where it has threads.
  private static func mayVary(_ failure: FailureDirectory, _ session: SubjectSession) -> Bool {
    if failure.schedule.subject.isForeign { return true }
    return session.mayVary
  }

  /// The crash state: as it was made again, else as it was kept.
  private static func image(
    _ result: Replayer.Result?, _ failure: FailureDirectory, _ session: SubjectSession
  ) throws(RunError) -> Disk {
    if let image = result?.image { return image }
    guard Files.exists(failure.path + "/disk") else {
      throw .usage("a live violation has no crash state to look at")
    }
    return try ImageReader.disk(failure.path + "/disk", parameters: session.scenario.disk)
  }

  /// Takes the state out and keeps the failure, where that was asked for.
  private static func use(
    _ result: Replayer.Result?, _ options: Options, _ failure: FailureDirectory,
    _ session: SubjectSession, _ program: String
  ) throws(RunError) {
    if let path = options.values["extract"] {
      guard !Files.exists(path) else { throw .usage("\(path) is there already") }
      try ImageWriter(disk: try image(result, failure, session)).extract(to: path)
      Console.print("crash state extracted to \(path)")
    }
    if options.has("keep") {
      let library = try ScenarioLibrary(options.values["scenarios"], program: program)
      let kept = try Regressions(library: library).keep(failure)
      Console.print("kept as \(kept); make torture replays it first")
    }
  }

  private static func show(
    _ result: Replayer.Result, _ failure: FailureDirectory, _ session: SubjectSession
  ) throws(RunError) -> Int32 {
    let schedule = failure.schedule
    Console.print("the last steps:")
    for line in result.history.suffix(20) { Console.print("  " + line) }
    if !result.pending.isEmpty {
      Console.print("pending at the crash, in issue order, and what of it was kept:")
      for line in result.pending { Console.print("  " + line) }
    }
    if !result.comparison.isEmpty {
      Console.print("what was permitted (the nearest state) and what recovery returned:")
      for line in result.comparison { Console.print("  " + line) }
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
    if mayVary(failure, session) { return try recur(failure, session) }
    Console.print(
      "torture: not reproduced: the schedule says \(schedule.violation.rawValue), this time "
        + (names.isEmpty ? "nothing" : names)
        + (result.isSameState ? "" : ", and the crash state differs"))
    return 3
  }

  /// What to say of a program that did something else this time: how often the failure recurs.
  private static func recur(
    _ failure: FailureDirectory, _ session: SubjectSession
  ) throws(RunError) -> Int32 {
    let measured = try Recurrence(failure: failure, session: session).measure()
    let name = failure.schedule.violation.rawValue
    Console.print(
      measured.recurs
        ? "torture: reproduced \(name), \(measured.text)"
        : "torture: not reproduced: the schedule says \(name), \(measured.text)")
    return measured.recurs ? 1 : 3
  }
}
