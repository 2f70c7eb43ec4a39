package import SubjectProtocol

/// How explanations name things; only called when there is something to explain.
package enum Wording {
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

  /// A key as people read it: control characters escaped, the middle of a long one left out.
  package static func key(_ key: RecordKey) -> String {
    if key.id.isEmpty { return "namespace \(short(key.namespace))" }
    if key.namespace.isEmpty { return short(key.id) }
    return "\(short(key.id)) in \(short(key.namespace))"
  }

  private static func short(_ bytes: [UInt8]) -> String {
    let whole = text(bytes)
    guard whole.count > longestName else { return whole }
    return whole.prefix(longestName / 2) + "…" + whole.suffix(8) + " (\(bytes.count) bytes)"
  }

  /// The longest name that is written out.
  private static let longestName = 64

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
    let (expected, found) = (value(difference.expected), value(difference.found))
    return "\(key(difference.key)): expected \(expected), found \(found)"
      + (expected == found ? behind(difference) : "")
  }

  /// Where two values that begin alike differ.
  private static func behind(_ difference: NearestState.Difference) -> String {
    guard let expected = difference.expected, let found = difference.found else { return "" }
    let components = zip(expected.vector, found.vector)
    if let index = components.enumerated().first(where: {
      $0.element.0.bitPattern != $0.element.1.bitPattern
    }) {
      return " (component \(index.offset + 1): \(index.element.0) and \(index.element.1))"
    }
    if expected.vector.count != found.vector.count {
      return " (\(expected.vector.count) and \(found.vector.count) components)"
    }
    let (left, right) = (expected.metadata.canonical, found.metadata.canonical)
    let same = zip(left, right).prefix { $0 == $1 }.count
    return " (\(left.count) and \(right.count) bytes of metadata, different from byte \(same + 1))"
  }
}
