/// An answer as it was read.
public struct DecodedAnswer: Sendable, Equatable {
  /// The answer.
  public var answer: Answer
  /// Its `request` field, where it has one.
  public var number: UInt64?

  /// Makes a decoded answer.
  public init(answer: Answer, number: UInt64?) {
    self.answer = answer
    self.number = number
  }
}

/// Reads lines of protocol version 1 as answers. No input traps.
public enum AnswerDecoder {
  /// Reads one line as the answer to `operation`, its newline included or not.
  public static func decode(
    _ line: [UInt8], to operation: OperationName
  ) throws(JSONError) -> DecodedAnswer {
    try decode(line.span, to: operation)
  }

  /// Reads one line as the answer to `operation`, its newline included or not.
  ///
  /// The operation decides which fields are known; all others are ignored.
  public static func decode(
    _ line: Span<UInt8>, to operation: OperationName
  ) throws(JSONError) -> DecodedAnswer {
    var cursor = JSONCursor(line)
    let fields = try cursor.readAnswerFields(operation)
    try cursor.expectEnd()
    return DecodedAnswer(answer: try fields.answer(operation), number: fields.number)
  }

  /// The `request` field of a line, or nil if it has none or is no JSON.
  ///
  /// Where several requests are outstanding, it names the one that the line answers.
  public static func number(of line: [UInt8]) -> UInt64? { JSONCursor.number(of: line.span) }
}

/// The fields of one answer as they were read.
private struct AnswerFields {
  /// Where the answer's object starts.
  var start: Int
  var number: UInt64?
  var isOK: Bool?
  var kind: FailureKind?
  var message: [UInt8] = []
  /// What an ok answer carries.
  var payload: Answer?
  /// Why the payload could not be read; it matters only in an ok answer.
  var payloadError: JSONError?
  /// Why the failure's kind could not be read; it matters only in a failure.
  var kindError: JSONError?
  var description = DescriptionFields()

  init(start: Int) { self.start = start }

  func missing(_ field: String) -> JSONError {
    JSONError(offset: start, reason: .missingField(field))
  }

  func answer(_ operation: OperationName) throws(JSONError) -> Answer {
    guard let isOK else { throw missing("ok") }
    guard isOK else {
      if let kindError { throw kindError }
      guard let kind else { throw missing("error") }
      return .failed(kind, message: String(decoding: message, as: UTF8.self))
    }
    if let payloadError { throw payloadError }
    if operation == .hello { return .hello(try description.description(start: start)) }
    if let payload { return payload }
    if let field = operation.payloadField, operation != .open {
      throw missing(field.description)
    }
    return .ok
  }
}

/// The fields of an answer to `hello`.
private struct DescriptionFields {
  var name: [UInt8]?
  var contract: Contract?
  var operations: Set<OperationName>?
  var features: Set<Feature> = []
  var concurrency = 1

  func description(start: Int) throws(JSONError) -> SubjectDescription {
    func missing(_ field: String) -> JSONError {
      JSONError(offset: start, reason: .missingField(field))
    }
    guard let name else { throw missing("name") }
    guard let contract else { throw missing("contract") }
    guard let operations else { throw missing("operations") }
    return SubjectDescription(
      name: String(decoding: name, as: UTF8.self), contract: contract, operations: operations,
      features: features, concurrency: concurrency)
  }
}

extension OperationName {
  /// The field that carries what an ok answer to this request says, `hello` apart.
  fileprivate var payloadField: StaticString? {
    switch self {
    case .open: "contract"
    case .get: "record"
    case .search: "matches"
    case .dump: "records"
    case .stats: "stats"
    case .hello, .put, .delete, .batch, .begin, .commit, .abort, .createNamespace,
      .dropNamespace, .clear, .flush, .checkpoint, .close:
      nil
    }
  }
}

extension JSONCursor {
  /// Reads the object here as the fields of an answer to `operation`.
  fileprivate mutating func readAnswerFields(
    _ operation: OperationName
  ) throws(JSONError) -> AnswerFields {
    guard peek() == 0x7B else { throw unexpected("an object") }
    var fields = AnswerFields(start: offset)
    var keys = KeySet()
    var key: [UInt8] = []
    var first = true
    // The two fields of a dump's answer come in any order.
    var namespaces: [[UInt8]]?
    try enterObject()
    while try nextKey(first: &first, key: &key) {
      try keys.insert(key, at: offset)
      let value = place
      if key.isName("ok") {
        fields.isOK = try readBool("ok")
      } else if key.isName("request") {
        if try !skipNull() { fields.number = try readWhole("request") }
      } else if key.isName("error") {
        do throws(JSONError) {
          fields.kind = try readName("error", as: FailureKind.self)
        } catch {
          fields.kindError = error
          place = value
          try skipValue()
        }
      } else if key.isName("message"), peek() == 0x22 {
        fields.message = try readString("message")
      } else {
        do throws(JSONError) {
          if operation == .dump, key.isName("namespaces") {
            if try !skipNull() { namespaces = try readStrings("namespaces") }
          } else {
            try readPayload(key, operation, into: &fields)
          }
        } catch {
          fields.payloadError = fields.payloadError ?? error
          place = value
          try skipValue()
        }
      }
    }
    if let namespaces, case .dump(var dump)? = fields.payload {
      fields.payload = nil
      dump.namespaces = namespaces
      fields.payload = .dump(dump)
    }
    return fields
  }

  private mutating func readPayload(
    _ key: [UInt8], _ operation: OperationName, into fields: inout AnswerFields
  ) throws(JSONError) {
    if operation == .hello {
      try readDescriptionMember(key, into: &fields.description)
      return
    }
    guard let field = operation.payloadField, key.isName(field) else {
      try skipValue()
      return
    }
    switch operation {
    case .open: if try !skipNull() { fields.payload = .opened(try readContract()) }
    case .get: fields.payload = .record(try readRecord())
    case .search: fields.payload = .matches(try readMatches())
    case .dump: fields.payload = .dump(try readRecords())
    case .stats: fields.payload = .stats(try readStats())
    case .hello, .put, .delete, .batch, .begin, .commit, .abort, .createNamespace,
      .dropNamespace, .clear, .flush, .checkpoint, .close:
      try skipValue()
    }
  }

  private mutating func readDescriptionMember(
    _ key: [UInt8], into fields: inout DescriptionFields
  ) throws(JSONError) {
    if key.isName("name") {
      fields.name = try readString("name")
    } else if key.isName("protocol") {
      _ = try readWhole("protocol", in: 1...1)
    } else if key.isName("contract") {
      fields.contract = try readContract()
    } else if key.isName("operations") {
      // A name that version 1 does not have cannot be asked for; it is no error.
      let names = try readStrings("operations")
      fields.operations = Set(names.compactMap { Self.name($0, as: OperationName.self) })
    } else if key.isName("features") {
      if try skipNull() { return }
      let names = try readStrings("features")
      fields.features = Set(names.compactMap { Self.name($0, as: Feature.self) })
    } else if key.isName("concurrency") {
      if try skipNull() { return }
      fields.concurrency = Int(try readWhole("concurrency", in: 1...UInt64(Int32.max)))
    } else {
      try skipValue()
    }
  }
}
