/// How the `bincode` family writes whole numbers.
enum IntegerEncoding {
  /// bincode 1.x by default: all bytes of the type, little endian; lengths as u64, the index of an
  /// enum's case as u32.
  case fixed
  /// bincode 2.x and oxicode, configuration `standard`: one byte up to 250; else 251, 252 or 253
  /// and then two, four or eight bytes, little endian.
  case variable
}

/// Writes values as `bincode` and `oxicode` write them through serde.
struct BinaryEncoder {
  private let encoding: IntegerEncoding
  private(set) var output: [UInt8] = []

  init(_ encoding: IntegerEncoding) { self.encoding = encoding }

  /// The index of an enum's case.
  mutating func variant(_ index: UInt32) {
    switch encoding {
    case .fixed: output += index.littleEndianBytes
    case .variable: variable(UInt64(index))
    }
  }

  mutating func number(_ value: UInt64) {
    switch encoding {
    case .fixed: output += value.littleEndianBytes
    case .variable: variable(value)
    }
  }

  mutating func length(_ count: Int) { number(UInt64(count)) }

  /// A string, as its length in bytes and its UTF-8.
  mutating func bytes(_ text: [UInt8]) {
    length(text.count)
    output += text
  }

  /// A vector of f32: its length, then four bytes each.
  mutating func floats(_ values: [Float]) {
    length(values.count)
    for value in values { output += value.bitPattern.littleEndianBytes }
  }

  /// The tag before an optional value.
  mutating func option(_ isPresent: Bool) { output.append(isPresent ? 1 : 0) }

  private mutating func variable(_ value: UInt64) {
    switch value {
    case ..<251: output.append(UInt8(value))
    case ...0xFFFF: output += [251] + UInt16(value).littleEndianBytes
    case ...0xFFFF_FFFF: output += [252] + UInt32(value).littleEndianBytes
    default: output += [253] + value.littleEndianBytes
    }
  }
}

/// Why bytes are no value of the type that was asked for.
enum DecodingFailure: Error, Equatable {
  case truncated
  case notUTF8
  case unknownVariant(UInt64)
  case invalidTag(UInt8)
}

/// Reads what `BinaryEncoder` writes. Bytes behind the value are ignored, as `bincode::deserialize`
/// and `decode_from_slice` ignore them.
struct BinaryDecoder {
  private let encoding: IntegerEncoding
  private let input: [UInt8]
  private var offset = 0

  init(_ input: [UInt8], _ encoding: IntegerEncoding) {
    self.input = input
    self.encoding = encoding
  }

  mutating func variant() throws(DecodingFailure) -> UInt64 {
    switch encoding {
    case .fixed: return UInt64(UInt32(littleEndianBytes: try take(4)))
    case .variable: return try variable()
    }
  }

  mutating func number() throws(DecodingFailure) -> UInt64 {
    switch encoding {
    case .fixed: return UInt64(littleEndianBytes: try take(8))
    case .variable: return try variable()
    }
  }

  /// A length, which what follows can hold at all.
  mutating func length() throws(DecodingFailure) -> Int {
    guard let length = Int(exactly: try number()), length <= input.count - offset else {
      throw .truncated
    }
    return length
  }

  mutating func bytes() throws(DecodingFailure) -> [UInt8] { Array(try take(try length())) }

  /// A string, which is UTF-8 or none.
  mutating func string() throws(DecodingFailure) -> [UInt8] {
    let text = try bytes()
    guard String(validating: text, as: UTF8.self) != nil else { throw .notUTF8 }
    return text
  }

  mutating func floats() throws(DecodingFailure) -> [Float] {
    let count = try length()
    guard count * 4 <= input.count - offset else { throw .truncated }
    var values: [Float] = []
    values.reserveCapacity(count)
    for _ in 0..<count {
      values.append(Float(bitPattern: UInt32(littleEndianBytes: try take(4))))
    }
    return values
  }

  mutating func option() throws(DecodingFailure) -> Bool {
    let tag = try take(1)[offset - 1]
    guard tag < 2 else { throw .invalidTag(tag) }
    return tag == 1
  }

  private mutating func variable() throws(DecodingFailure) -> UInt64 {
    let first = try take(1)[offset - 1]
    switch first {
    case ..<251: return UInt64(first)
    case 251: return UInt64(UInt16(littleEndianBytes: try take(2)))
    case 252: return UInt64(UInt32(littleEndianBytes: try take(4)))
    case 253: return UInt64(littleEndianBytes: try take(8))
    default: throw .invalidTag(first)
    }
  }

  private mutating func take(_ count: Int) throws(DecodingFailure) -> ArraySlice<UInt8> {
    guard count <= input.count - offset else { throw .truncated }
    offset += count
    return input[offset - count..<offset]
  }
}
