import CLinuxShims
import Glibc

/// The command line of `torture` (design.md, section 6).
public enum TortureCommand {
  /// The version that `--version` prints.
  public static let version = "0.1.0"

  /// A command: its name, what it does, and what runs it with its words and this program's path.
  private struct Command: Sendable {
    var name: String
    var summary: String
    var run: @Sendable ([String], String) throws(RunError) -> Int32
  }

  private static let commands: [Command] = [
    Command(
      name: "run",
      summary: "crash a subject in every way the disk permits, and judge what it recovers",
      run: RunCommand.run),
    Command(
      name: "replay", summary: "reproduce a failure from its directory", run: ReplayCommand.run),
    Command(
      name: "shrink", summary: "take away what a failure does not need", run: ShrinkCommand.run),
    Command(
      name: "baseline", summary: "write known violations down, so that only new ones fail a run",
      run: BaselineCommand.run),
    Command(
      name: "check-subject",
      summary: "walk a program through the protocol, before any crash is tried",
      run: CheckSubjectCommand.run),
    Command(
      name: "mount", summary: "a disk for any program, on which the power can be cut",
      run: MountCommand.run),
    Command(
      name: "control", summary: "tell a mounted disk to crash, fail, go back…",
      run: ControlCommand.run),
    Command(
      name: "inspect", summary: "tell what every byte of a reference store's directory is",
      run: InspectCommand.run),
    Command(
      name: "report", summary: "merge reports, or compare one with another",
      run: ReportCommand.run),
    Command(
      name: "findings", summary: "run every subject and setting, and write what was found",
      run: FindingsCommand.run),
    Command(
      name: "list", summary: "list subjects, scenarios, models or faults", run: ListCommand.run),
    Command(
      name: "doctor", summary: "say what this machine lacks, and how to get it",
      run: DoctorCommand.run),
    Command(name: "bench", summary: "measure, and print a table", run: BenchCommand.run),
    Command(
      name: "subject", summary: "be a built-in subject, on standard input and output",
      run: SubjectCommandLine.run),
  ]

  /// Runs the command that `arguments` (without the program's own name) ask for; the result is the
  /// exit status.
  public static func main(_ arguments: [String]) -> Int32 {
    clinux_ignore_broken_pipes()
    guard let name = arguments.first else {
      Console.complain(help)
      return 2
    }
    switch name {
    // A process of the bench's own, and so on no list of commands.
    case "bench-peer": return BenchPeerCommand.run(Array(arguments.dropFirst()))
    case "help" where arguments.count == 2: return main([arguments[1], "--help"])
    case "--help", "-h", "help":
      Console.print(help)
      return 0
    case "--version":
      Console.print("torture (wal-torture) \(version)")
      return 0
    default: break
    }
    guard let command = commands.first(where: { $0.name == name }) else {
      Console.complain("torture: there is no command \"\(name)\"; torture --help lists them")
      return 2
    }
    do throws(RunError) {
      return try command.run(Array(arguments.dropFirst()), programPath())
    } catch {
      Console.complain("torture: \(error.message)")
      switch error {
      case .usage: return 2
      case .notMeasured, .harness, .interrupted: return 3
      }
    }
  }

  private static var help: String {
    var lines = [
      "usage: torture COMMAND [OPTION…]", "",
      "Crashes a write-ahead log in every way a disk permits, and checks that nothing it promised "
        + "is lost.", "", "commands:",
    ]
    for command in commands {
      let padding = String(repeating: " ", count: 15 - command.name.count)
      lines.append("  \(command.name)" + padding + command.summary)
    }
    lines += [
      "", "torture COMMAND --help tells the options of each.",
      "exit status: 0 nothing broken, 1 a violation, 2 bad usage or input, 3 not measured",
    ]
    return lines.joined(separator: "\n")
  }

  /// The path of this very program, for its subject processes.
  private static func programPath() throws(RunError) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let count = readlink("/proc/self/exe", &buffer, Int(PATH_MAX))
    guard count > 0 else { throw .harness("/proc/self/exe cannot be read: is /proc mounted?") }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
