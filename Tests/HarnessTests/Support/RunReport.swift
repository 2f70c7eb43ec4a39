import Foundation

@testable import Harness

/// Runs `plan`, and gives its report without what is never the same twice: paths of the run's own
/// directory, and times.
func report(of plan: RunPlan) -> Report {
  let directory =
    FileManager.default.temporaryDirectory.path()
    + "torture-report-\(UInt64.random(in: 0 ... .max))"
  defer { Files.remove(directory) }
  let runner = Runner(
    plan: plan, targets: TargetFactory(program: ""),
    failures: FailureStore(report: directory, namesParts: false),
    progress: ProgressPrinter(isQuiet: true, isSilent: true))
  var report = ReportBuilder(
    plan: plan, result: runner.run(), canaries: [],
    environment: Report.Environment(commit: "", kernel: "", libfuse: "", cpuCount: 1, cpu: "")
  ).build()
  for index in report.violations.indices { report.violations[index].directory = "" }
  report.durationSeconds = 0
  report.timeline = []
  return report
}

extension Report {
  /// The report as text that is the same for equal reports.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
