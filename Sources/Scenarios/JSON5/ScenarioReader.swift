public import SubjectProtocol

/// Takes the known members out of an object of a JSON5 text, each with its type and limits.
///
/// Every getter names a key as known; `finish` then refuses the members that no getter asked for,
/// with the nearest known key as a suggestion. Messages name the file and the line.
public struct ScenarioReader {
  /// The file, as messages call it.
  public let file: String
  /// The line on which the object starts.
  public let line: Int
  private let members: [JSON5Node.Member]
  private var known: [String] = []

  /// A reader of the object `node`, which messages call `name`.
  public init(_ node: JSON5Node, file: String, name: String) throws(ScenarioError) {
    guard case .object(let members) = node.value else {
      throw ScenarioError(file: file, line: node.line, message: "\(name) must be an object")
    }
    self.file = file
    self.members = members
    line = node.line
  }

  /// The value of `key`, or nil where it is absent; the key is known from now on.
  public mutating func node(_ key: String) -> JSON5Node? {
    known.append(key)
    return members.first { $0.key.elementsEqual(key.utf8) }?.node
  }

  /// An error on the line of `node`.
  public func error(_ node: JSON5Node, _ message: String) -> ScenarioError {
    ScenarioError(file: file, line: node.line, message: message)
  }

  /// An error on the line where the object starts.
  public func error(_ message: String) -> ScenarioError {
    ScenarioError(file: file, line: line, message: message)
  }

  /// A whole number within `range`, or nil where the key is absent.
  public mutating func integer(
    _ key: String, in range: ClosedRange<Int>
  ) throws(ScenarioError) -> Int? {
    guard let node = node(key) else { return nil }
    guard case .number(_, let whole?) = node.value, range.contains(whole) else {
      let limits = "from \(range.lowerBound) to \(range.upperBound)"
      throw error(node, "\"\(key)\" must be a whole number \(limits)")
    }
    return whole
  }

  /// True or false, or nil where the key is absent.
  public mutating func boolean(_ key: String) throws(ScenarioError) -> Bool? {
    guard let node = node(key) else { return nil }
    guard case .bool(let bool) = node.value else {
      throw error(node, "\"\(key)\" must be true or false")
    }
    return bool
  }

  /// A string, or nil where the key is absent.
  public mutating func string(_ key: String) throws(ScenarioError) -> String? {
    guard let node = node(key) else { return nil }
    guard case .string(let string) = node.value else {
      throw error(node, "\"\(key)\" must be a string")
    }
    return String(decoding: string, as: UTF8.self)
  }

  /// An array of strings, or nil where the key is absent.
  public mutating func strings(_ key: String) throws(ScenarioError) -> [String]? {
    guard let node = node(key) else { return nil }
    guard case .array(let elements) = node.value else {
      throw error(node, "\"\(key)\" must be an array of strings")
    }
    var strings: [String] = []
    for element in elements {
      guard case .string(let string) = element.value else {
        throw error(element, "\"\(key)\" must be an array of strings")
      }
      strings.append(String(decoding: string, as: UTF8.self))
    }
    return strings
  }

  /// One of the names of `type`, or nil where the key is absent.
  public mutating func choice<Name: RawRepresentable & CaseIterable>(
    _ key: String, _ type: Name.Type
  ) throws(ScenarioError) -> Name? where Name.RawValue == String {
    guard let node = node(key) else { return nil }
    return try name(node, key, type)
  }

  /// An array of names of `type` without repetition, or nil where the key is absent.
  public mutating func choices<Name: RawRepresentable & CaseIterable & Equatable>(
    _ key: String, _ type: Name.Type
  ) throws(ScenarioError) -> [Name]? where Name.RawValue == String {
    guard let node = node(key) else { return nil }
    guard case .array(let elements) = node.value else {
      throw error(node, "\"\(key)\" must be an array of \(Self.list(type))")
    }
    var names: [Name] = []
    for element in elements {
      let name = try name(element, key, type)
      if names.contains(name) {
        throw error(element, "\"\(key)\" has \"\(name.rawValue)\" twice")
      }
      names.append(name)
    }
    return names
  }

  /// A reader of an object, or nil where the key is absent.
  public mutating func object(_ key: String) throws(ScenarioError) -> ScenarioReader? {
    guard let node = node(key) else { return nil }
    return try ScenarioReader(node, file: file, name: "\"\(key)\"")
  }

  /// Readers of an array's objects, or nil where the key is absent.
  public mutating func objects(_ key: String) throws(ScenarioError) -> [ScenarioReader]? {
    guard let node = node(key) else { return nil }
    guard case .array(let elements) = node.value else {
      throw error(node, "\"\(key)\" must be an array of objects")
    }
    var readers: [ScenarioReader] = []
    for element in elements {
      readers.append(try ScenarioReader(element, file: file, name: "each of \"\(key)\""))
    }
    return readers
  }

  /// An object that is passed on as it is, or nil where the key is absent.
  public mutating func json(_ key: String) throws(ScenarioError) -> JSONValue? {
    guard let node = node(key) else { return nil }
    guard case .object = node.value else { throw error(node, "\"\(key)\" must be an object") }
    return node.json
  }

  /// An array of objects that are passed on as they are, or nil where the key is absent.
  public mutating func jsonObjects(_ key: String) throws(ScenarioError) -> [JSONValue]? {
    guard let node = node(key) else { return nil }
    guard case .array(let elements) = node.value else {
      throw error(node, "\"\(key)\" must be an array of objects")
    }
    var objects: [JSONValue] = []
    for element in elements {
      guard case .object = element.value else {
        throw error(element, "each of \"\(key)\" must be an object")
      }
      objects.append(element.json)
    }
    return objects
  }

  /// Refuses the first member that no getter asked for.
  public func finish() throws(ScenarioError) {
    for member in members where !known.contains(where: { member.key.elementsEqual($0.utf8) }) {
      let hint = Spelling.hint(for: member.key, among: known)
      throw ScenarioError(
        file: file, line: member.line,
        message: "unknown key \(Spelling.quoted(member.key))\(hint)")
    }
  }

  private func name<Name: RawRepresentable & CaseIterable>(
    _ node: JSON5Node, _ key: String, _ type: Name.Type
  ) throws(ScenarioError) -> Name where Name.RawValue == String {
    guard case .string(let text) = node.value else {
      throw error(node, "\"\(key)\" must be one of \(Self.list(type))")
    }
    if let name = type.allCases.first(where: { text.elementsEqual($0.rawValue.utf8) }) {
      return name
    }
    let hint = Spelling.suggestion(for: text, among: type.allCases.map(\.rawValue))
    let suggestion = hint.map { "; did you mean \"\($0)\"?" } ?? ""
    throw error(
      node, "\"\(key)\" cannot be \(Spelling.quoted(text)), only \(Self.list(type))\(suggestion)")
  }

  private static func list<Name: RawRepresentable & CaseIterable>(_ type: Name.Type) -> String
  where Name.RawValue == String {
    type.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
  }
}
