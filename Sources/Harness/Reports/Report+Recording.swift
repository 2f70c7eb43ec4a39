import FoundationEssentials

extension Report {
  /// What one seed of one scenario on one target came to: the unit that reports are made of and
  /// merged by. Recordings with the same subject, scenario, target, model, seed and variation are
  /// equal.
  struct Recording: Codable, Sendable {
    /// Its place among all tasks of the run, shards included; recordings are listed by it.
    var task: Int
    var subject: String
    /// The options of `torture run` that choose the subject; absent in reports of earlier versions.
    var subjectOptions: String?
    var scenario: String
    var target: String
    var model: String
    var seed: String
    /// What it did otherwise than its seed would (`Variation`); absent where nothing.
    var variation: String?
    /// What was done, in numbers.
    var numbers: RunStatistics
    /// The kinds of crash that were tried.
    var crashes: [String]
    /// Those that the scenario asks for and the contract promises nothing about.
    var unpromised: [String]
    /// Why nothing was measured; absent where something was.
    var notMeasured: String?
    /// The subject cannot do what the scenario is about, and nobody asked for the scenario by name.
    var isLeftOut: Bool
    /// The causes of what it broke, in the order in which they were found.
    var violations: [Seen]
    /// The cells it reached: hex digits, four cells each, the first cell in the highest bit; the
    /// order is that of `coverage.cells`.
    var cells: String
    /// The cells that it could have reached and did not, in the same form; absent in reports of
    /// earlier versions, which say so of the first such recording of a cell alone.
    var offered: String?
    /// Those of them where a fault was planned whose call did not come; absent for none.
    var unmet: String?
    /// The letters of the rows of the subject's recovery table that it met; absent where the
    /// subject tells none.
    var recoveryRows: String?
    /// How effects that crashes had left open came out: hex digits, two bits a kind in the order
    /// of `OutcomeKind.all`; absent for none.
    var openEffects: String?
    /// The behaviours it showed: numbers in `behaviours.digests`, from 1, each written as the
    /// distance from the one before.
    var behaviours: String
  }

  /// A cause of violations, and how often a recording showed it.
  struct Seen: Codable, Sendable {
    /// The key by which violations are grouped.
    var group: String
    var allNames: [String]
    var occurrences: Int
  }
}

extension Report.Recording {
  /// What makes two recordings equal.
  var identity: [String] { [subject, scenario, target, model, seed, variation ?? ""] }

  /// What the report says of a scenario that was left out; nil for one that was not.
  var leftOutLine: String? {
    guard isLeftOut else { return nil }
    return "not tried: scenario \(scenario) on \(target): \(notMeasured ?? "")"
  }

  /// The subject, as the beginning of a command's options.
  var choice: String { subjectOptions.map { $0 + " " } ?? "" }

  /// The command that makes it again.
  var command: String {
    "torture run \(scenario) \(choice)--target \(target) --seed \(seed) --seeds 1"
      + (variation.map { " --variation '\($0)'" } ?? "")
  }

  /// The order of recordings: that of the tasks, and where runs of different plans are merged,
  /// that of the names.
  static func isBefore(_ left: Self, _ right: Self) -> Bool {
    if left.task != right.task { return left.task < right.task }
    let (one, other) = (left.identity, right.identity)
    return one.lexicographicallyPrecedes(other) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

/// Sets of small numbers as text that is short and can still be read.
enum IndexText {
  /// A set among `count` numbers as hex digits, the first number in the highest bit.
  static func bits(_ members: [Int], count: Int) -> String {
    var digits = [UInt8](repeating: 0, count: (count + 3) / 4)
    for member in members { digits[member / 4] |= 8 >> UInt8(member % 4) }
    return String(decoding: digits.map { $0 < 10 ? 0x30 + $0 : 0x57 + $0 }, as: UTF8.self)
  }

  /// The members that `bits` wrote.
  static func members(bits text: String) -> [Int]? {
    var members: [Int] = []
    for (position, digit) in text.utf8.enumerated() {
      guard let value = Int(String(UnicodeScalar(digit)), radix: 16) else { return nil }
      for bit in 0..<4 where value & (8 >> bit) != 0 { members.append(position * 4 + bit) }
    }
    return members
  }

  /// Rising numbers as the distances between them; the first from −1.
  static func gaps(_ rising: [Int]) -> String {
    var last = -1
    var words: [String] = []
    words.reserveCapacity(rising.count)
    for number in rising {
      words.append(String(number - last))
      last = number
    }
    return words.joined(separator: " ")
  }

  /// The numbers that `gaps` wrote.
  static func numbers(gaps text: String) -> [Int]? {
    var last = -1
    var numbers: [Int] = []
    for word in text.split(separator: " ") {
      guard let gap = Int(word), gap > 0 else { return nil }
      last += gap
      numbers.append(last)
    }
    return numbers
  }
}
