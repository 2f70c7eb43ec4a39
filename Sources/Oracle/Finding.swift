public import SubjectProtocol

/// One broken promise: its name, what it concerns, and what was expected and found.
public struct Finding: Sendable, Equatable {
  /// The name of the violation.
  public var name: ViolationName
  /// The records concerned, sorted; an empty id stands for the namespace itself.
  public var keys: [RecordKey]
  /// The stable numbers of the requests concerned, ascending.
  public var requests: [UInt64]
  /// What was expected and what was found, for people.
  public var explanation: String

  /// Makes a finding.
  public init(
    _ name: ViolationName, keys: [RecordKey] = [], requests: [UInt64] = [], explanation: String
  ) {
    self.name = name
    self.keys = keys
    self.requests = requests
    self.explanation = explanation
  }
}

/// What the oracle says of one recovered state.
public struct Judgement: Sendable {
  /// The broken promises in order of precedence, one for each name; empty when permitted.
  public var findings: [Finding] = []
  /// What is worth saying although it breaks no promise.
  public var warnings: [Finding] = []
  /// The permitted state the dump was compared with; nil when the dump is permitted.
  public var nearest: NearestState?
  /// The requests whose effects belong into the state but are missing, ascending.
  public var missingEffects: [UInt64] = []
  /// Whether the search for an explanation was cut off, so that the state was let pass.
  public var isUndecided = false
  /// Whether nothing was promised here, so that any state passes.
  public var isNotMeasured = false

  /// A judgement that finds nothing.
  public init() {}

  /// Whether no promise is broken.
  public var isPermitted: Bool { findings.isEmpty }

  /// The name of the violation; nil when the state is permitted.
  public var name: ViolationName? { findings.first?.name }

  /// Every name that applies, in order of precedence.
  public var allNames: [ViolationName] { findings.map(\.name) }
}

/// The permitted state with the fewest records that differ, for printing beside the found one.
public struct NearestState: Sendable {
  /// The state itself, sorted by key.
  public var state: Dump
  /// Where it differs from what was found, sorted by key.
  public var differences: [Difference]
  /// Which effects it has, for people.
  public var summary: String

  /// One record that differs.
  public struct Difference: Sendable, Equatable {
    /// The record; an empty id stands for the namespace itself.
    public var key: RecordKey
    /// What the permitted state has; nil when it has nothing.
    public var expected: RecordValue?
    /// What was found; nil when nothing was.
    public var found: RecordValue?
  }
}
