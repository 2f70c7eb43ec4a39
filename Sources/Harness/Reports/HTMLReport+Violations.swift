extension HTMLReport {
  /// Every violation: what broke, the disk picture, the schedule and the commands.
  var violations: String {
    guard !report.violations.isEmpty else { return "" }
    return "<h2 id=\"violations\">Violations</h2>\n"
      + report.violations.map(article).joined(separator: "\n")
  }

  private func article(_ violation: Report.Violation) -> String {
    let exhibit = exhibits[violation.directory]
    return """
      <article><h3 class="broken">\(Self.escape(violation.name))</h3>
      <p>\(Self.escape(violation.subject)), scenario \(Self.escape(violation.scenario)), target \
      \(violation.target), seed <code>\(violation.seed)</code>: \
      \(Self.escape(violation.crashPoint)). Weakest model: \
      \(Self.escape(violation.weakestModelText)) \
      (happens under \(Self.escape(violation.models.joined(separator: ", ")))). Seen \
      \(violation.occurrences) times: \(Self.escape(violation.placesText)).</p>
      <p>Cause: \(Self.escape(violation.cause)).</p>
      <ul>\(violation.explanation.prefix(8).map { "<li>\(Self.escape($0))" }.joined())</ul>
      \(exhibit.map(picture) ?? "")
      <pre>torture replay \(Self.escape(violation.directory))
      torture shrink \(Self.escape(violation.directory))
      torture replay \(Self.escape(violation.directory)) --hold</pre>
      </article>
      """
  }

  private func picture(_ exhibit: Exhibit) -> String {
    var parts: [String] = []
    if !exhibit.pending.isEmpty {
      parts.append(
        "<h4>The disk at the crash</h4><div class=\"scroll\"><table class=\"disk\">"
          + "<thead><tr><th>kept?<th>operation</tr></thead>"
          + exhibit.pending.map(pendingRow).joined(separator: "\n") + "</table></div>")
    }
    func folded(_ title: String, _ lines: [String], isOpen: Bool = false) {
      guard !lines.isEmpty else { return }
      parts.append(
        "<details\(isOpen ? " open" : "")><summary>\(title)</summary><pre>"
          + lines.map(Self.escape).joined(separator: "\n") + "</pre></details>")
    }
    folded("Files of the crash image", exhibit.files)
    folded("What was permitted, and what recovery returned", exhibit.recovered, isOpen: true)
    folded("Schedule (\(exhibit.schedule.count) lines)", exhibit.schedule)
    return parts.joined(separator: "\n")
  }

  /// A line of `PendingPrinter`: its first word says what became of the operation.
  private func pendingRow(_ line: String) -> String {
    let word = line.prefix { $0 != " " }
    let rest = line.dropFirst(word.count).drop { $0 == " " }
    let mark =
      switch word {
      case "kept": "kept"
      case "torn": "torn"
      case "dropped", "dropped:": "dropped"
      default: "note"
      }
    guard mark != "note" else { return "<tr><td><td>\(Self.escape(line))</tr>" }
    return "<tr class=\"\(mark)\"><td>\(mark)<td><code>\(Self.escape(String(rest)))</code></tr>"
  }
}
