import SubjectProtocol

/// Some requests, each as the line that is sent, and what the protocol says of their answers.
///
/// The lines are text and no values, so that a subject meets fields in odd orders, other spellings
/// of the same string, and members it does not know. What is right about an answer is the oracle's
/// to say, as in a run. A step needs nothing of the steps before it.
struct ConformanceStep: Sendable {
  /// What it is about, for people.
  var what: String
  /// The requests in order, without their numbers. `WORLD` stands for the world's directory.
  var lines: [String]
  /// What the protocol says, and where.
  var says: String
  /// The failures with which a request may be answered all the same.
  var mayFail: Set<FailureKind> = []
  /// A feature that the subject must claim.
  var needs: Feature?

  init(
    _ what: String, says: String, needs: Feature? = nil, mayFail: Set<FailureKind> = [],
    _ lines: String...
  ) {
    self.what = what
    self.lines = lines
    self.says = says
    self.needs = needs
    self.mayFail = mayFail
  }

  /// The operations a subject must have for it.
  var operations: Set<OperationName> {
    Set(lines.map { Self.request($0).name })
  }

  /// A line as the harness understands it.
  static func request(_ line: String) -> Request {
    guard case .request(let request, _) = RequestDecoder.decode(Array(line.utf8)) else {
      preconditionFailure("a step with a line that is no request: \(line)")
    }
    return request
  }

  /// A line with its number.
  static func numbered(_ line: String, _ number: UInt64) -> String {
    precondition(line.hasSuffix("}"), "a line is an object")
    return line.dropLast() + ",\"request\":\(number)}"
  }
}
