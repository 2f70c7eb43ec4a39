extension HTMLReport {
  /// The rows of the subject's recovery table, and how effects that crashes left open came out.
  var recovery: String { source + rows + effects }

  /// How much of the reference's source was reached.
  private var source: String {
    report.sourceCoverage.map { "<p id=\"source\">\(Self.escape($0.line))</p>\n" } ?? ""
  }

  private var rows: String {
    guard let rows = report.recoveryRows else { return "" }
    let body = rows.map { row in
      """
      <tr><td>\(row.row)<td>\(Self.escape(row.met))<td class="number">\
      \(row.recordings > 0 ? String(row.recordings) : "<span class=\"broken\">never</span>")</tr>
      """
    }.joined(separator: "\n")
    return """
      <h3 id="recovery">Recovery table: \(rows.count { $0.recordings > 0 }) of \(rows.count) rows \
      met</h3>
      <details><summary>All rows</summary><div class="scroll"><table><thead><tr><th>row<th>meets\
      <th class="number">recordings</tr></thead>
      \(body)
      </table></div></details>
      """
  }

  private var effects: String {
    guard let effects = report.openEffects else { return "" }
    func cell(_ count: Int) -> String {
      count > 0 ? String(count) : "<span class=\"broken\">never</span>"
    }
    let body = effects.map { effect in
      """
      <tr><td>\(Self.escape(effect.kind))<td class="number">\(cell(effect.present))\
      <td class="number">\(cell(effect.absent))</tr>
      """
    }.joined(separator: "\n")
    return """
      <h3 id="effects">Effects that a crash left open: \
      \(effects.count { $0.present > 0 && $0.absent > 0 }) of \(effects.count) kinds seen both \
      there and gone</h3>
      <details><summary>All kinds</summary><div class="scroll"><table><thead><tr><th>effect\
      <th class="number">recordings where it was there<th class="number">where it was gone</tr>\
      </thead>
      \(body)
      </table></div></details>
      """
  }
}
