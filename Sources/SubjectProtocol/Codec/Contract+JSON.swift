extension Contract {
  /// Appends the contract as an object of the protocol.
  func append(to out: inout [UInt8]) {
    out.appendText("{\"acknowledgement\":")
    if acknowledgementAfterProcessCrash == acknowledgementAfterPowerLoss {
      out.appendJSONString(acknowledgementAfterProcessCrash.rawValue.utf8)
    } else {
      out.appendText("{\"process-crash\":")
      out.appendJSONString(acknowledgementAfterProcessCrash.rawValue.utf8)
      out.appendText(",\"power-loss\":")
      out.appendJSONString(acknowledgementAfterPowerLoss.rawValue.utf8)
      out.append(0x7D)
    }
    out.appendText(",\"barriers\":")
    out.appendNames(OperationName.allCases.filter { barriers.contains($0) })
    if let syncEvery {
      out.appendText(",\"syncEvery\":")
      out.appendUnsigned(UInt64(max(1, syncEvery)))
    }
    out.appendText(",\"order\":")
    out.appendJSONString(order.rawValue.utf8)
    out.appendText(transactions ? ",\"transactions\":true" : ",\"transactions\":false")
    out.appendText(batchesAreAtomic ? ",\"batches\":\"atomic\"" : ",\"batches\":\"none\"")
    out.appendText(clearIsAtomic ? ",\"clear\":\"atomic\"" : ",\"clear\":\"per-record\"")
    out.appendText(",\"creation\":")
    out.appendText(creationIsAtomic ? "\"atomic\"" : "\"unspecified\"")
    out.appendText(",\"afterFailedBarrier\":")
    out.appendJSONString(afterFailedBarrier.rawValue.utf8)
    if failedOperationsAreAbsent { out.appendText(",\"failedOperations\":\"absent\"") }
    if recoveredIsDurable { out.appendText(",\"recovered\":\"durable\"") }
    out.appendText(",\"detects\":[")
    for (index, kind) in detects.enumerated() {
      if index > 0 { out.append(0x2C) }
      out.appendJSONString(kind.utf8)
    }
    out.appendText("]}")
  }
}

extension [UInt8] {
  /// Appends an array of names.
  mutating func appendNames<Name: RawRepresentable>(_ names: [Name])
  where Name.RawValue == String {
    append(0x5B)
    for (index, name) in names.enumerated() {
      if index > 0 { append(0x2C) }
      appendJSONString(name.rawValue.utf8)
    }
    append(0x5D)
  }
}

/// What the protocol writes as `"atomic"` or something weaker.
private enum Atomicity: String, CaseIterable { case atomic, none }
private enum ClearPromise: String, CaseIterable {
  case atomic
  case perRecord = "per-record"
}
private enum CreationPromise: String, CaseIterable { case atomic, unspecified }
private enum FailedPromise: String, CaseIterable { case absent, unspecified }
private enum RecoveredPromise: String, CaseIterable { case durable, unspecified }
private enum BarrierName: String, CaseIterable { case flush, checkpoint, close }

extension JSONCursor {
  /// Reads a contract. `acknowledgement` must be there: no promise is presumed. A value that the
  /// protocol does not have is refused, since misreading a contract gives wrong verdicts; other
  /// absent members are as `Contract.init` has them.
  mutating func readContract() throws(JSONError) -> Contract {
    guard peek() == 0x7B else { throw wrong("contract", "an object", at: offset) }
    let start = offset
    var contract = Contract()
    var hasAcknowledgement = false
    var keys = KeySet()
    var key: [UInt8] = []
    var first = true
    try enterObject()
    while try nextKey(first: &first, key: &key) {
      try keys.insert(key, at: offset)
      if key.isName("acknowledgement") {
        try readAcknowledgement(into: &contract)
        hasAcknowledgement = true
      } else if try skipNull() {
        continue
      } else {
        try readContractMember(key, into: &contract)
      }
    }
    guard hasAcknowledgement else {
      throw JSONError(offset: start, reason: .missingField("acknowledgement"))
    }
    return contract
  }

  private mutating func readContractMember(
    _ key: [UInt8], into contract: inout Contract
  ) throws(JSONError) {
    if key.isName("barriers") {
      contract.barriers = try readBarriers()
    } else if key.isName("syncEvery") {
      contract.syncEvery = Int(try readWhole("syncEvery", in: 1...UInt64(Int32.max)))
    } else if key.isName("order") {
      contract.order = try readName("order", as: Contract.Order.self)
    } else if key.isName("transactions") {
      contract.transactions = try readBool("transactions")
    } else if key.isName("batches") {
      contract.batchesAreAtomic = try readName("batches", as: Atomicity.self) == .atomic
    } else if key.isName("clear") {
      contract.clearIsAtomic = try readName("clear", as: ClearPromise.self) == .atomic
    } else if key.isName("creation") {
      contract.creationIsAtomic = try readName("creation", as: CreationPromise.self) == .atomic
    } else if key.isName("afterFailedBarrier") {
      contract.afterFailedBarrier = try readName(
        "afterFailedBarrier", as: Contract.AfterFailedBarrier.self)
    } else if key.isName("failedOperations") {
      contract.failedOperationsAreAbsent =
        try readName("failedOperations", as: FailedPromise.self) == .absent
    } else if key.isName("recovered") {
      contract.recoveredIsDurable =
        try readName("recovered", as: RecoveredPromise.self) == .durable
    } else if key.isName("detects") {
      contract.detects = try readStrings("detects").map { String(decoding: $0, as: UTF8.self) }
    } else {
      try skipValue()
    }
  }

  private mutating func readBarriers() throws(JSONError) -> Set<OperationName> {
    guard peek() == 0x5B else { throw wrong("barriers", "an array of strings", at: offset) }
    var barriers: Set<OperationName> = []
    var first = true
    try enterArray()
    while try nextElement(first: &first) {
      switch try readName("barriers", as: BarrierName.self) {
      case .flush: barriers.insert(.flush)
      case .checkpoint: barriers.insert(.checkpoint)
      case .close: barriers.insert(.close)
      }
    }
    return barriers
  }

  /// Reads one word for both crashes, or an object with a word for each.
  private mutating func readAcknowledgement(
    into contract: inout Contract
  ) throws(JSONError) {
    guard peek() == 0x7B else {
      let word = try readName("acknowledgement", as: Contract.Acknowledgement.self)
      contract.acknowledgementAfterProcessCrash = word
      contract.acknowledgementAfterPowerLoss = word
      return
    }
    let start = offset
    var process: Contract.Acknowledgement?
    var power: Contract.Acknowledgement?
    var keys = KeySet()
    var key: [UInt8] = []
    var first = true
    try enterObject()
    while try nextKey(first: &first, key: &key) {
      try keys.insert(key, at: offset)
      if key.isName("process-crash") {
        process = try readName("process-crash", as: Contract.Acknowledgement.self)
      } else if key.isName("power-loss") {
        power = try readName("power-loss", as: Contract.Acknowledgement.self)
      } else {
        try skipValue()
      }
    }
    guard let process, let power else {
      let missing = process == nil ? "process-crash" : "power-loss"
      throw JSONError(offset: start, reason: .missingField(missing))
    }
    contract.acknowledgementAfterProcessCrash = process
    contract.acknowledgementAfterPowerLoss = power
  }
}
