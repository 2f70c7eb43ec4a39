/// A position in a JSON text: reads one token after the other and never goes back by itself.
///
/// Every decoder of the protocol reads through it, so the strictness of RFC 8259 is enforced in one
/// place. All access to the text is bounds-checked by `Span`.
struct JSONCursor: ~Escapable {
  /// The text.
  let bytes: Span<UInt8>
  /// The offset of the next byte.
  var offset = 0
  /// How many arrays and objects are open.
  var depth = 0

  /// A cursor at the start of `bytes`.
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  /// A place that the cursor can return to.
  struct Place {
    var offset: Int
    var depth: Int
  }

  /// Where the cursor is.
  var place: Place {
    get { Place(offset: offset, depth: depth) }
    set {
      offset = newValue.offset
      depth = newValue.depth
    }
  }

  /// An error at the current byte.
  func error(_ reason: JSONError.Reason) -> JSONError {
    JSONError(offset: offset, reason: reason)
  }

  /// The error for a byte that cannot stand here, or for the end of the text.
  func unexpected(_ expected: String) -> JSONError {
    offset < bytes.count
      ? error(.unexpectedByte(bytes[offset], expected: expected)) : error(.endOfInput)
  }

  /// Goes past whitespace.
  @inline(__always)
  mutating func skipWhitespace() {
    while offset < bytes.count {
      let byte = bytes[offset]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      offset &+= 1
    }
  }

  /// The next byte that is not whitespace, or 0 at the end of the text (0 starts no token).
  @inline(__always)
  mutating func peek() -> UInt8 {
    skipWhitespace()
    return offset < bytes.count ? bytes[offset] : 0
  }

  /// Goes past `byte` and whitespace before it.
  @inline(__always)
  mutating func expect(_ byte: UInt8, _ name: StaticString) throws(JSONError) {
    guard peek() == byte else { throw unexpected(name.description) }
    offset &+= 1
  }

  /// Goes past the opening of an array or object.
  mutating func enter(_ byte: UInt8, _ name: StaticString) throws(JSONError) {
    guard peek() == byte else { throw unexpected(name.description) }
    guard depth < JSONParser.depthLimit else { throw error(.tooDeep) }
    depth &+= 1
    offset &+= 1
  }

  /// Goes past `[`.
  mutating func enterArray() throws(JSONError) { try enter(0x5B, "'['") }

  /// Goes past `{`.
  mutating func enterObject() throws(JSONError) { try enter(0x7B, "'{'") }

  /// Goes to the next element of the array entered last; false past its end.
  ///
  /// `first` is true before the first element and is set to false here.
  mutating func nextElement(first: inout Bool) throws(JSONError) -> Bool {
    let byte = peek()
    if byte == 0x5D {
      offset &+= 1
      depth &-= 1
      return false
    }
    if first {
      first = false
      return true
    }
    guard byte == 0x2C else { throw unexpected("',' or ']'") }
    offset &+= 1
    return true
  }

  /// Reads the next key of the object entered last into `key`; false past the object's end.
  ///
  /// The cursor is then before the member's value. `first` is true before the first member and is
  /// set to false here. Duplicates are the caller's to refuse.
  mutating func nextKey(first: inout Bool, key: inout [UInt8]) throws(JSONError) -> Bool {
    let byte = peek()
    if byte == 0x7D, first {
      offset &+= 1
      depth &-= 1
      return false
    }
    if first {
      first = false
    } else if byte == 0x7D {
      offset &+= 1
      depth &-= 1
      return false
    } else {
      guard byte == 0x2C else { throw unexpected("',' or '}'") }
      offset &+= 1
    }
    guard peek() == 0x22 else { throw unexpected("a key") }
    key.removeAll(keepingCapacity: true)
    try readString(into: &key)
    try expect(0x3A, "':'")
    return true
  }

  /// Goes past the letters of `word`, which the next byte starts.
  mutating func readLiteral(_ word: StaticString) throws(JSONError) {
    for index in 0..<word.utf8CodeUnitCount {
      guard offset < bytes.count, bytes[offset] == word.utf8Start[index] else {
        throw unexpected(word.description)
      }
      offset &+= 1
    }
  }

  /// Goes past `null` if it is next, and says whether it was.
  mutating func skipNull() throws(JSONError) -> Bool {
    guard peek() == 0x6E else { return false }
    try readLiteral("null")
    return true
  }

  /// Goes past whitespace to the end of the text, which must be there.
  mutating func expectEnd() throws(JSONError) {
    skipWhitespace()
    guard offset == bytes.count else { throw error(.trailingBytes) }
  }

  /// Goes past one value of any kind, as strictly as if it were read.
  mutating func skipValue() throws(JSONError) {
    switch peek() {
    case 0x7B:
      try enterObject()
      var first = true
      var key: [UInt8] = []
      var keys = KeySet()
      while try nextKey(first: &first, key: &key) {
        try keys.insert(key, at: offset)
        try skipValue()
      }
    case 0x5B:
      try enterArray()
      var first = true
      while try nextElement(first: &first) { try skipValue() }
    case 0x22: try skipString()
    case 0x74: try readLiteral("true")
    case 0x66: try readLiteral("false")
    case 0x6E: try readLiteral("null")
    default: _ = try readDouble()
    }
  }
}

extension [UInt8] {
  /// Whether these bytes are the letters of `name`.
  @inline(__always)
  func isName(_ name: StaticString) -> Bool {
    guard count == name.utf8CodeUnitCount else { return false }
    for index in 0..<count where self[index] != name.utf8Start[index] { return false }
    return true
  }
}
