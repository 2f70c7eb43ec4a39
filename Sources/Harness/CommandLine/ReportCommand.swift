import FoundationEssentials

/// `torture report`: reports of several runs as one, or one against another.
enum ReportCommand {
  static let options: [Options.Specification] = [
    .init(
      name: "report", argument: "DIR", help: "merge, trend: where it goes (default Reports/merged)"
    ),
    .init(
      name: "coverage-loss", argument: "PERCENT",
      help: "diff: exit 1 when more of the cells hit before are not hit now (default 5)"),
    .init(name: "help", argument: nil, help: "this text"),
  ]

  static func run(_ words: [String], program: String) throws(RunError) -> Int32 {
    let options = try Options(words, options, command: "report")
    if options.has("help") {
      Console.print(
        Options.help(
          "torture report merge REPORT… | diff OLD NEW | trend REPORT…",
          "merge: one report of several (shards, machines); equal recordings count once.\n"
            + "diff: cells lost and gained, throughput, new and gone violations. Exit status 1\n"
            + "for a new violation or too much coverage lost.\n"
            + "trend: a page with the figures of many reports, in the order given.\n"
            + "A REPORT is the directory that `torture run --report` wrote, or its report.json.",
          Self.options))
      return 0
    }
    guard let verb = options.operands.first else {
      throw .usage("torture report takes merge, diff or trend; torture report --help tells more")
    }
    let paths = Array(options.operands.dropFirst())
    switch verb {
    case "merge": return try merge(paths, options)
    case "diff": return try diff(paths, options)
    case "trend": return try trend(paths, options)
    default: throw .usage("torture report takes merge, diff or trend, not \"\(verb)\"")
    }
  }

  private static func merge(_ paths: [String], _ options: Options) throws(RunError) -> Int32 {
    guard !paths.isEmpty else { throw .usage("torture report merge takes one report or more") }
    let directory = options.values["report"] ?? "Reports/merged"
    for path in paths where Files.isSame(path, directory) {
      throw .usage("\(path): the merged report would take the place of one that it is made of")
    }
    var reports: [(name: String, report: Report)] = []
    for path in paths { reports.append((path, try ReportFile.read(path))) }
    var report = try ReportMerger.merge(reports)
    try Files.makeDirectory(directory)
    ReportWriter.clear(directory)
    for index in report.violations.indices {
      report.violations[index].directory = try adopt(report.violations[index].directory, directory)
    }
    try ReportWriter(report: report).write(to: directory)
    RunCommand.printVerdicts(report, directory: directory)
    Console.print(report.summaryLine)
    return report.exitStatus
  }

  /// Copies a failure's directory below the merged report; where it is not on this machine, its
  /// name stays.
  private static func adopt(_ failure: String, _ directory: String) throws(RunError) -> String {
    guard Files.exists(failure), !Files.isFile(failure) else { return failure }
    let name = failure.split(separator: "/").last.map(String.init) ?? ""
    let base = directory + "/failures/" + name
    var target = base
    var number = 2
    while Files.exists(target) {
      target = "\(base)-\(number)"
      number += 1
    }
    try Files.makeDirectory(directory + "/failures")
    try Files.copy(failure, to: target)
    return target
  }

  private static func diff(_ paths: [String], _ options: Options) throws(RunError) -> Int32 {
    guard paths.count == 2 else { throw .usage("torture report diff takes two reports: OLD NEW") }
    let limit = try options.percent("coverage-loss") ?? 5
    let difference = ReportDifference(
      old: try ReportFile.read(paths[0]), new: try ReportFile.read(paths[1]))
    for line in difference.lines { Console.print(line) }
    let hasLost = difference.lossPercent > limit
    if hasLost {
      Console.print(
        "coverage fell by \(Report.tenths(difference.lossPercent)) %, more than "
          + "\(Report.tenths(limit)) %")
    }
    return hasLost || !difference.newViolations.isEmpty ? 1 : 0
  }

  private static func trend(_ paths: [String], _ options: Options) throws(RunError) -> Int32 {
    guard paths.count > 1 else { throw .usage("torture report trend takes two reports or more") }
    let directory = options.values["report"] ?? "Reports/merged"
    var reports: [(name: String, report: Report)] = []
    for path in paths { reports.append((path, try ReportFile.read(path))) }
    try Files.makeDirectory(directory)
    try Files.write(TrendPage(reports: reports).text, to: directory + "/trend.html")
    Console.print("\(directory)/trend.html: \(reports.count) reports")
    return 0
  }
}
