internal import SubjectProtocol

/// The options of a design: those of the request, and behind them those its name stands for.
/// Unknown ones are ignored.
struct DesignOptions {
  private let request: JSONValue
  private let preset: JSONValue

  init(_ request: JSONValue, preset: JSONValue = .emptyObject) {
    self.request = request
    self.preset = preset
  }

  private subscript(name: String) -> JSONValue? { request[name] ?? preset[name] }

  /// A whole number, not negative; `other` is another name of the same option.
  func number(_ name: String, or other: String? = nil) throws(DesignError) -> Int? {
    guard let value = self[name] ?? other.flatMap({ self[$0] }) else { return nil }
    guard case .number(let number) = value, let whole = Int(exactly: number), whole >= 0 else {
      throw DesignError(.invalid, "\(name) is not a whole number")
    }
    return whole
  }

  /// True or false; false where it is absent.
  func flag(_ name: String) throws(DesignError) -> Bool {
    guard let value = self[name] else { return false }
    guard case .bool(let flag) = value else {
      throw DesignError(.invalid, "\(name) is neither true nor false")
    }
    return flag
  }

  /// One of `choices`, by its name.
  func choice<Choice>(
    _ name: String, _ choices: [(name: String, value: Choice)]
  ) throws(DesignError) -> Choice? {
    guard let value = self[name] else { return nil }
    if case .string(let text) = value,
      let found = choices.first(where: { text.elementsEqual($0.name.utf8) })
    {
      return found.value
    }
    let known = choices.map { "\"\($0.name)\"" }.joined(separator: ", ")
    throw DesignError(.invalid, "\(name) is none of \(known)")
  }

  /// The clock that `clock` (nanoseconds since 1970) asks for; nil where it does not.
  func clock() throws(DesignError) -> DesignClock? {
    try number("clock").map { DesignClock(nanoseconds: UInt64($0)) }
  }
}

/// A clock that goes on by a millisecond each time it is read.
final class DesignClock {
  /// Where a clock begins that no option sets: 2023-11-14 22:13:20 UTC.
  static let beginning: UInt64 = 1_700_000_000_000_000_000

  private var now: UInt64

  init(nanoseconds: UInt64 = DesignClock.beginning) { now = nanoseconds }

  /// Whole seconds since 1970.
  func seconds() -> UInt64 { tick() / 1_000_000_000 }

  /// Whole milliseconds since 1970.
  func milliseconds() -> UInt64 { tick() / 1_000_000 }

  private func tick() -> UInt64 {
    now += 1_000_000
    return now
  }
}
