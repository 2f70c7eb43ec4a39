/// What changed from one report to another: coverage, speed, violations.
struct ReportDifference {
  let old: Report
  let new: Report

  /// The cells that were hit before and are not now, and the other way round, by name.
  let lost: [String]
  let gained: [String]
  /// Violations by cause: those that were not there before, and those that are gone.
  let newViolations: [Report.Violation]
  let goneViolations: [Report.Violation]

  /// Compares `new` with `old`.
  init(old: Report, new: Report) {
    self.old = old
    self.new = new
    func hit(_ report: Report) -> [String] {
      report.coverage.cells.filter(\.reached).map {
        "\($0.operation) \($0.role) in \($0.phase): \($0.event)"
      }
    }
    let (before, now) = (hit(old), hit(new))
    let (known, shown) = (Set(before), Set(now))
    lost = before.filter { !shown.contains($0) }
    gained = now.filter { !known.contains($0) }
    let groups = Set(old.violations.map(\.group))
    let newGroups = Set(new.violations.map(\.group))
    newViolations = new.violations.filter { !groups.contains($0.group) }
    goneViolations = old.violations.filter { !newGroups.contains($0.group) }
  }

  /// The share of the cells hit before that are not hit now, in percent.
  var lossPercent: Double {
    let before = old.coverage.reached
    return before == 0 ? 0 : Double(lost.count) * 100 / Double(before)
  }

  /// Distinct crash states a second, now over before; nil where one of them has none.
  var throughputRatio: Double? {
    guard let before = old.throughput, let now = new.throughput, before > 0 else { return nil }
    return now / before
  }

  /// The comparison, a line each.
  var lines: [String] {
    var lines = [
      "coverage: \(new.coverage.reached) of \(new.coverage.reachable) reachable cells, was "
        + "\(old.coverage.reached) of \(old.coverage.reachable); \(lost.count) lost "
        + "(\(Report.tenths(lossPercent)) %), \(gained.count) gained"
    ]
    lines += lost.map { "  lost    \($0)" } + gained.map { "  gained  \($0)" }
    if let ratio = throughputRatio, let before = old.throughput, let now = new.throughput {
      lines.append(
        "throughput: \(Int(now)) distinct crash states a second, was \(Int(before)): "
          + "\(Report.hundredths(ratio)) x")
    }
    lines.append(
      "violations: \(newViolations.count) new, \(goneViolations.count) gone, "
        + "\(new.violations.count - newViolations.count) as before")
    lines += newViolations.map { "  new   \($0.name): \($0.cause): torture replay \($0.directory)" }
    lines += goneViolations.map { "  gone  \($0.name): \($0.cause)" }
    for verdict in new.verdicts {
      let before = old.verdicts.first {
        $0.subject == verdict.subject && $0.scenario == verdict.scenario
          && $0.target == verdict.target
      }
      guard let before, before.verdict != verdict.verdict else { continue }
      lines.append(
        "verdict: \(verdict.subject) \(verdict.scenario) on \(verdict.target): "
          + "\(verdict.verdict), was \(before.verdict)")
    }
    return lines
  }
}

extension Report {
  /// Distinct crash states a second; nil for a run without time.
  var throughput: Double? {
    durationSeconds > 0 ? Double(distinctCrashStates) / durationSeconds : nil
  }

  /// A number with one decimal.
  static func tenths(_ value: Double) -> String { seconds(value) }

  /// A number with two decimals.
  static func hundredths(_ value: Double) -> String {
    let all = Int((value * 100).rounded())
    let rest = String(all % 100)
    return "\(all / 100)." + (rest.utf8.count == 1 ? "0" : "") + rest
  }
}
