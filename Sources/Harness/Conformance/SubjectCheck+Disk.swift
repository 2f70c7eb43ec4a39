import Determinism
import DurabilityModel
import Oracle
import SubjectProtocol

extension SubjectCheck {
  /// A durable answer needs a barrier before it, and a barrier of the contract one of the disk's.
  mutating func checkBarriers() throws(RunError) {
    let contract = description.contract
    switch contract.acknowledgementAfterPowerLoss {
    case .none: return
    case .durable: try checkBarrier(before: .put)
    case .volatile: break
    }
    if let count = contract.syncEvery, contract.acknowledgementAfterPowerLoss != .durable {
      try checkBarrier(before: .put, puts: count)
    }
    guard contract.acknowledgementAfterPowerLoss == .volatile else { return }
    for operation in OperationName.allCases
    where contract.barriers.contains(operation) && description.operations.contains(operation) {
      try checkBarrier(before: operation)
    }
  }

  /// What the disk saw from before a put until the answer to `operation`, which claims to be
  /// durable.
  private mutating func checkBarrier(
    before operation: OperationName, puts: Int = 1
  ) throws(RunError) {
    guard try open() else { return }
    let before = probe.world.recording?.operations.count ?? 0
    var lines = (0..<min(puts, 256)).map {
      #"{"op":"put","id":"durable\#($0)","vector":[1,2,3,\#($0)]}"#
    }
    if operation != .put { lines.append(#"{"op":"\#(operation.rawValue)"}"#) }
    let what =
      operation == .put
      ? puts == 1 ? "put: a barrier before the answer" : "put: a barrier within \(puts) answers"
      : "\(operation.rawValue): a barrier before the answer"
    for line in lines {
      let (reply, problem) = try exchange(line, ConformanceStep.request(line).name)
      guard problem == nil, case .answer(let decoded, _) = reply, decoded.answer.isOK else {
        notHonoured(
          what, sent: line, came: reply.text, why: problem, says: "the table: it answers ok")
        return probe.end()
      }
    }
    let seen = (probe.world.recording?.operations ?? [])[before...].map(\.operation)
    guard seen.contains(where: \.isBarrier) else {
      return notHonoured(
        what, sent: lines.joined(separator: " "),
        came: "an ok answer after \(seen.count) operations on the disk "
          + "(\(Self.kinds(seen))), none of them a barrier: nothing was synced",
        says:
          "Contract: \"acknowledgement\" durable, \"syncEvery\" and \"barriers\" say that it is "
          + "safe from a power loss now; \"It must not answer a mutation before the promise it "
          + "makes about it holds\"")
    }
    honoured("\(what) (\(Self.kinds(seen)))")
    let pending = probe.world.disk.pendingSummary()
    if pending.names > 0 || pending.bytes > 0 {
      tell(
        "\(operation.rawValue): when it was answered, \(pending.bytes) bytes and \(pending.names) "
          + "names were still not durable: was each file synced, and its directory?")
    }
  }

  /// The kinds of operations, each once, as they came.
  private static func kinds(_ operations: [DiskOperation]) -> String {
    var kinds: [String] = []
    for operation in operations where !kinds.contains(operation.kindName) {
      kinds.append(operation.kindName)
    }
    return kinds.isEmpty ? "none" : kinds.joined(separator: ", ")
  }

  /// The same requests twice, with the same clock, must write the same bytes: or else a failure is
  /// reproduced at a rate, and shrinks badly.
  mutating func checkSameTwice() throws(RunError) {
    let digests = [
      try digest(clock: 1_000_000_000), try digest(clock: 1_000_000_000),
      try digest(clock: 1_700_000_000_000_000_000),
    ]
    guard let first = digests[0], let second = digests[1], let third = digests[2] else { return }
    if first != second {
      return tell(
        "the same twice: the same requests wrote other bytes the second time; failures are then "
          + "reproduced at a rate. Take the time from the option \"clock\", and chance from nowhere"
      )
    }
    honoured(
      "the same requests write the same bytes"
        + (first == third ? "" : "; the option \"clock\" is used"))
  }

  private mutating func digest(clock: UInt64) throws(RunError) -> Digest? {
    guard try open(clock: clock) else { return nil }
    for index in 0..<3 {
      let line = #"{"op":"put","id":"same\#(index)","vector":[1,2,\#(index),4]}"#
      guard case .answer(let decoded, _) = try exchange(line, .put).reply, decoded.answer.isOK
      else {
        return nil
      }
    }
    return probe.world.disk.stateDigest()
  }

  /// What was noticed on the way.
  mutating func tellWhatWasSeen() {
    let noise = probe.noise
    if let first = noise.first {
      notHonoured(
        "standard output: answers and nothing else", came: "\(noise.count) lines like: " + first,
        says: "\"it answers each with one line on standard output; standard error is free text\"")
    } else {
      honoured("standard output: answers and nothing else")
    }
    if let name = probe.scratchNames.first {
      notHonoured(
        "the disk: nothing is kept outside the directory of open",
        came: "\"\(name)\" in the working directory, which a crash erases",
        says: "the table: open has the directory; what lies elsewhere would survive a power cut")
    } else {
      honoured("the disk: nothing is kept outside the directory of open")
    }
    if probe.callsSyncfs {
      tell(
        "syncfs: seen. It is a barrier for what the persistence model says: nothing under "
          + "posix-min and lazyfs, which is what POSIX promises; everything under ext4-ordered")
    }
    if probe.mapsUnclaimed {
      notHonoured(
        "memory-map: claimed by who maps files shared", came: "a shared mapping of a file",
        says: "features: \"memory-map (uses shared mappings; its mount is cached)\"")
    }
    let denied = ["Permission denied", "EACCES", "Read-only file system", "No such device"]
    if let line = probe.lastErrors.split(separator: "\n").first(where: { line in
      denied.contains { line.contains($0) }
    }) {
      tell(
        "standard error says: \(ConformanceResult.shortened(String(line))). Nothing outside its "
          + "directories can be written, and without the feature memory-map nothing mapped shared")
    }
  }
}
