/// Reads JSON5 texts and keeps the line of every key and value.
///
/// Foundation's reader gives a syntax error no place, a type error no line, and lets duplicate keys
/// pass; a scenario with a mistake in it must say where. Narrower than JSON5 in three ways: keys
/// without quotes are ASCII, numbers are finite, and duplicate keys are errors.
public struct JSON5Parser {
  private let file: String
  private let bytes: [UInt8]
  var offset = 0
  private var line = 1
  private var lineStart = 0
  private var depth = 0

  /// How many arrays and objects may stand inside each other.
  static let depthLimit = 64

  private init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  /// Reads the one value of `text`, which messages call `file`.
  public static func parse(_ text: [UInt8], file: String) throws(ScenarioError) -> JSON5Node {
    var parser = JSON5Parser(text, file: file)
    guard String(validating: text, as: UTF8.self) != nil else {
      parser.goToInvalidUTF8()
      throw parser.error("the text is not UTF-8")
    }
    try parser.skipBlank()
    let node = try parser.readValue()
    try parser.skipBlank()
    guard parser.byte == nil else { throw parser.unexpected("the end of the text") }
    return node
  }

  /// The byte at the cursor; nil at the end.
  var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  /// The byte `distance` after the cursor; nil past the end.
  func byte(after distance: Int) -> UInt8? {
    offset + distance < bytes.count ? bytes[offset + distance] : nil
  }

  /// The column of the cursor, in characters from 1.
  private var column: Int {
    1 + bytes[lineStart..<offset].count { $0 & 0xC0 != 0x80 }
  }

  /// An error at the cursor.
  func error(_ message: String) -> ScenarioError {
    ScenarioError(file: file, line: line, column: column, message: message)
  }

  /// The error for what stands at the cursor instead of `expected`.
  func unexpected(_ expected: String) -> ScenarioError {
    guard let byte else { return error("the text ends where \(expected) must stand") }
    if byte >= 0x80 { return error("a character that is not ASCII where \(expected) must stand") }
    if byte == 0x0A || byte == 0x0D {
      return error("the line ends where \(expected) must stand")
    }
    if byte < 0x20 || byte == 0x7F {
      return error("a control character where \(expected) must stand")
    }
    return error("'\(Character(Unicode.Scalar(byte)))' where \(expected) must stand")
  }

  /// Moves to the first byte that belongs to no character.
  private mutating func goToInvalidUTF8() {
    var decoder = UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    while case .valid(let scalar) = decoder.parseScalar(from: &iterator) {
      for _ in 0..<scalar.count { advance() }
    }
  }

  /// Goes one byte on and counts lines: LF, CR, and CR LF as one.
  mutating func advance() {
    let byte = bytes[offset]
    offset += 1
    if byte == 0x0A || (byte == 0x0D && self.byte != 0x0A) {
      line += 1
      lineStart = offset
    }
  }

  /// Goes past white space and comments.
  private mutating func skipBlank() throws(ScenarioError) {
    while let byte {
      switch byte {
      case 0x09...0x0D, 0x20: advance()
      case 0x2F where self.byte(after: 1) == 0x2F:
        while let byte = self.byte, byte != 0x0A, byte != 0x0D { advance() }
      case 0x2F where self.byte(after: 1) == 0x2A: try skipBlockComment()
      case 0x80...:
        guard let length = blankLength() else { return }
        for _ in 0..<length { advance() }
      default: return
      }
    }
  }

  private mutating func skipBlockComment() throws(ScenarioError) {
    let start = self
    advance()
    advance()
    while byte != nil {
      if byte == 0x2A, byte(after: 1) == 0x2F {
        advance()
        advance()
        return
      }
      advance()
    }
    throw start.error("a comment that does not end")
  }

  /// The length of the white space beyond ASCII at the cursor: U+00A0, U+2028, U+2029, U+FEFF.
  private func blankLength() -> Int? {
    if byte == 0xC2, byte(after: 1) == 0xA0 { return 2 }
    if byte == 0xE2, byte(after: 1) == 0x80, let last = byte(after: 2), last | 1 == 0xA9 {
      return 3
    }
    if byte == 0xEF, byte(after: 1) == 0xBB, byte(after: 2) == 0xBF { return 3 }
    return nil
  }

  private mutating func readValue() throws(ScenarioError) -> JSON5Node {
    let (line, column) = (line, column)
    let value: JSON5Node.Value
    switch byte ?? 0 {
    case 0x7B: value = try readObject()
    case 0x5B: value = try readArray()
    case 0x22, 0x27: value = .string(try readString())
    case 0x30...0x39, 0x2B, 0x2D, 0x2E: value = try readNumber()
    default: value = try readWord()
    }
    return JSON5Node(value: value, line: line, column: column)
  }

  private mutating func enter() throws(ScenarioError) {
    guard depth < Self.depthLimit else {
      throw error("more than \(Self.depthLimit) levels of arrays and objects")
    }
    depth += 1
    advance()
    try skipBlank()
  }

  private mutating func readArray() throws(ScenarioError) -> JSON5Node.Value {
    var elements: [JSON5Node] = []
    try enter()
    while byte != 0x5D {
      elements.append(try readValue())
      try skipBlank()
      if byte == 0x2C {
        advance()
        try skipBlank()
      } else if byte != 0x5D {
        throw unexpected("',' or ']'")
      }
    }
    advance()
    depth -= 1
    return .array(elements)
  }

  private mutating func readObject() throws(ScenarioError) -> JSON5Node.Value {
    var members: [JSON5Node.Member] = []
    var lines: [[UInt8]: Int] = [:]
    try enter()
    while byte != 0x7D {
      let start = self
      let key = byte == 0x22 || byte == 0x27 ? try readString() : try readIdentifier("a key")
      if let first = lines.updateValue(start.line, forKey: key) {
        throw start.error("the key \(Spelling.quoted(key)) stands on line \(first) already")
      }
      try skipBlank()
      guard byte == 0x3A else { throw unexpected("':'") }
      advance()
      try skipBlank()
      members.append(JSON5Node.Member(key: key, line: start.line, node: try readValue()))
      try skipBlank()
      if byte == 0x2C {
        advance()
        try skipBlank()
      } else if byte != 0x7D {
        throw unexpected("',' or '}'")
      }
    }
    advance()
    depth -= 1
    return .object(members)
  }

  /// Reads a name of ASCII letters, digits, `_` and `$`.
  private mutating func readIdentifier(_ expected: String) throws(ScenarioError) -> [UInt8] {
    let start = offset
    while let byte, Self.isNameByte(byte), offset > start || !(0x30...0x39).contains(byte) {
      advance()
    }
    if start == offset {
      if let byte, byte >= 0x80 || byte == 0x5C {
        throw error("a key with characters beyond ASCII must stand in quotes")
      }
      throw unexpected(expected)
    }
    return Array(bytes[start..<offset])
  }

  /// Whether `byte` may stand in a name.
  static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x24: true
    default: false
    }
  }

  /// Reads `null`, `true` or `false`.
  private mutating func readWord() throws(ScenarioError) -> JSON5Node.Value {
    let start = self
    let word = String(decoding: try readIdentifier("a value"), as: UTF8.self)
    switch word {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "Infinity", "NaN": throw start.error("\(word) is no number that a scenario can use")
    default: throw start.error("\(word) is no value; a string stands in quotes")
    }
  }
}
