/// Writes answers as lines of protocol version 1.
public enum AnswerEncoder {
  /// The line of `answer`, its newline included; with `number`, the `request` field has it.
  public static func line(_ answer: Answer, number: UInt64?) -> [UInt8] {
    var out: [UInt8] = []
    append(answer, number: number, to: &out)
    out.append(0x0A)
    return out
  }

  /// Appends the JSON text of `answer` without a newline.
  public static func append(_ answer: Answer, number: UInt64?, to out: inout [UInt8]) {
    out.appendText(answer.isOK ? "{\"ok\":true" : "{\"ok\":false")
    if let number {
      out.appendText(",\"request\":")
      out.appendUnsigned(number)
    }
    switch answer {
    case .ok: break
    case .hello(let description): description.append(to: &out)
    case .opened(let contract):
      out.appendText(",\"contract\":")
      contract.append(to: &out)
    case .record(nil): out.appendText(",\"record\":null")
    case .record(let value?):
      out.appendText(",\"record\":{\"vector\":")
      out.appendVector(value.vector)
      out.appendMetadata(value.metadata)
      out.append(0x7D)
    case .matches(let matches): out.append(matches)
    case .dump(let dump): dump.append(to: &out)
    case .stats(let stats): stats.append(to: &out)
    case .failed(let kind, let message):
      out.appendText(",\"error\":")
      out.appendJSONString(kind.rawValue.utf8)
      out.appendText(",\"message\":")
      out.appendJSONString(message.utf8)
    }
    out.append(0x7D)
  }
}

extension [UInt8] {
  fileprivate mutating func append(_ matches: [Match]) {
    appendText(",\"matches\":[")
    for (index, match) in matches.enumerated() {
      appendText(index > 0 ? ",{\"id\":" : "{\"id\":")
      appendJSONString(match.id)
      appendText(",\"distance\":")
      if match.distance.isFinite {
        appendJSONNumber(match.distance)
      } else {
        appendComponent(Float(match.distance))
      }
      append(0x7D)
    }
    append(0x5D)
  }
}

extension SubjectDescription {
  fileprivate func append(to out: inout [UInt8]) {
    out.appendText(",\"name\":")
    out.appendJSONString(name.utf8)
    out.appendText(",\"protocol\":1,\"contract\":")
    contract.append(to: &out)
    out.appendText(",\"operations\":")
    out.appendNames(OperationName.allCases.filter { operations.contains($0) })
    out.appendText(",\"features\":")
    out.appendNames(Feature.allCases.filter { features.contains($0) })
    if concurrency != 1 {
      out.appendText(",\"concurrency\":")
      out.appendUnsigned(UInt64(max(1, concurrency)))
    }
  }
}

extension Stats {
  fileprivate func append(to out: inout [UInt8]) {
    let figures: [(StaticString, UInt64?)] = [
      ("\"lsn\":", lsn), ("\"segments\":", segments), ("\"logBytes\":", logBytes),
      ("\"checkpoint\":", checkpoint),
    ]
    out.appendText(",\"stats\":{")
    var isFirst = true
    for (key, figure) in figures {
      guard let figure else { continue }
      if !isFirst { out.append(0x2C) }
      isFirst = false
      out.appendText(key)
      out.appendUnsigned(figure)
    }
    out.append(0x7D)
  }
}
