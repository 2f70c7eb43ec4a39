/// A defect that a published design's own text shows, for reports to name beside a violation.
public struct KnownDefect: Sendable, Equatable {
  /// A short name, unique within its design: `append-not-synced`.
  public let name: String
  /// The function of the publication that it is in.
  public let function: String
  /// The words of the publication that it breaks.
  public let promise: String
  /// What happens, in a sentence or two.
  public let explanation: String
  /// What to change.
  public let change: String
  /// Where it shows: any of these violations, with a cause that contains one of these texts (any
  /// cause where there are none).
  public let signs: [Sign]

  /// How a violation that comes from a defect is told.
  public struct Sign: Sendable, Equatable {
    /// The violation's name.
    public let violation: String
    /// Texts of which the cause contains one; none where every cause will do.
    public let causes: [String]

    /// Whether a violation of this name and cause is one.
    public func matches(_ violation: String, cause: String) -> Bool {
      violation == self.violation
        && (causes.isEmpty || causes.contains { Self.contains(cause, $0) })
    }

    private static func contains(_ text: String, _ part: String) -> Bool {
      let (text, part) = (Array(text.utf8), Array(part.utf8))
      guard part.count <= text.count else { return false }
      return (0...text.count - part.count).contains { text[$0...].starts(with: part) }
    }
  }

  init(
    _ name: String, in function: String, promise: String, _ explanation: String, change: String,
    signs: [(String, [String])]
  ) {
    self.name = name
    self.function = function
    self.promise = promise
    self.explanation = explanation
    self.change = change
    self.signs = signs.map { Sign(violation: $0.0, causes: $0.1) }
  }
}
