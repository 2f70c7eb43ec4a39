import Determinism
import DurabilityModel

/// What a task does otherwise than a fresh seed would: with the seed it is all that a recording
/// depends on.
///
/// Its text is one line of words, `guided faults=0x1f aim=write,wal-#.log,append,fault-EIO`, as
/// reports and `torture run --variation` have it.
struct Variation: Sendable, Equatable {
  /// What kind of variation it is.
  var kind: Kind
  /// The seed that faults are drawn from; nil for the task's own.
  var faults: Seed?
  /// The seed that crash states, continuations and damage are drawn from; nil for the task's own.
  var crashes: Seed?
  /// The seed of the edits that the requests get; nil for none.
  var edits: Seed?
  /// The cells to reach.
  var aims: [Aim] = []
  /// The fault of an exhaustive task; nil for the one without.
  var single: SingleFault?

  /// The kinds of variations.
  enum Kind: String, Sendable {
    case guided, exhaustive
  }

  /// A cell to reach.
  struct Aim: Sendable, Hashable {
    var place: CoveragePlace
    var event: CoverageEvent
  }

  /// A fault of one life, and of no other.
  struct SingleFault: Sendable, Equatable {
    /// The life (`Explorer.Start.path`).
    var life: String
    var fault: Fault
  }

  /// What a fresh seed of a guided run does.
  static let guided = Variation(kind: .guided)

  init(kind: Kind) { self.kind = kind }

  /// Whether crash points like many others get few states.
  var sparesStates: Bool { kind == .guided }
}

// MARK: - Text

extension Variation {
  /// One line; `init(parsing:)` is its inverse.
  var text: String {
    var words = [kind.rawValue]
    if let faults { words.append("faults=\(faults)") }
    if let crashes { words.append("crashes=\(crashes)") }
    if let edits { words.append("edits=\(edits)") }
    words += aims.map { "aim=" + $0.text }
    if let single {
      words += ["life=\(single.life)", "fault=" + WordCoding.encoded(single.fault.text)]
    }
    return words.joined(separator: " ")
  }

  /// Reads the text form; nil where it is none.
  init?(parsing text: String) {
    let words = text.utf8.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
    guard let first = words.first, let kind = Kind(rawValue: first) else { return nil }
    self.init(kind: kind)
    var life: String?
    var fault: Fault?
    for word in words.dropFirst() {
      let parts = word.utf8.split(separator: UInt8(ascii: "="), maxSplits: 1)
        .map { String(decoding: $0, as: UTF8.self) }
      guard parts.count == 2 else { return nil }
      switch parts[0] {
      case "faults", "crashes", "edits":
        guard let seed = Seed(parsing: parts[1]) else { return nil }
        switch parts[0] {
        case "faults": faults = seed
        case "crashes": crashes = seed
        default: edits = seed
        }
      case "aim":
        guard let aim = Aim(parsing: parts[1]) else { return nil }
        aims.append(aim)
      case "life": life = parts[1]
      case "fault":
        guard let text = WordCoding.decoded(parts[1]), let read = Fault(parsing: text) else {
          return nil
        }
        fault = read
      default: return nil
      }
    }
    guard (life == nil) == (fault == nil) else { return nil }
    if let life, let fault { single = SingleFault(life: life, fault: fault) }
  }
}

extension Variation.Aim {
  /// One word: operation, role, phase and event with commas between.
  var text: String {
    [place.operation, place.role.name, place.phase.rawValue, event.name]
      .map(WordCoding.encoded).joined(separator: ",")
  }

  /// Reads the text form; nil where it is none.
  init?(parsing text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      .map { WordCoding.decoded(String(decoding: $0, as: UTF8.self)) }
    guard parts.count == 4, let operation = parts[0], let role = parts[1],
      let phase = parts[2].flatMap({ Phase(rawValue: $0) }),
      let event = CoverageEvent.all.first(where: { $0.name == parts[3] })
    else { return nil }
    place = CoveragePlace(operation: operation, role: FileRole(name: role), phase: phase)
    self.event = event
  }
}

/// Text as one word without spaces, commas or anything that a shell takes for its own within single
/// quotes: other bytes become `%` and two hex digits.
enum WordCoding {
  static func encoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
        || (0x61...0x7A).contains(byte) || "-_./#*:+@=".utf8.contains(byte)
      if isPlain {
        bytes.append(byte)
      } else {
        bytes.append(UInt8(ascii: "%"))
        for digit in [byte >> 4, byte & 15] {
          bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func decoded(_ text: String) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
