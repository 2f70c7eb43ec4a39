import SubjectProtocol

extension SubjectCheck {
  /// Asks the subject what it is, and holds its answer against the protocol, member by member. Nil
  /// where nothing more can be asked.
  mutating func greet() throws(RunError) -> SubjectDescription? {
    try probe.start(freshWorld: true)
    let number = probe.nextNumber()
    let line = String(helloLine.dropLast()) + #","x-unknown":{"a":[1]}}"#
    let reply = try probe.ask(line, .hello, number: number)
    let says = "the table: hello answers name, protocol, contract, operations, features"
    guard case .answer(let decoded, let text) = reply else {
      notHonoured("hello: is answered", sent: line, came: reply.text, says: says)
      probe.end()
      return nil
    }
    guard case .hello(let description) = decoded.answer else {
      notHonoured("hello: says what the subject is", sent: line, came: text, says: says)
      probe.end()
      return nil
    }
    honoured("hello: \(description.name), protocol 1; unknown fields are ignored")
    let value = (try? JSONParser.parse(Array(text.utf8))) ?? .emptyObject
    checkNames(value, text)
    checkContract(description, value, text)
    checkEcho(decoded, description, text, number)
    probe.end()
    let needed: [OperationName] = [.open, .put, .dump, .close]
    let lacking = needed.filter { !description.operations.contains($0) }
    if !lacking.isEmpty {
      notHonoured(
        "operations: those without which nothing can be tried", came: text,
        says: "a run needs open, put, dump and close; missing: "
          + lacking.map(\.rawValue).joined(separator: ", "))
      return nil
    }
    if description.features.contains(.memoryMap) {
      // Its mount is cached from now on.
      _ = try probe.target.describe(ConformanceStep.request(helloLine))
      tell("memory-map: claimed, so its mount is cached, and stores are fetched at each answer")
    }
    return description
  }

  private mutating func checkNames(_ value: JSONValue, _ text: String) {
    func unknown(_ key: String, _ known: [String]) -> [String] {
      guard case .array(let elements)? = value[key] else { return [] }
      return elements.compactMap {
        guard case .string(let bytes) = $0 else { return "a value that is no string" }
        let name = String(decoding: bytes, as: UTF8.self)
        return known.contains(name) ? nil : "\"\(name)\""
      }
    }
    for (key, known) in [
      ("operations", OperationName.allCases.map(\.rawValue)),
      ("features", Feature.allCases.map(\.rawValue)),
    ] {
      let names = unknown(key, known)
      if names.isEmpty {
        honoured("hello: \(key) are names of the protocol")
      } else {
        notHonoured(
          "hello: \(key) are names of the protocol", came: names.joined(separator: ", "),
          says: "\(key): of " + known.joined(separator: ", "))
      }
    }
    if value["protocol"] == nil {
      notHonoured(
        "hello: protocol 1", came: text, says: "the table: hello answers \"protocol\": 1")
    }
  }

  private static let contractKeys = [
    "acknowledgement", "barriers", "syncEvery", "order", "transactions", "batches", "clear",
    "creation", "afterFailedBarrier", "failedOperations", "recovered", "detects",
  ]

  private mutating func checkContract(
    _ description: SubjectDescription, _ value: JSONValue, _ text: String
  ) {
    let contract = description.contract
    if case .object(let members)? = value["contract"] {
      let keys = members.map { String(decoding: $0.key, as: UTF8.self) }
      let unknown = keys.filter { !Self.contractKeys.contains($0) }
      if unknown.isEmpty {
        honoured("contract: its keys and values are the protocol's")
      } else {
        notHonoured(
          "contract: its keys are the protocol's",
          came: unknown.map { "\"\($0)\"" }.joined(separator: ", ") + ", which mean nothing",
          says: "Contract: " + Self.contractKeys.joined(separator: ", "))
      }
      let unsaid = ["barriers", "order", "afterFailedBarrier"].filter { !keys.contains($0) }
      if !unsaid.isEmpty {
        tell(
          "contract: says nothing of \(unsaid.joined(separator: ", ")); the strictest promise is "
            + "presumed: barriers flush, checkpoint and close, order prefix, afterFailedBarrier "
            + "stops")
      }
    }
    func claims(_ isClaimed: Bool, _ what: String, _ needed: [OperationName]) {
      let lacking = needed.filter { !description.operations.contains($0) }
      guard isClaimed, !lacking.isEmpty else { return }
      notHonoured(
        "contract: \(what)", came: text,
        says: "Contract: what it promises must be among the operations; missing: "
          + lacking.map(\.rawValue).joined(separator: ", "))
    }
    claims(contract.transactions, "transactions are supported", [.begin, .commit, .abort])
    for crash in Contract.Crash.allCases {
      switch contract.acknowledgement(after: crash) {
      case .durable: break
      case .volatile:
        if contract.barriers.isDisjoint(with: description.operations), contract.syncEvery == nil {
          tell(
            "contract: volatile after a \(crash.rawValue), and none of its barriers is among its "
              + "operations: nothing is ever promised there")
        }
      case .none:
        tell(
          "contract: promises nothing after a \(crash.rawValue); a run does not measure it there")
      }
    }
  }

  private mutating func checkEcho(
    _ decoded: DecodedAnswer, _ description: SubjectDescription, _ text: String, _ number: UInt64
  ) {
    let says = "\"request is echoed; it may be left out where nothing overlaps\""
    if let echoed = decoded.number {
      if echoed == number {
        honoured("request: its number comes back")
      } else {
        notHonoured("request: its number comes back", came: text, says: says)
      }
    } else if description.concurrency > 1 {
      notHonoured(
        "request: its number comes back", came: text,
        says: "features: \"then request is mandatory and answers come in any order\"")
    } else {
      tell("request: its number does not come back, which is allowed where nothing overlaps")
    }
  }
}
