/// Reads JSON texts strictly by RFC 8259.
///
/// Refused beyond its grammar: duplicate keys, strings that are not UTF-8 or hold half a surrogate
/// pair, numbers beyond Float64, and more than `depthLimit` levels. No input traps.
public enum JSONParser {
  /// How many arrays and objects may stand inside each other.
  public static let depthLimit = 128

  /// Reads the one value of `text`.
  public static func parse(_ text: [UInt8]) throws(JSONError) -> JSONValue {
    try parse(text.span)
  }

  /// Reads the one value of `text`.
  public static func parse(_ text: Span<UInt8>) throws(JSONError) -> JSONValue {
    var cursor = JSONCursor(text)
    let value = try cursor.readValue()
    try cursor.expectEnd()
    return value
  }
}

extension JSONCursor {
  /// Reads one value of any kind.
  mutating func readValue() throws(JSONError) -> JSONValue {
    switch peek() {
    case 0x7B: return try readObject()
    case 0x5B:
      try enterArray()
      var elements: [JSONValue] = []
      var first = true
      while try nextElement(first: &first) { elements.append(try readValue()) }
      return .array(elements)
    case 0x22:
      var string: [UInt8] = []
      try readString(into: &string)
      return .string(string)
    case 0x74:
      try readLiteral("true")
      return .bool(true)
    case 0x66:
      try readLiteral("false")
      return .bool(false)
    case 0x6E:
      try readLiteral("null")
      return .null
    default: return .number(try readDouble())
    }
  }

  /// Reads one object.
  mutating func readObject() throws(JSONError) -> JSONValue {
    try enterObject()
    var members: [JSONValue.Member] = []
    var keys = KeySet()
    var key: [UInt8] = []
    var first = true
    while try nextKey(first: &first, key: &key) {
      try keys.insert(key, at: offset)
      members.append(JSONValue.Member(key: key, value: try readValue()))
    }
    return .object(members)
  }
}
