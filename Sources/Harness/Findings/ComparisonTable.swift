import Oracle

/// The comparison page: every subject × every violation's name, generated from the data alone.
struct ComparisonTable {
  let data: FindingsData

  /// One line of the table: a subject under one promise.
  struct Row {
    var subject: String
    var heldTo: FindingsData.Promise
    /// By violation name, in the order of `columns`.
    var cells: [String]
  }

  /// The violation names, in their order of precedence.
  let columns = ViolationName.allCases.map(\.rawValue)

  /// The rows, in the order of the subjects, the documented promise first.
  var rows: [Row] {
    data.subjects.flatMap { subject in
      FindingsData.Promise.allCases.compactMap { heldTo in
        let trials = data.trials.filter { $0.subject == subject.name && $0.heldTo == heldTo }
        guard !trials.isEmpty else { return nil }
        return Row(
          subject: subject.name, heldTo: heldTo,
          cells: columns.map { cell($0, subject.name, heldTo, trials) })
      }
    }
  }

  /// The weakest model under which the promise breaks; `·` where it was tried and held, `?` where
  /// it was not tried.
  private func cell(
    _ name: String, _ subject: String, _ heldTo: FindingsData.Promise,
    _ trials: [FindingsData.Trial]
  ) -> String {
    let models = data.entries
      .filter {
        $0.violation.subject == subject && $0.heldTo == heldTo && $0.violation.name == name
      }
      .map(\.violation.weakestModel)
    let order = ["none", "ext4-ordered", "xfs", "btrfs", "lazyfs", "posix-min"]
    if let weakest = order.first(where: models.contains) ?? models.first {
      return weakest == "none" ? "process" : weakest
    }
    return trials.contains { $0.crashStates > 0 } ? "·" : "?"
  }

  /// The table in Markdown: only the columns in which anything broke, the others by name below.
  var markdown: [String] {
    let rows = rows
    let broken = columns.indices.filter { column in
      rows.contains { $0.cells[column] != "·" && $0.cells[column] != "?" }
    }
    var lines = [
      "| subject | held to | \(broken.map { columns[$0] }.joined(separator: " | ")) |",
      "| --- | --- |" + broken.map { _ in " --- |" }.joined(),
    ]
    if broken.isEmpty { lines = ["| subject | held to |", "| --- | --- |"] }
    for row in rows {
      let cells = broken.map { row.cells[$0] }.joined(separator: " | ")
      lines.append(
        "| `\(row.subject)` | \(row.heldTo.rawValue) |" + (broken.isEmpty ? "" : " \(cells) |"))
    }
    let rest = columns.indices.filter { !broken.contains($0) }.map { columns[$0] }
    return lines + ["", "In no subject: \(rest.joined(separator: ", "))."]
  }

  /// The same in HTML, every column.
  var html: String {
    let head = (["subject", "held to"] + columns).map { "<th>\(HTMLReport.escape($0))" }.joined()
    let body = rows.map { row in
      "<tr><td><code>\(HTMLReport.escape(row.subject))</code><td>\(row.heldTo.rawValue)"
        + row.cells.map { cell in
          "<td class=\"\(cell == "·" ? "held" : cell == "?" ? "" : "broken")\">\(cell)"
        }.joined() + "</tr>"
    }
    return "<table><tr>\(head)</tr>\n\(body.joined(separator: "\n"))\n</table>"
  }
}
