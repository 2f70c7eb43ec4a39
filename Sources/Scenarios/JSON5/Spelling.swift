import SubjectProtocol

/// Suggestions for misspelt names.
enum Spelling {
  /// The known name nearest to `name`, if it is near enough to be what was meant; of equally near
  /// ones the first.
  static func suggestion(for name: [UInt8], among known: [String]) -> String? {
    var best: (name: String, distance: Int)?
    for candidate in known {
      let distance = distance(name, Array(candidate.utf8))
      // A third of the letters wrong is a different word.
      guard distance <= max(1, candidate.utf8.count / 3) else { continue }
      if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
    }
    return best?.name
  }

  /// `; did you mean "…"?` with the nearest known name, or the list of all where none is near.
  static func hint(for name: [UInt8], among known: [String]) -> String {
    if let suggestion = suggestion(for: name, among: known) {
      return "; did you mean \"\(suggestion)\"?"
    }
    return known.isEmpty ? "" : "; known here: \(known.joined(separator: ", "))"
  }

  /// The start of `text` in quotes, with escapes, so that a message stays one line.
  static func quoted(_ text: [UInt8]) -> String {
    let isLong = text.count > 64
    // Cutting may halve the last character; it is then repaired, not passed on.
    let start = Array(String(decoding: text.prefix(64), as: UTF8.self).utf8)
    let quoted = String(decoding: JSONWriter.text(.string(start)), as: UTF8.self)
    return isLong ? quoted + "…" : quoted
  }

  /// How many letters must be inserted, removed, replaced or swapped with their neighbour to get
  /// from one word to the other (Damerau–Levenshtein, no letter edited twice), letter case apart.
  static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    // Names are short; a hostile one is not worth a table of its size.
    guard left.count <= 64, right.count <= 64 else { return max(left.count, right.count) }
    let left = left.map(folded)
    let right = right.map(folded)
    var table = [[Int]](
      repeating: [Int](repeating: 0, count: right.count + 1), count: left.count + 1)
    for row in 0...left.count { table[row][0] = row }
    for column in 0...right.count { table[0][column] = column }
    for row in 0..<left.count {
      for column in 0..<right.count {
        let replaced = table[row][column] + (left[row] == right[column] ? 0 : 1)
        var best = min(replaced, table[row][column + 1] + 1, table[row + 1][column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          best = min(best, table[row - 1][column - 1] + 1)
        }
        table[row + 1][column + 1] = best
      }
    }
    return table[left.count][right.count]
  }

  private static func folded(_ byte: UInt8) -> UInt8 {
    (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
  }
}
