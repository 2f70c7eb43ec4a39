import SubjectProtocol

/// How explanations name things; only called when there is something to explain.
enum Wording {
  /// At most this many keys or requests are named.
  private static let longest = 4

  static func text(_ bytes: [UInt8]) -> String {
    var text = "\""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "\"", "\\": text += "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        text += "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }

  static func key(_ key: RecordKey) -> String {
    if key.id.isEmpty { return "namespace \(text(key.namespace))" }
    if key.namespace.isEmpty { return text(key.id) }
    return "\(text(key.id)) in \(text(key.namespace))"
  }

  static func list(_ keys: [RecordKey]) -> String {
    let named = keys.prefix(longest).map(key).joined(separator: ", ")
    return keys.count > longest ? "\(named) and \(keys.count - longest) more" : named
  }

  static func requests(_ numbers: [UInt64]) -> String {
    let named = numbers.prefix(longest).map(String.init).joined(separator: ", ")
    let rest = numbers.count > longest ? " and \(numbers.count - longest) more" : ""
    return "request\(numbers.count == 1 ? "" : "s") \(named)\(rest)"
  }

  static func value(_ value: RecordValue?) -> String {
    guard let value else { return "nothing" }
    if value.vector.isEmpty && value.metadata == .empty { return "present" }
    let components = value.vector.prefix(longest).map { "\($0)" }.joined(separator: ", ")
    let dots = value.vector.count > longest ? ", …" : ""
    let metadata = value.metadata.canonical
    let rest = metadata.isEmpty ? "" : " " + String(decoding: metadata.prefix(200), as: UTF8.self)
    return "[\(components)\(dots)]\(rest)"
  }

  static func difference(_ difference: NearestState.Difference) -> String {
    "\(key(difference.key)): expected \(value(difference.expected)), "
      + "found \(value(difference.found))"
  }
}
