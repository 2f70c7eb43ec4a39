/// The typed values of the protocol's fields. Each error says what the field must be, at the byte
/// where its value starts.
extension JSONCursor {
  /// An error about the value of `field` that starts at `start`.
  func wrong(_ field: StaticString, _ expected: String, at start: Int) -> JSONError {
    JSONError(offset: start, reason: .wrongField(field.description, expected: expected))
  }

  /// Reads a string.
  mutating func readString(_ field: StaticString) throws(JSONError) -> [UInt8] {
    guard peek() == 0x22 else { throw wrong(field, "a string", at: offset) }
    var string: [UInt8] = []
    try readString(into: &string)
    return string
  }

  /// Reads a boolean.
  mutating func readBool(_ field: StaticString) throws(JSONError) -> Bool {
    switch peek() {
    case 0x74:
      try readLiteral("true")
      return true
    case 0x66:
      try readLiteral("false")
      return false
    default: throw wrong(field, "true or false", at: offset)
    }
  }

  /// Reads a whole number from `range`.
  mutating func readWhole(
    _ field: StaticString, in range: ClosedRange<UInt64> = 0...UInt64.max
  ) throws(JSONError) -> UInt64 {
    let byte = peek()
    let start = offset
    let isNumber = byte == 0x2D || byte &- 0x30 < 10
    guard isNumber, let number = try readUnsigned(), range.contains(number) else {
      let limits = "a whole number from \(range.lowerBound) to \(range.upperBound)"
      throw wrong(field, limits, at: start)
    }
    return number
  }

  /// Reads one of the names of `Name`.
  mutating func readName<Name: RawRepresentable & CaseIterable>(
    _ field: StaticString, as type: Name.Type
  ) throws(JSONError) -> Name where Name.RawValue == String {
    skipWhitespace()
    let start = offset
    if peek() == 0x22 {
      let text = try readString(field)
      if let name = Self.name(text, as: type) { return name }
    }
    let names = type.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    throw wrong(field, "one of \(names)", at: start)
  }

  /// The case of `type` that `text` names, compared by byte.
  static func name<Name: RawRepresentable & CaseIterable>(
    _ text: [UInt8], as type: Name.Type
  ) -> Name? where Name.RawValue == String {
    type.allCases.first { text.elementsEqual($0.rawValue.utf8) }
  }

  /// Reads an array of strings.
  mutating func readStrings(_ field: StaticString) throws(JSONError) -> [[UInt8]] {
    guard peek() == 0x5B else { throw wrong(field, "an array of strings", at: offset) }
    try enterArray()
    var strings: [[UInt8]] = []
    var first = true
    while try nextElement(first: &first) { strings.append(try readString(field)) }
    return strings
  }

  /// Reads an id, which is not empty, into `id`.
  mutating func readID(into id: inout [UInt8]) throws(JSONError) {
    guard peek() == 0x22 else { throw wrong("id", "a string", at: offset) }
    let start = offset
    try readString(into: &id)
    if id.isEmpty { throw wrong("id", "a string of at least one byte", at: start) }
  }

  /// Reads a vector and appends its components to `vector`.
  mutating func readVector(into vector: inout [Float]) throws(JSONError) {
    guard peek() == 0x5B else { throw wrong("vector", "an array of numbers", at: offset) }
    try enterArray()
    var first = true
    while try nextElement(first: &first) {
      let byte = peek()
      if byte == 0x22 {
        vector.append(try readNonFinite("vector"))
      } else if byte == 0x2D || byte &- 0x30 < 10 {
        vector.append(try readFloat())
      } else {
        throw wrong("vector", "an array of numbers", at: offset)
      }
    }
  }

  /// Reads `"nan"`, `"inf"` or `"-inf"`.
  mutating func readNonFinite(_ field: StaticString) throws(JSONError) -> Float {
    let start = offset
    let text = try readString(field)
    if text.isName("nan") { return Float(bitPattern: 0x7FC0_0000) }
    if text.isName("inf") { return .infinity }
    if text.isName("-inf") { return -.infinity }
    throw wrong(field, "of numbers, \"nan\", \"inf\" or \"-inf\"", at: start)
  }

  /// Reads metadata and appends its canonical text to `out`.
  mutating func readMetadataField(into out: inout [UInt8]) throws(JSONError) {
    guard peek() == 0x7B else { throw wrong("metadata", "an object", at: offset) }
    try readMetadata(into: &out)
  }

  /// Reads an object that is kept as it is.
  mutating func readObject(_ field: StaticString) throws(JSONError) -> JSONValue {
    guard peek() == 0x7B else { throw wrong(field, "an object", at: offset) }
    return try readObject()
  }

  /// The `request` number of the object at the start of `line`, or nil if it has none or is no
  /// JSON.
  static func number(of line: Span<UInt8>) -> UInt64? {
    var cursor = JSONCursor(line)
    var number: UInt64?
    var key: [UInt8] = []
    var first = true
    do throws(JSONError) {
      try cursor.enterObject()
      while try cursor.nextKey(first: &first, key: &key) {
        if key.isName("request"), number == nil, cursor.peek() != 0x6E {
          number = try cursor.readWhole("request")
        } else {
          try cursor.skipValue()
        }
      }
      try cursor.expectEnd()
    } catch {
      return nil
    }
    return number
  }
}
