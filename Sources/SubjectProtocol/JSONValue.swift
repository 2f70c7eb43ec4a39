/// A JSON value with numbers as Float64, as protocol version 1 knows them.
///
/// Strings and keys are bytes (valid UTF-8), compared by byte, never as `String` compares. An
/// object keeps the order in which its members were written; equality ignores it.
public enum JSONValue: Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number.
  case number(Double)
  /// A string, as UTF-8.
  case string([UInt8])
  /// An array.
  case array([JSONValue])
  /// An object; keys are unique.
  case object([Member])

  /// One member of an object.
  public struct Member: Sendable {
    /// The key, as UTF-8.
    public var key: [UInt8]
    /// The value.
    public var value: JSONValue

    /// Makes a member.
    public init(key: [UInt8], value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The empty object.
  public static let emptyObject = JSONValue.object([])

  /// The member of this object with the key `key`, or nil (also when this is no object).
  public subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key.elementsEqual(key.utf8) }?.value
  }

  /// This object with the members of `other` in place of those with the same keys, and added.
  public func overlaid(by other: JSONValue) -> JSONValue {
    guard case .object(var members) = self, case .object(let others) = other else { return other }
    for member in others {
      if let index = members.firstIndex(where: { $0.key == member.key }) {
        members[index] = member
      } else {
        members.append(member)
      }
    }
    return .object(members)
  }

  /// This object without the member `key`.
  public func without(_ key: String) -> JSONValue {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { !$0.key.elementsEqual(key.utf8) })
  }
}

extension JSONValue: Equatable {
  /// Compares as JSON values: members in any order, numbers as Float64 (0 equals −0), strings by
  /// byte.
  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)):
      a.count == b.count
        && a.allSatisfy { member in
          b.contains { $0.key == member.key && $0.value == member.value }
        }
    case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
    }
  }
}
