import DurabilityModel
import Scenarios
import StorageInterface
import Subjects

/// `torture list`.
enum ListCommand {
  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    if words == ["--help"] {
      Console.print(Options.help(usage, "Lists what there is, one a line.", []))
      return 0
    }
    switch words.first {
    case "subjects":
      for entry in SubjectRegistry.entries { row(entry.name, entry.summary) }
      // What is listed can be used: without their program, only --subject NAME tells how to get it.
      for setting in DatabaseSetting.all where DatabaseProgram.isThere(beside: program) {
        row(setting.name, "\(setting.engine.rawValue), \(setting.setting)")
      }
    case "scenarios":
      let library = try ScenarioLibrary(nil, program: program)
      for name in library.names { row(name, try library.load(name).scenario.purpose) }
    case "models":
      for model in PersistenceModelName.allCases {
        row(model.rawValue, model.summary)
      }
    case "faults":
      let entries =
        FaultCatalogue.effects + FaultCatalogue.states + FaultCatalogue.lostPages
        + FaultCatalogue.profiles
      for entry in entries {
        Console.print(entry.form)
        Console.print("    " + entry.meaning)
      }
      row("operations", FaultableOperation.allCases.map(\.rawValue).joined(separator: " "))
      row("errnos", Errno.names.map(\.name).joined(separator: " "))
      row("roles", "a file's name with its digits masked, as wal-#.log; * is any")
      row("example", "request=1000003 fdatasync wal-#.log nth=1 EIO state=xfs lost=first")
    default:
      throw .usage("usage: " + usage)
    }
    return 0
  }

  private static let usage = "torture list subjects|scenarios|models|faults"

  private static func row(_ name: String, _ text: String) {
    Console.print(name + String(repeating: " ", count: max(2, 32 - name.count)) + text)
  }
}
