import CLinuxShims
import DurabilityModel
import Oracle
import Scenarios

/// `torture shrink`.
enum ShrinkCommand {
  static let options: [Options.Specification] = [
    .init(name: "quiet", argument: nil, help: "no progress, only what is left"),
    .init(name: "help", argument: nil, help: "this text"),
  ]

  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    let options = try Options(words, options, command: "shrink")
    if options.has("help") {
      Console.print(
        Options.help(
          "torture shrink FAILURE [OPTION…]",
          "Takes away what the failure does not need, and says why it needs the rest. Writes\n"
            + "FAILURE-shrunk, after Ctrl-C what has gone so far. Exit status 1: it is there,\n"
            + "smaller; 3: the failure was not reproduced.", Self.options))
      return 0
    }
    guard options.operands.count == 1, let path = options.operands.first else {
      throw .usage("torture shrink takes one failure directory")
    }
    let failure = try FailureDirectory(path)
    _ = clinux_install_interrupt_handler()
    try SweepLeftovers.run()
    let begun = monotonicSeconds()
    let work = ShrinkWork(
      failure: failure, factory: TargetFactory(program: program),
      progress: ProgressPrinter(isQuiet: options.has("quiet")))
    let result = try work.shrink()
    let target = failure.path.hasSuffix("-shrunk") ? failure.path : failure.path + "-shrunk"
    try work.write(result, to: target)
    Console.print(ShrinkWork.explanation(result))
    Console.print("replay:  torture replay \(target)")
    if result.reasons == nil {
      Console.print("interrupted: more may go; torture shrink \(target) goes on from here")
    }
    Console.print(
      "torture: shrunk \(failure.schedule.violation.rawValue) from \(result.linesBefore) schedule "
        + "lines to \(result.smallest.lineCount) in \(result.trials) trials, "
        + "\(Report.seconds(monotonicSeconds() - begun)) s: \(target)")
    return 1
  }
}
