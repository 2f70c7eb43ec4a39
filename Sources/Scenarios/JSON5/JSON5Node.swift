public import SubjectProtocol

/// A value of a JSON5 text, with the place where it stands.
public struct JSON5Node: Sendable, Equatable {
  /// The value.
  public var value: Value
  /// The line on which it starts, from 1.
  public var line: Int
  /// The column at which it starts, in characters from 1.
  public var column: Int

  /// Makes a node.
  public init(value: Value, line: Int, column: Int) {
    self.value = value
    self.line = line
    self.column = column
  }

  /// The kinds of values.
  public indirect enum Value: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number; `whole` is its exact value where that is a whole number of 64 bits.
    case number(Double, whole: Int?)
    /// A string, as UTF-8.
    case string([UInt8])
    /// An array.
    case array([JSON5Node])
    /// An object; keys are unique.
    case object([Member])
  }

  /// One member of an object.
  public struct Member: Sendable, Equatable {
    /// The key, as UTF-8.
    public var key: [UInt8]
    /// The line on which the key stands, from 1.
    public var line: Int
    /// The value.
    public var node: JSON5Node

    /// Makes a member.
    public init(key: [UInt8], line: Int, node: JSON5Node) {
      self.key = key
      self.line = line
      self.node = node
    }
  }

  /// The value without its places.
  public var json: JSONValue {
    switch value {
    case .null: .null
    case .bool(let bool): .bool(bool)
    case .number(let number, _): .number(number)
    case .string(let string): .string(string)
    case .array(let elements): .array(elements.map(\.json))
    case .object(let members):
      .object(members.map { JSONValue.Member(key: $0.key, value: $0.node.json) })
    }
  }
}
