import FoundationEssentials

/// `torture baseline`.
enum BaselineCommand {
  private static let own: [Options.Specification] = [
    .init(
      name: "output", argument: "FILE",
      help: "where the baseline goes (for a report: default standard output)"),
    .init(name: "add", argument: nil, help: "keep what stands in FILE, and add to it"),
  ]

  /// Its own options, and those of the run it makes.
  static let options =
    own + RunCommand.options.filter { !["baseline", "prove"].contains($0.name) }

  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    let options = try Options(words, options, command: "baseline")
    if options.has("help") {
      Console.print(
        Options.help(
          "torture baseline REPORT [--output FILE] [--add]\n"
            + "       torture baseline [SCENARIO…] --output FILE [--add] [OPTION…]",
          "Writes the violations of a report's directory, or of a run that it makes, as known\n"
            + "ones: torture run --baseline FILE then exits 1 for new ones only, and says which\n"
            + "are gone.",
          Self.options))
      return 0
    }
    let output = options.values["output"]
    // Before a run that may take long: is there a place for what it finds?
    let old = try existing(output, adds: options.has("add"))
    let directory: String
    if options.operands.count == 1, Files.isFile(options.operands[0] + "/report.json") {
      directory = options.operands[0]
    } else {
      if let path = options.operands.first, path.utf8.contains(UInt8(ascii: "/")),
        !path.hasSuffix(".json5")
      {
        throw .usage("\(path): no report: it has no report.json")
      }
      guard output != nil else {
        throw .usage(
          "torture baseline needs a report's directory, or --output FILE for the run it makes")
      }
      directory = options.values["report"] ?? "Reports/latest"
      let status = try RunCommand.run(runWords(options), program: program)
      guard status != 2, Files.isFile(directory + "/report.json") else { return status }
    }
    let report = try read(directory)
    if let problem = report.problem {
      throw .notMeasured("\(directory): that run did not end: \(problem)")
    }
    var baseline = Baseline(of: report)
    if let old { baseline.add(old) }
    guard let output else {
      Console.print(String(baseline.text.dropLast()))
      return 0
    }
    try Files.write(baseline.text, to: output)
    Console.print(
      "torture: \(baseline.entries.count) known violations in \(output): "
        + "torture run … --baseline \(output)")
    return 0
  }

  /// The words of the run: all but this command's own.
  private static func runWords(_ options: Options) -> [String] {
    var words = options.operands
    for specification in RunCommand.options {
      guard let value = options.values[specification.name] else { continue }
      words.append("--" + specification.name)
      if specification.argument != nil { words.append(value) }
    }
    return words
  }

  /// What stands in the file already; a file that is no baseline is not overwritten.
  private static func existing(_ output: String?, adds: Bool) throws(RunError) -> Baseline? {
    guard let output, Files.exists(output) else {
      if adds && output == nil { throw .usage("--add needs --output FILE") }
      return nil
    }
    do throws(RunError) {
      let baseline = try Baseline(reading: output)
      return adds ? baseline : nil
    } catch {
      throw .usage("\(error.message); a file that is no baseline is not overwritten")
    }
  }

  private static func read(_ directory: String) throws(RunError) -> Report {
    let path = directory + "/report.json"
    let text = try Files.read(path)
    guard let report = try? JSONDecoder().decode(Report.self, from: Data(text.utf8)) else {
      throw .usage("\(path): not a report of this version of torture: run it again")
    }
    return report
  }
}
