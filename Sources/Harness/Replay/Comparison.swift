import Oracle
import SubjectProtocol

/// Puts what recovery returned beside what was permitted, record by record, for people.
///
/// The permitted state shown is the nearest one: the one with the fewest differing records.
enum Comparison {
  /// The lines for what `outcome` shows after a crash of `kind` where `model` holds.
  static func lines(
    _ outcome: RecoveryOutcome, _ model: OracleModel, after kind: Contract.Crash
  ) -> [String] {
    var head: [String] = []
    var shown = Dump()
    switch outcome.kind {
    case .recovered(let dump): shown = dump
    case .unstable(let first, let second):
      head = ["the second open showed \(second.count) records, the first one \(first.count):"]
      shown = first
    case .refused(let stage, let kind, let message):
      head = ["recovery: \(stage.rawValue) answered \(kind.rawValue): \(message)"]
    case .broken(let stage, let why):
      head = ["recovery: no answer to \(stage.rawValue): \(why.message)"]
    }
    let nearest = model.judge(shown, after: kind).nearest
    let permitted = nearest?.state ?? shown
    let rows = rows(permitted, shown, isAnswered: head.isEmpty || outcome.dump != nil)
    if rows.isEmpty { return head + ["permitted: an empty store; recovered: the same"] }
    let width = min(60, rows.map(\.permitted.count).reduce("permitted".count, max))
    let keyWidth = min(24, rows.map(\.key.count).reduce("record".count, max))
    var lines = head
    lines.append(
      "  " + padded("record", keyWidth) + "  " + padded("permitted", width) + "  recovered")
    for row in rows {
      lines.append(
        (row.differs ? "! " : "  ") + padded(row.key, keyWidth) + "  "
          + padded(row.permitted, width) + "  " + row.recovered)
    }
    return lines
  }

  private struct Row {
    var key: String
    var permitted: String
    var recovered: String
    var differs: Bool
  }

  private static func rows(_ permitted: Dump, _ shown: Dump, isAnswered: Bool) -> [Row] {
    let left = sorted(permitted)
    let right = sorted(shown)
    let keys = Set(left.map(\.key) + right.map(\.key)).sorted()
    return keys.map { key in
      let expected = left.first { $0.key == key }?.value
      let found = right.filter { $0.key == key }.map(\.value)
      let text = found.isEmpty ? (isAnswered ? "–" : "?") : found.map(text).joined(separator: " ")
      return Row(
        key: self.text(key), permitted: expected.map(self.text) ?? "–", recovered: text,
        differs: !isAnswered || found.count > 1 || expected != found.first)
    }
  }

  private static func sorted(_ dump: Dump) -> [(key: RecordKey, value: RecordValue)] {
    (0..<dump.count).map { (dump.key($0), dump.value($0)) }
  }

  private static func text(_ key: RecordKey) -> String {
    Wording.key(key)
  }

  private static func text(_ value: RecordValue) -> String {
    var text = "[" + value.vector.prefix(3).map { "\($0)" }.joined(separator: ", ")
    text += value.vector.count > 3 ? ", …]" : "]"
    let metadata = value.metadata.canonical
    if metadata.isEmpty { return text }
    if metadata.count <= 24 { return text + " " + String(decoding: metadata, as: UTF8.self) }
    return text + " and \(metadata.count) bytes of metadata"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
