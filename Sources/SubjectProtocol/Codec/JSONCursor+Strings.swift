extension JSONCursor {
  /// Reads the string that starts here and appends its decoded bytes to `out`.
  mutating func readString(into out: inout [UInt8]) throws(JSONError) {
    guard peek() == 0x22 else { throw unexpected("a string") }
    offset &+= 1
    while true {
      let start = offset
      try skipPlainRun()
      bytes.extracting(start..<offset).withUnsafeBufferPointer { out.append(contentsOf: $0) }
      if bytes[offset] == 0x22 {
        offset &+= 1
        return
      }
      try readEscape(into: &out)
    }
  }

  /// Goes past the string that starts here, as strictly as if it were read.
  mutating func skipString() throws(JSONError) {
    guard peek() == 0x22 else { throw unexpected("a string") }
    offset &+= 1
    var discarded: [UInt8] = []
    while true {
      try skipPlainRun()
      if bytes[offset] == 0x22 {
        offset &+= 1
        return
      }
      try readEscape(into: &discarded)
      discarded.removeAll(keepingCapacity: true)
    }
  }

  /// Goes to the quote or backslash that ends the run of bytes that stand for themselves.
  private mutating func skipPlainRun() throws(JSONError) {
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte == 0x22 || byte == 0x5C { return }
      if byte < 0x20 { throw error(.controlCharacter) }
      if byte < 0x80 {
        offset &+= 1
      } else {
        try skipMultiByteScalar(first: byte)
      }
    }
    throw error(.endOfInput)
  }

  /// Goes past one scalar of two to four bytes (RFC 3629, section 4).
  private mutating func skipMultiByteScalar(first: UInt8) throws(JSONError) {
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: throw error(.invalidUTF8)
    }
    guard offset <= bytes.count &- length, second.contains(bytes[offset &+ 1]) else {
      throw error(.invalidUTF8)
    }
    for index in 2..<4 where index < length {
      guard bytes[offset &+ index] & 0xC0 == 0x80 else { throw error(.invalidUTF8) }
    }
    offset &+= length
  }

  /// Reads the escape that starts here and appends what it stands for.
  private mutating func readEscape(into out: inout [UInt8]) throws(JSONError) {
    guard offset &+ 1 < bytes.count else { throw error(.endOfInput) }
    switch bytes[offset &+ 1] {
    case 0x22: out.append(0x22)
    case 0x5C: out.append(0x5C)
    case 0x2F: out.append(0x2F)
    case 0x62: out.append(0x08)
    case 0x66: out.append(0x0C)
    case 0x6E: out.append(0x0A)
    case 0x72: out.append(0x0D)
    case 0x74: out.append(0x09)
    case 0x75:
      try readUnicodeEscape(into: &out)
      return
    default: throw error(.invalidEscape)
    }
    offset &+= 2
  }

  /// Reads `\uXXXX`, or two of them that are a surrogate pair.
  private mutating func readUnicodeEscape(into out: inout [UInt8]) throws(JSONError) {
    var code = try hexUnit(at: offset)
    var end = offset &+ 6
    if code & 0xF800 == 0xD800 {
      guard code < 0xDC00, end &+ 1 < bytes.count, bytes[end] == 0x5C, bytes[end &+ 1] == 0x75
      else { throw error(.loneSurrogate) }
      let low = try hexUnit(at: end)
      guard low & 0xFC00 == 0xDC00 else { throw error(.loneSurrogate) }
      code = 0x10000 &+ ((code &- 0xD800) << 10) &+ (low &- 0xDC00)
      end &+= 6
    }
    out.appendUTF8(code)
    offset = end
  }

  /// The value of the four hex digits of the `\uXXXX` at `start`.
  private func hexUnit(at start: Int) throws(JSONError) -> UInt32 {
    guard start <= bytes.count &- 6 else { throw error(.endOfInput) }
    var code: UInt32 = 0
    for index in (start &+ 2)..<(start &+ 6) {
      let byte = bytes[index]
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte &- 0x30
      case 0x41...0x46: digit = byte &- 0x37
      case 0x61...0x66: digit = byte &- 0x57
      default: throw error(.invalidEscape)
      }
      code = code << 4 | UInt32(digit)
    }
    return code
  }
}

extension [UInt8] {
  /// Appends the UTF-8 of the scalar `code`, which is no surrogate and at most 0x10FFFF.
  mutating func appendUTF8(_ code: UInt32) {
    switch code {
    case ..<0x80: append(UInt8(code))
    case ..<0x800:
      append(UInt8(0xC0 | code >> 6))
      append(UInt8(0x80 | code & 0x3F))
    case ..<0x10000:
      append(UInt8(0xE0 | code >> 12))
      append(UInt8(0x80 | code >> 6 & 0x3F))
      append(UInt8(0x80 | code & 0x3F))
    default:
      append(UInt8(0xF0 | code >> 18))
      append(UInt8(0x80 | code >> 12 & 0x3F))
      append(UInt8(0x80 | code >> 6 & 0x3F))
      append(UInt8(0x80 | code & 0x3F))
    }
  }
}
