extension Metadata {
  /// The canonical form of the object `value`; nil if it is no object.
  ///
  /// Numbers are compared as Float64, so 1, 1.0 and 1e0 are one value, and so are 0 and −0.
  public init?(_ value: JSONValue) {
    guard case .object(let members) = value else { return nil }
    self.init(members: members)
  }

  /// The canonical form of the object with `members`, whose keys are unique.
  public init(members: [JSONValue.Member]) {
    guard !members.isEmpty else {
      self = .empty
      return
    }
    var text: [UInt8] = []
    text.appendJSON(.object(members), foldsZero: true)
    self.init(alreadyCanonical: text)
  }

  /// Reads the object that is `text`.
  public init(parsing text: [UInt8]) throws(JSONError) {
    var cursor = JSONCursor(text.span)
    var canonical: [UInt8] = []
    try cursor.readMetadata(into: &canonical)
    try cursor.expectEnd()
    self.init(alreadyCanonical: canonical)
  }

  /// The metadata as a JSON text: `{}` where it is empty.
  public var text: [UInt8] { canonical.isEmpty ? [0x7B, 0x7D] : canonical }
}

extension JSONCursor {
  /// Reads an object and appends its canonical text to `out`, nothing for the empty object.
  ///
  /// Without a tree of values between: the text of a dump is mostly metadata and vectors, and a
  /// hostile text of millions of numbers costs no more memory than it has bytes, times three.
  mutating func readMetadata(into out: inout [UInt8]) throws(JSONError) {
    guard peek() == 0x7B else { throw unexpected("an object") }
    let start = out.count
    try canonicalizeObject(into: &out)
    if out.count == start + 2 { out.removeLast(2) }
  }

  private mutating func canonicalize(into out: inout [UInt8]) throws(JSONError) {
    switch peek() {
    case 0x7B: try canonicalizeObject(into: &out)
    case 0x5B:
      try enterArray()
      out.append(0x5B)
      var first = true
      var isFirstElement = true
      while try nextElement(first: &first) {
        if !isFirstElement { out.append(0x2C) }
        isFirstElement = false
        try canonicalize(into: &out)
      }
      out.append(0x5D)
    case 0x22:
      var string: [UInt8] = []
      try readString(into: &string)
      out.appendJSONString(string)
    case 0x74:
      try readLiteral("true")
      out.appendText("true")
    case 0x66:
      try readLiteral("false")
      out.appendText("false")
    case 0x6E:
      try readLiteral("null")
      out.appendText("null")
    default:
      let number = try readDouble()
      out.appendJSONNumber(number == 0 ? 0 : number)
    }
  }

  private mutating func canonicalizeObject(into out: inout [UInt8]) throws(JSONError) {
    try enterObject()
    out.append(0x7B)
    let start = out.count
    var members: [CanonicalMember] = []
    var isSorted = true
    var key: [UInt8] = []
    var first = true
    while try nextKey(first: &first, key: &key) {
      let keyOffset = offset
      if let last = members.last, !last.key.lexicographicallyPrecedes(key) { isSorted = false }
      if !members.isEmpty { out.append(0x2C) }
      let memberStart = out.count
      out.appendJSONString(key)
      out.append(0x3A)
      try canonicalize(into: &out)
      members.append(
        CanonicalMember(key: key, text: memberStart..<out.count, offset: keyOffset))
    }
    if !isSorted { try sort(&members, in: &out, from: start) }
    out.append(0x7D)
  }

  /// Writes the members' texts anew in the order of their keys, and refuses equal keys.
  private func sort(
    _ members: inout [CanonicalMember], in out: inout [UInt8], from start: Int
  ) throws(JSONError) {
    members.sort { $0.key.lexicographicallyPrecedes($1.key) }
    for index in 1..<members.count where members[index].key == members[index - 1].key {
      let offset = max(members[index].offset, members[index - 1].offset)
      throw JSONError(offset: offset, reason: .duplicateKey(members[index].key))
    }
    var sorted: [UInt8] = []
    sorted.reserveCapacity(out.count - start)
    for (index, member) in members.enumerated() {
      if index > 0 { sorted.append(0x2C) }
      sorted.append(contentsOf: out[member.text])
    }
    out.replaceSubrange(start..., with: sorted)
  }
}

/// One member of an object whose canonical text is being written.
private struct CanonicalMember {
  var key: [UInt8]
  /// Where its text is.
  var text: Range<Int>
  /// Where its value starts in the text that is read.
  var offset: Int
}
