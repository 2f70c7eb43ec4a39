import DurabilityModel

/// Makes trials and entries of what a search found.
///
/// Every part has a report like any run; those of one subject and promise are merged, so that a
/// violation seen under several models is one entry (`ReportParts`, `ReportMerger`).
struct FindingsSummary {
  let work: FindingsWork
  let environment: Report.Environment
  /// Until when findings are worked at; nil for as long as it takes.
  let end: Double?

  /// What was tried, and what was found.
  func make(
    _ parts: [FindingsWork.Part]
  ) throws(RunError) -> (trials: [FindingsData.Trial], entries: [FindingsData.Entry]) {
    var parts = parts
    label(&parts)
    var trials: [FindingsData.Trial] = []
    var entries: [FindingsData.Entry] = []
    var first = 0
    while first < parts.count {
      let (subject, heldTo) = (parts[first].subject, parts[first].heldTo)
      let same = parts[first...].prefix { $0.subject.name == subject.name && $0.heldTo == heldTo }
      first = same.endIndex
      var reports: [(name: String, report: Report)] = []
      for part in same {
        let report = ReportBuilder(
          plan: part.plan, result: part.result, canaries: [], environment: environment
        ).build()
        trials.append(trial(part, report))
        reports.append((part.title, report))
      }
      let merged = try ReportMerger.merge(reports)
      let maker = FindingsEntryMaker(
        subject: subject, heldTo: heldTo, factory: work.factory, progress: work.progress)
      for violation in merged.violations {
        entries.append(try maker.entry(violation, works: hasTime(for: subject)))
      }
    }
    return (trials, entries)
  }

  /// What runs in this process is shrunk in a second or two, whatever time is left; a database's
  /// finding stays as it was found once the time is up.
  private func hasTime(for subject: FindingsSubject) -> Bool {
    !isInterrupted() && (!subject.isDatabase || end.map { monotonicSeconds() < $0 } ?? true)
  }

  /// Says of each cause under which models it happens: those that the search saw it under, and
  /// those that its first example shows it under.
  private func label(_ parts: inout [FindingsWork.Part]) {
    // The rest of the time is for shrinking and replaying.
    let now = monotonicSeconds()
    let labelEnd = end.map { now + ($0 - now) / 3 }
    var known: [String: WeakestModel] = [:]
    for part in parts.indices {
      for index in parts[part].result.failures.indices {
        let failure = parts[part].result.failures[index]
        let key = key(parts[part], failure)
        if known[key] == nil {
          var example = [failure]
          if hasTime(for: parts[part].subject) {
            WeakestModel.label(
              &example, work.factory, work.progress,
              until: parts[part].subject.isDatabase ? labelEnd : nil)
          }
          let seen = parts.filter { other in
            other.result.failures.contains { self.key(other, $0) == key }
          }
          known[key] = (example[0].models ?? WeakestModel(found: failure))
            .seen(under: seen.map(\.model))
        }
        parts[part].result.failures[index].models = known[key]
      }
    }
  }

  private func key(_ part: FindingsWork.Part, _ failure: FailureEntry) -> String {
    "\(part.subject.name) \(part.heldTo.rawValue) \(failure.cause.group)"
  }

  private func trial(_ part: FindingsWork.Part, _ report: Report) -> FindingsData.Trial {
    let crashes = report.recordings.flatMap(\.crashes)
    return FindingsData.Trial(
      subject: part.subject.name, heldTo: part.heldTo, model: part.model.rawValue,
      targets: part.plan.targets.map(\.rawValue), verdicts: report.verdicts, seeds: report.seeds,
      crashStates: report.crashStates, distinctCrashStates: report.distinctCrashStates,
      unconfirmed: report.activity.unconfirmedViolations,
      crashes: ["process-crash", "power-loss"].filter(crashes.contains),
      found: report.violations.map(\.group), problem: report.problem)
  }
}
