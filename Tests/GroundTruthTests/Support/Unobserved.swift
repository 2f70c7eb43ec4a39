import FoundationEssentials

/// What the models of real file systems permit beyond what their file systems showed:
/// `Fixtures/unobserved.txt`, with one reason a group.
///
/// Single outcomes would be hundreds, and which of them come up is a matter of sampling; so an
/// outcome counts by its shape.
struct Unobserved: Sendable {
  /// One kind of outcome of one workload.
  struct Cell: Hashable, Sendable {
    var model: String
    var stage: String
    var shape: String
    var workload: String
  }

  /// The kept cells, and why a model permits each.
  private(set) var reasons: [Cell: String] = [:]

  /// The file that comes with these tests.
  static let shared: Result<Unobserved, any Error> = Result { try Unobserved() }

  private init() throws {
    let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let text = try String(contentsOfFile: "/\(folder)/Fixtures/unobserved.txt", encoding: .utf8)
    // A line that begins with two spaces goes on.
    var lines: [String] = []
    for line in text.split(separator: "\n") {
      if line.hasPrefix("  "), let last = lines.popLast() {
        lines.append(last + line.dropFirst())
      } else {
        lines.append(String(line))
      }
    }
    var reason = ""
    for line in lines.drop(while: { !$0.hasPrefix("because: ") }) {
      if line.hasPrefix("because: ") {
        reason = String(line.dropFirst(9))
        continue
      }
      let words = line.split(separator: " ").map(String.init)
      guard words.count > 3, words[2].hasSuffix(":") else { throw Damage(line: line) }
      for workload in words[3...] {
        let cell = Cell(
          model: words[0], stage: words[1], shape: String(words[2].dropLast()), workload: workload)
        guard reasons.updateValue(reason, forKey: cell) == nil else { throw Damage(line: line) }
      }
    }
  }

  private struct Damage: Error { var line: String }

  /// The kept cells of one workload under one model.
  func cells(of workload: String, _ model: String) -> Set<Cell> {
    let workload = Self.identifier(of: workload)
    return Set(reasons.keys.filter { $0.workload == workload && $0.model == model })
  }

  /// A workload's short name: its letter and number, or where it has no number all of its words.
  static func identifier(of workload: String) -> String {
    let words = workload.split(separator: " ").filter { $0 != "+" }
    if words[0].count > 1 { return String(words[0]) }
    return words.map { $0.last == "," ? String($0.dropLast()) : String($0) }
      .joined(separator: "-")
  }

  /// The shape of an outcome: what its name says about holes, zeros, sizes, pages and order.
  static func shape(of name: String) -> String {
    var shapes: Set<String> = []
    for word in name.split(separator: " ") {
      let word = word.last == ";" ? word.dropLast() : word
      if word.allSatisfy("NOTDFm0S".contains) {
        shapes.formUnion(Self.shapes(ofLetters: Array(word)))
      } else if word.count == 4, word.allSatisfy("01".contains) {
        shapes.insert("names")
      }
      switch word {
      case "many": shapes.insert("any-pages")
      case "new-prefix": shapes.insert("first-pages")
      case "size<new", "page-mult": shapes.insert("short")
      default: break
      }
    }
    if name.contains("at page boundary") { shapes.insert("short") }
    if name.contains("data then zeros") { shapes.insert("zeros") }
    if name.contains("NON-PREFIX") { shapes.insert("out-of-order") }
    return shapes.isEmpty ? "whole" : shapes.sorted().joined(separator: "+")
  }

  private static func shapes(ofLetters letters: [Character]) -> Set<String> {
    var shapes: Set<String> = []
    let pairs = Array(zip(letters, letters.dropFirst()))
    if letters.contains("T") { shapes.insert("torn") }
    if pairs.contains(where: { $0 == "0" && $1 != "0" }) { shapes.insert("hole") }
    if letters.last == "0" { shapes.insert("zeros") }
    let endsOld = letters.contains("m") && letters.last == "O"
    if letters.contains("O") && letters.contains("F") || endsOld {
      shapes.insert("old-tail")
    } else if pairs.contains(where: { $0 == "O" && $1 == "N" }) {
      shapes.insert("any-pages")
    } else if pairs.contains(where: { $0 == "N" && $1 == "O" }) {
      shapes.insert("first-pages")
    }
    return shapes
  }
}
