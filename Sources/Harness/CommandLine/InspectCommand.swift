import PosixIO
import ReferenceStore
import StorageInterface

/// `torture inspect`.
enum InspectCommand {
  static let options: [Options.Specification] = [
    .init(name: "records", argument: nil, help: "a line for each record"),
    .init(
      name: "salvage", argument: "OUT",
      help: "copy what can be proven to a new store in the empty directory OUT"),
    .init(name: "help", argument: nil, help: "this text"),
  ]

  /// Exit status: 0 the store can be opened, 1 it is damaged, 2 bad usage or input.
  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    let options = try Options(words, options, command: "inspect")
    if options.has("help") {
      Console.print(
        Options.help(
          "torture inspect DIR [OPTION…]",
          "Tells what every byte of a reference store's directory is. Opens nothing for writing.\n"
            + "Exit status: 0 the store can be opened, 1 it cannot, 2 bad usage or input.",
          Self.options))
      return 0
    }
    guard options.operands.count == 1, let directory = options.operands.first else {
      throw .usage("torture inspect: give one directory; --help tells more")
    }
    let storage = try open(directory)
    let inspection: Inspection
    do throws(StoreError) {
      inspection = try Inspection(storage: storage, listsRecords: options.has("records"))
    } catch {
      throw .usage("torture inspect: \(directory): \(error)")
    }
    print(inspection)
    if let target = options.values["salvage"] { return try salvage(storage, target) }
    return inspection.failure == nil && !inspection.isDamaged ? 0 : 1
  }

  private static func open(_ directory: String) throws(RunError) -> PosixStorage {
    do throws(Errno) { return try PosixStorage(directory: directory) } catch {
      throw .usage("torture inspect: \(directory) cannot be opened: \(error)")
    }
  }

  private static func print(_ inspection: Inspection) {
    for file in inspection.files {
      Console.print("\(file.name)  \(file.size) bytes: \(file.summary)")
      for extent in file.extents {
        let range = "\(extent.range.lowerBound)..<\(extent.range.upperBound)"
        let padding = String(repeating: " ", count: max(1, 24 - range.count))
        let name = extent.verdict.rawValue
        let gap = String(repeating: " ", count: max(1, 12 - name.count))
        Console.print("  \(range)\(padding)\(name)\(extent.note.isEmpty ? "" : gap + extent.note)")
      }
    }
    if let report = inspection.report {
      Console.print(
        "opens: rows \(report.rows.letters) of the recovery table; \(report.snapshotRecords) "
          + "records of a checkpoint, \(report.replayedRecords) of the log, "
          + "\(report.carriedRecords) of them to be copied, \(report.cutBytes) bytes cut")
    } else if let failure = inspection.failure {
      Console.print("does not open: \(failure)")
    } else {
      Console.print("no store is here")
    }
  }

  private static func salvage(
    _ storage: PosixStorage, _ target: String
  ) throws(RunError) -> Int32 {
    let copy = try open(target)
    do throws(StoreError) {
      let salvaged = try Salvage(from: storage, to: copy)
      for note in salvaged.notes { Console.print("salvage: \(note)") }
      for gap in salvaged.missing {
        Console.print("salvage: no record has LSN \(gap.lowerBound) to \(gap.upperBound)")
      }
      Console.print(
        "salvaged to \(target): \(salvaged.records) records; checkpoint "
          + (salvaged.checkpoint.map { "\($0)" } ?? "none")
          + ", \(salvaged.lostRecords) of its records lost, \(salvaged.appliedRecords) records of "
          + "the log applied")
      return 0
    } catch {
      throw .usage("torture inspect: cannot salvage to \(target): \(error)")
    }
  }
}
