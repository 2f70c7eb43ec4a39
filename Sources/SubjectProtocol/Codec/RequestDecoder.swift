/// What a line of a subject's standard input says.
public enum DecodedRequest: Sendable, Equatable {
  /// A request, and its `request` number where it has one.
  case request(Request, number: UInt64?)
  /// JSON that asks for what version 1 does not know; the answer is `unsupported`.
  case unsupported(message: String, number: UInt64?)
  /// Not a request; the answer is `invalid`.
  case invalid(JSONError, number: UInt64?)
}

/// Reads lines of protocol version 1 as requests. No input traps.
public enum RequestDecoder {
  /// Reads one line, its newline included or not.
  public static func decode(_ line: [UInt8]) -> DecodedRequest { decode(line.span) }

  /// Reads one line, its newline included or not.
  public static func decode(_ line: Span<UInt8>) -> DecodedRequest {
    do throws(JSONError) {
      var cursor = JSONCursor(line)
      let name = try cursor.readOperation()
      guard let operation = JSONCursor.name(name, as: OperationName.self) else {
        cursor.place = JSONCursor.Place(offset: 0, depth: 0)
        try cursor.skipValue()
        try cursor.expectEnd()
        let message = "unknown op \(JSONError.Reason.quoted(name))"
        return .unsupported(message: message, number: JSONCursor.number(of: line))
      }
      let fields = try cursor.readFields(of: operation)
      try cursor.expectEnd()
      guard fields.version == 1 else {
        let message = "protocol \(fields.version) is not supported, 1 is"
        return .unsupported(message: message, number: fields.request)
      }
      return .request(try fields.request(operation), number: fields.request)
    } catch {
      return .invalid(error, number: JSONCursor.number(of: line))
    }
  }
}

extension JSONCursor {
  /// The name of the operation in the object here; the cursor does not move.
  ///
  /// The fields mean nothing before it is known, and it may stand anywhere in the object. Writers
  /// put it first, so the search ends at once.
  fileprivate mutating func readOperation() throws(JSONError) -> [UInt8] {
    let start = place
    defer { place = start }
    guard peek() == 0x7B else { throw unexpected("an object") }
    let objectStart = offset
    try enterObject()
    var key: [UInt8] = []
    var first = true
    while try nextKey(first: &first, key: &key) {
      if key.isName("op") { return try readString("op") }
      try skipValue()
    }
    throw JSONError(offset: objectStart, reason: .missingField("op"))
  }

  /// Reads the object here as the fields of `operation`.
  fileprivate mutating func readFields(
    of operation: OperationName
  ) throws(JSONError) -> RequestFields {
    skipWhitespace()
    var fields = RequestFields(start: offset)
    let known = RequestField.fields(of: operation)
    var unknownKeys = KeySet()
    var key: [UInt8] = []
    var first = true
    try enterObject()
    while try nextKey(first: &first, key: &key) {
      guard let field = RequestField(key: key), known & field.bit != 0 else {
        try unknownKeys.insert(key, at: offset)
        try skipValue()
        continue
      }
      guard fields.seen & field.bit == 0 else { throw error(.duplicateKey(key)) }
      try read(field, into: &fields)
    }
    return fields
  }

  /// Reads the value of `field`; `null` is the same as an absent one.
  private mutating func read(
    _ field: RequestField, into fields: inout RequestFields
  ) throws(JSONError) {
    if try skipNull() { return }
    fields.seen |= field.bit
    switch field {
    case .op: _ = try readString("op")
    case .request: fields.request = try readWhole("request")
    case .id: try readID(into: &fields.id)
    case .namespace: fields.namespace = try readString("namespace")
    case .vector: try readVector(into: &fields.vector)
    case .metadata: try readMetadataField(into: &fields.metadata)
    case .transaction: fields.transaction = try readWhole("transaction")
    case .operations: try readOperations(into: &fields.operations)
    case .directory: fields.directory = try readString("directory")
    case .dimension:
      fields.dimension = Int(try readWhole("dimension", in: 1...UInt64(UInt32.max)))
    case .options: fields.options = try readObject("options")
    case .count: fields.count = Int(try readWhole("count", in: 0...UInt64(Int.max)))
    case .metric: fields.metric = try readName("metric", as: SearchQuery.Metric.self)
    case .version: fields.version = try readWhole("protocol")
    }
  }

  /// Reads the puts and deletes of a batch.
  private mutating func readOperations(into mutations: inout [Mutation]) throws(JSONError) {
    guard peek() == 0x5B else { throw wrong("operations", "an array", at: offset) }
    try enterArray()
    var first = true
    while try nextElement(first: &first) {
      skipWhitespace()
      let start = offset
      let name = try readOperation()
      guard let operation = Self.name(name, as: OperationName.self),
        operation == .put || operation == .delete
      else {
        throw wrong("operations", "an array of puts and deletes", at: start)
      }
      mutations.append(try readFields(of: operation).mutation(operation))
    }
  }
}
