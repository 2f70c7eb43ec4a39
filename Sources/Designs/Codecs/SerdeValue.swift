/// A JSON value as the crate serde_json holds it: whole numbers apart from others, strings as
/// UTF-8.
indirect enum SerdeValue {
  case null
  case bool(Bool)
  case unsigned(UInt64)
  case signed(Int64)
  case float(Double)
  /// An f32, whose shortest text is another than that of the same double. Never read, only written.
  case single(Float)
  case string([UInt8])
  case array([SerdeValue])
  case object([(key: [UInt8], value: SerdeValue)])

  /// The member `name` of an object. serde refuses a struct in which a field stands twice.
  func member(_ name: String) throws(SerdeFailure) -> SerdeValue? {
    guard case .object(let members) = self else { throw .unexpectedType }
    let found = members.filter { $0.key.elementsEqual(name.utf8) }
    guard found.count < 2 else { throw .duplicateField }
    return found.first?.value
  }

  func required(_ name: String) throws(SerdeFailure) -> SerdeValue {
    guard let value = try member(name) else { throw .missingField }
    return value
  }

  func asString() throws(SerdeFailure) -> [UInt8] {
    guard case .string(let text) = self else { throw .unexpectedType }
    return text
  }

  func asUnsigned() throws(SerdeFailure) -> UInt64 {
    guard case .unsigned(let number) = self else { throw .unexpectedType }
    return number
  }

  /// An f32: read as a double first, as serde_json does it.
  func asFloat() throws(SerdeFailure) -> Float {
    switch self {
    case .unsigned(let number): return Float(number)
    case .signed(let number): return Float(number)
    case .float(let number): return Float(number)
    case .single(let number): return number
    case .null, .bool, .string, .array, .object: throw .unexpectedType
    }
  }

  func asArray() throws(SerdeFailure) -> [SerdeValue] {
    guard case .array(let elements) = self else { throw .unexpectedType }
    return elements
  }

  func asFloats() throws(SerdeFailure) -> [Float] {
    var floats: [Float] = []
    for element in try asArray() { floats.append(try element.asFloat()) }
    return floats
  }

  /// The name and the content of an enum's case: `"Name"`, or an object with that one member.
  func asVariant() throws(SerdeFailure) -> (name: [UInt8], content: SerdeValue?) {
    switch self {
    case .string(let name): return (name, nil)
    case .object(let members) where members.count == 1: return (members[0].key, members[0].value)
    case .null, .bool, .unsigned, .signed, .float, .single, .array, .object: throw .unexpectedType
    }
  }
}

/// Why a text is no value of the type that was asked for.
enum SerdeFailure: Error, Equatable {
  case syntax
  case unexpectedEnd
  case trailingCharacters
  case numberOutOfRange
  case recursionLimit
  case unexpectedType
  case missingField
  case duplicateField
  case unknownVariant
}
