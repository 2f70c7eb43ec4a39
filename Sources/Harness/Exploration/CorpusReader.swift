import Determinism
import DurabilityModel
import Scenarios

/// Makes a corpus of a report: what its recordings showed, and how each can be made again.
///
/// A report is a corpus, and merged reports are merged corpora.
enum CorpusReader {
  /// The corpus of the report at `path`, as far as `plan` can go on from it: the recordings of its
  /// subject, scenarios and targets.
  static func read(_ path: String, for plan: RunPlan) throws(RunError) -> Corpus {
    let report = try ReportFile.read(path)
    let coverage = try ReportCoverage(report, path)
    var corpus = Corpus()
    for (number, recording) in report.recordings.enumerated() {
      guard recording.subject == plan.subject.name,
        let scenario = plan.scenarios.first(where: { $0.name == recording.scenario }),
        scenario.scenario.disk.model.rawValue == recording.model,
        let target = plan.targets.first(where: { $0.rawValue == recording.target }),
        let seed = Seed(parsing: recording.seed)
      else { continue }
      var variation = Variation.guided
      if let text = recording.variation {
        guard let read = Variation(parsing: text) else {
          throw .usage("\(path): recording \(number): \"\(text)\" is no variation")
        }
        variation = read
      }
      // A fault at one place is not to be varied.
      if variation.kind == .exhaustive { variation = .guided }
      corpus.add(
        Corpus.Entry(
          scenario: recording.scenario, target: target, seed: seed, variation: variation),
        places: try coverage.places(of: number), behaviours: try coverage.behaviours(of: number))
    }
    guard !corpus.isEmpty else {
      throw .usage(
        "\(path): no recording of subject \(plan.subject.name) in these scenarios and targets")
    }
    return corpus
  }
}
