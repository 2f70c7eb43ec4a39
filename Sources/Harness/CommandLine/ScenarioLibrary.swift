import FoundationEssentials
import Glibc
import Scenarios

/// Finds and reads scenario files.
struct ScenarioLibrary {
  /// The folder they are in.
  let directory: String

  /// The library in `explicit`, else in `TORTURE_SCENARIOS`, in `./Scenarios`, or in the package
  /// that `program` was built in.
  init(_ explicit: String?, program: String) throws(RunError) {
    var candidates: [String] = []
    if let explicit {
      candidates = [explicit]
    } else if let variable = getenv("TORTURE_SCENARIOS") {
      candidates = [String(cString: variable)]
    } else {
      candidates = ["Scenarios"]
      var parts = program.split(separator: "/").map(String.init)
      while !parts.isEmpty {
        parts.removeLast()
        candidates.append("/" + (parts + ["Scenarios"]).joined(separator: "/"))
      }
    }
    guard let found = candidates.first(where: { Files.exists($0) }) else {
      throw .usage(
        "no scenarios at \(candidates[0]); give their folder with --scenarios or TORTURE_SCENARIOS")
    }
    directory = found
  }

  /// The names of the scenarios that run by default: the files at the top of the folder.
  var names: [String] {
    Files.names(in: directory).filter { $0.hasSuffix(".json5") }.map { String($0.dropLast(6)) }
  }

  /// Reads a scenario by its name, or by its path when that has a slash or an ending.
  func load(_ name: String) throws(RunError) -> RunPlan.NamedScenario {
    let isPath = name.utf8.contains(UInt8(ascii: "/")) || name.hasSuffix(".json5")
    let path = isPath ? name : "\(directory)/\(name).json5"
    guard Files.exists(path) else {
      throw .usage("no scenario is called \"\(name)\"; there are: \(names.joined(separator: ", "))")
    }
    return try Self.read(path)
  }

  /// Reads the scenario at `path`.
  static func read(_ path: String) throws(RunError) -> RunPlan.NamedScenario {
    let source = try Files.read(path)
    do throws(ScenarioError) {
      let scenario = try Scenario(reading: Array(source.utf8), file: path)
      return RunPlan.NamedScenario(name: scenario.name, scenario: scenario, source: source)
    } catch {
      throw .usage("\(error)")
    }
  }
}
