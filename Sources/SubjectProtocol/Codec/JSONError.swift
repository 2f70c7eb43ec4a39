/// What is wrong with a line of JSON, and at which byte.
public struct JSONError: Error, Equatable, Sendable {
  /// The offset of the offending byte from the start of the text, in bytes.
  public let offset: Int
  /// What is wrong there.
  public let reason: Reason

  /// Makes an error.
  public init(offset: Int, reason: Reason) {
    self.offset = offset
    self.reason = reason
  }

  /// The ways in which a text is not JSON, or not what the protocol expects at that place.
  public enum Reason: Equatable, Sendable {
    /// The text ends inside a value.
    case endOfInput
    /// A byte that cannot stand here, and what could.
    case unexpectedByte(UInt8, expected: String)
    /// Something follows the one value of the text.
    case trailingBytes
    /// More than `JSONParser.depthLimit` arrays and objects inside each other.
    case tooDeep
    /// An object has a key twice; RFC 8259 leaves open what that means, so it is refused.
    case duplicateKey([UInt8])
    /// A string is not UTF-8 (RFC 3629: no overlong forms, no surrogates).
    case invalidUTF8
    /// An escaped surrogate without its partner, which UTF-8 cannot hold.
    case loneSurrogate
    /// A backslash is followed by none of `"\/bfnrtu`, or `\u` not by four hex digits.
    case invalidEscape
    /// A byte below 0x20 stands in a string without an escape.
    case controlCharacter
    /// A number's absolute value is beyond the greatest finite Float64 (Float32 in a vector).
    case numberBeyondRange
    /// A member that must be there is not.
    case missingField(String)
    /// A member has a value of the wrong kind.
    case wrongField(String, expected: String)
  }
}

extension JSONError: CustomStringConvertible {
  /// One line: the byte and what is wrong there.
  public var description: String { "byte \(offset): \(reason.description)" }
}

extension JSONError.Reason: CustomStringConvertible {
  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .endOfInput: "the text ends inside a value"
    case .unexpectedByte(let byte, let expected): "\(Self.name(byte)) where \(expected) must stand"
    case .trailingBytes: "something follows the value"
    case .tooDeep: "more than \(JSONParser.depthLimit) levels of arrays and objects"
    case .duplicateKey(let key): "the key \(Self.quoted(key)) stands twice in one object"
    case .invalidUTF8: "a string that is not UTF-8"
    case .loneSurrogate: "half of a surrogate pair"
    case .invalidEscape: "an escape that JSON does not have"
    case .controlCharacter: "a control character in a string"
    case .numberBeyondRange: "a number too large"
    case .missingField(let name): "\"\(name)\" is missing"
    case .wrongField(let name, let expected): "\"\(name)\" must be \(expected)"
    }
  }

  /// A byte as a message shows it.
  private static func name(_ byte: UInt8) -> String {
    if byte > 0x20 && byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
    let digits = String(byte, radix: 16)
    return "byte 0x" + (digits.utf8.count < 2 ? "0" : "") + digits
  }

  /// The start of `key` as a JSON string, so that a message stays one line whatever the key holds.
  static func quoted(_ key: [UInt8]) -> String {
    var text: [UInt8] = []
    text.appendJSONString(key.prefix(64))
    return String(decoding: text, as: UTF8.self)
  }
}
