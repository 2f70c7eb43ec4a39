import Oracle

/// A run held against a baseline: what is new, and what is gone.
struct BaselineComparison: Sendable {
  let baseline: Baseline
  /// The file, as the user named it.
  let file: String

  /// Reads the file, and refuses it where it is about another subject.
  init(_ file: String, subject: String) throws(RunError) {
    self.file = file
    baseline = try Baseline(reading: file)
    if let other = baseline.subject, other != subject {
      throw .usage(
        "--baseline \(file) is about the subject \"\(other)\", and this is \"\(subject)\"; "
          + "take the line \"subject\" out of the file if they are the same")
    }
  }

  /// What the report says of it.
  func report(_ failures: [FailureEntry], measured places: [String]) -> Report.BaselineReport {
    var report = Report.BaselineReport(
      file: file, known: failures.count { baseline.knows($0.cause) }, gone: [], notTried: [])
    for entry in baseline.entries {
      let isThere = failures.contains { failure in
        Baseline.key(
          failure.cause.name, recovery: failure.cause.recovery, cause: failure.cause.text)
          == entry.key
      }
      if isThere { continue }
      let text = "\(entry.name.rawValue): \(entry.cause)"
      // Where it was seen before nothing was tried now: that says nothing.
      if entry.places.isEmpty || entry.places.contains(where: places.contains) {
        report.gone.append(text)
      } else {
        report.notTried.append(text)
      }
    }
    return report
  }
}
