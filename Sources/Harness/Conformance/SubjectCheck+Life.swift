import Oracle
import SubjectProtocol

extension SubjectCheck {
  /// An operation that version 1 does not have is `unsupported`.
  mutating func checkUnknownOperation() throws(RunError) {
    if !probe.isAlive {
      guard try open() else { return }
    }
    let line = #"{"op":"no-such-operation"}"#
    let what = "an unknown operation is unsupported"
    let says = "\"an unknown op is unsupported\"; Failure: {\"ok\":false,\"error\":KIND,…}"
    let reply = try probe.ask(line, .flush, number: probe.nextNumber())
    if case .answer(let decoded, _) = reply, case .failed(.unsupported, _) = decoded.answer {
      return honoured(what)
    }
    notHonoured(what, sent: line, came: reply.text, says: says)
    if case .none = reply { probe.end() }
  }

  /// The end of input means exit; and after a close a new process finds what was there.
  mutating func checkEndOfInput() throws(RunError) {
    guard try open() else { return }
    let put = #"{"op":"put","id":"kept","vector":[1,2,3,5]}"#
    let what = "close, end of input: another process finds what was there"
    for (line, operation) in [(put, OperationName.put), (#"{"op":"close"}"#, .close)] {
      let (reply, problem) = try exchange(line, operation)
      guard problem == nil, case .answer(let decoded, _) = reply, decoded.answer.isOK else {
        notHonoured(
          what, sent: line, came: reply.text, why: problem,
          says: "the table: put and close answer ok")
        return probe.end()
      }
    }
    try checkExit("end of input: the process ends, after a close")
    oracle = oracle.crashed(.process)
    guard try open(freshWorld: false) else { return }
    let (reply, problem) = try exchange(#"{"op":"dump"}"#, .dump)
    if problem == nil, case .answer(let decoded, _) = reply, decoded.answer.isOK {
      honoured(what)
    } else {
      notHonoured(
        what, sent: #"{"op":"dump"}"#, came: reply.text, why: problem,
        says: "what was answered ok, and closed, is there")
    }
    guard probe.isAlive else { return }
    try checkExit("end of input: the process ends, also without a close")
  }

  /// What `stats` calls the highest number is not lower in the next process, though the one before
  /// ended without a close: a number that is given twice makes two changes look like one.
  mutating func checkNumbers() throws(RunError) {
    guard description.operations.contains(.stats), try open() else { return }
    let what = "stats: lsn is not lower in the process after one that did not close"
    let says =
      "Fine print: \"lsn is the highest number given to a mutation so far, never lower after a "
      + "restart\""
    let stats = #"{"op":"stats"}"#
    for line in [#"{"op":"put","id":"numbered","vector":[1,2,3,7]}"#, stats, "", stats] {
      if line.isEmpty {
        _ = try probe.closeInput()
        probe.end()
        oracle = oracle.crashed(.process)
        guard try open(freshWorld: false) else { return }
        continue
      }
      let (reply, problem) = try exchange(line, ConformanceStep.request(line).name)
      guard problem == nil, case .answer(let decoded, _) = reply, decoded.answer.isOK else {
        notHonoured(what, sent: line, came: reply.text, why: problem, says: says)
        return probe.end()
      }
    }
    honoured(what)
  }

  private mutating func checkExit(_ what: String) throws(RunError) {
    let problem = try probe.closeInput()
    probe.end()
    if let problem {
      notHonoured(what, came: problem, says: "\"End of input means exit\"")
    } else {
      honoured(what)
    }
  }

  /// With `concurrency` N so many requests may be outstanding, and answers come in any order.
  mutating func checkConcurrency() throws(RunError) {
    let count = min(description.concurrency, 16)
    guard count > 1 else {
      return add(ConformanceResult(verdict: .notClaimed, what: "concurrency: not claimed"))
    }
    guard try open() else { return }
    let what = "concurrency: \(count) requests at once, each answered once by its number"
    let says =
      "features: \"up to N requests may be outstanding; then request is mandatory and answers "
      + "come in any order\""
    var outstanding: [UInt64] = []
    for index in 0..<count {
      let number = probe.nextNumber()
      let line = #"{"op":"put","id":"c\#(index)","vector":[\#(index),1,1,1]}"#
      oracle.issued(ConformanceStep.request(line), number: number)
      probe.send(ConformanceStep.numbered(line, number), number: number)
      outstanding.append(number)
    }
    let first = outstanding
    var order: [UInt64] = []
    while !outstanding.isEmpty {
      let reply = try probe.receive(.put)
      guard case .answer(let decoded, let line) = reply, decoded.answer.isOK,
        let number = decoded.number, let index = outstanding.firstIndex(of: number)
      else {
        notHonoured(what, sent: "\(count) puts", came: reply.text, says: says)
        return probe.end()
      }
      outstanding.remove(at: index)
      order.append(number)
      if let problem = judge(reply, number) {
        return notHonoured(what, sent: "\(count) puts", came: line, why: problem, says: says)
      }
    }
    let (reply, problem) = try exchange(#"{"op":"dump"}"#, .dump)
    guard problem == nil, case .answer(let decoded, _) = reply, decoded.answer.isOK else {
      return notHonoured(
        what, sent: "a dump after it", came: reply.text, why: problem, says: says)
    }
    guard case .dump(let dump) = decoded.answer, dump.count == count else {
      return notHonoured(
        what, sent: "a dump after \(count) puts", came: reply.text,
        says: "what was answered ok is there")
    }
    honoured(what + (order == first ? "" : ", out of order"))
  }
}
