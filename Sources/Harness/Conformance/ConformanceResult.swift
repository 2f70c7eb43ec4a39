/// One line of `torture check-subject`: something the protocol asks for, and whether it is
/// honoured.
struct ConformanceResult: Equatable, Sendable {
  /// What became of it.
  enum Verdict: String, Sendable {
    case honoured = "ok"
    case notHonoured = "NOT"
    /// The subject does not claim it, so it was not tried.
    case notClaimed = "-"
    /// No fault, but worth to know before a run.
    case told = "note"
  }

  var verdict: Verdict
  /// The request or the part of the protocol, and what it is about.
  var what: String
  /// What was sent, and what came; empty where that says nothing.
  var sent = ""
  var came = ""
  /// What is wrong with what came, where that cannot be seen from it.
  var why = ""
  /// What the protocol says, with its section.
  var says = ""

  /// The line, and below one that is not honoured what was sent, what came and what should have.
  var lines: [String] {
    let padding = String(repeating: " ", count: 6 - verdict.rawValue.count)
    var lines = [verdict.rawValue + padding + what]
    guard verdict == .notHonoured else { return lines }
    if !sent.isEmpty { lines.append("      sent  " + Self.shortened(sent)) }
    if !came.isEmpty { lines.append("      came  " + Self.shortened(came)) }
    if !why.isEmpty { lines.append("      why   " + Self.shortened(why)) }
    if !says.isEmpty { lines.append("      says  " + says) }
    return lines
  }

  /// A line as people can read it: no more than fits, and no control characters.
  static func shortened(_ text: String) -> String {
    let printable = text.unicodeScalars.map {
      $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0)
    }
    if printable.count <= 240 { return printable.joined() }
    return printable.prefix(180).joined() + " … " + printable.suffix(40).joined()
      + " (\(text.utf8.count) bytes)"
  }
}
