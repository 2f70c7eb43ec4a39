import Oracle
import SubjectProtocol

/// Walks a subject through the protocol, request by request, and says what it does not honour:
/// before any crash is tried.
///
/// Every answer is judged by the oracle of a run (`Oracle/OracleModel.swift`); what is checked here
/// besides is what a run takes for granted. After a process that is gone the next step begins with
/// a fresh one, in an empty world.
struct SubjectCheck {
  let probe: SubjectProbe
  /// The subject's own options, as JSON text.
  let options: String
  /// Takes each result as it comes.
  let report: (ConformanceResult) -> Void

  private(set) var results: [ConformanceResult] = []
  /// What the subject said of itself.
  private(set) var description = SubjectDescription(
    name: "", contract: Contract(), operations: [], features: [])
  var oracle = OracleModel(
    contract: Contract(), dimension: ConformanceSteps.dimension, features: [])

  init(probe: SubjectProbe, options: String, report: @escaping (ConformanceResult) -> Void) {
    self.probe = probe
    self.options = options
    self.report = report
  }

  /// Walks the whole protocol.
  mutating func run() throws(RunError) {
    guard let description = try greet() else { return }
    self.description = description
    guard try open() else { return }
    try walk()
    try checkUnknownOperation()
    try checkBarriers()
    try checkEndOfInput()
    try checkNumbers()
    try checkConcurrency()
    try checkSameTwice()
    tellWhatWasSeen()
    probe.end()
  }

  /// Notes a result.
  mutating func add(_ result: ConformanceResult) {
    results.append(result)
    report(result)
  }

  mutating func honoured(_ what: String) {
    add(ConformanceResult(verdict: .honoured, what: what))
  }

  mutating func tell(_ what: String) { add(ConformanceResult(verdict: .told, what: what)) }

  mutating func notHonoured(
    _ what: String, sent: String = "", came: String = "", why: String? = nil, says: String
  ) {
    add(
      ConformanceResult(
        verdict: .notHonoured, what: what, sent: sent, came: came, why: why ?? "", says: says))
  }

  // MARK: Steps

  /// The `open` that every step begins with where no process runs.
  private func openLine(_ clock: UInt64?) -> String {
    var options = options
    if let clock {
      let rest = options.dropFirst()
      options = "{\"clock\":\(clock)" + (rest == "}" ? "" : ",") + rest
    }
    return #"{"op":"open","directory":"WORLD","dimension":\#(ConformanceSteps.dimension),"#
      + #""options":\#(options)}"#
  }

  /// The `hello` that every process begins with.
  var helloLine: String { #"{"op":"hello","protocol":1,"options":\#(options)}"# }

  /// A fresh process in an empty world, greeted and opened; false, with a result, where that fails.
  mutating func open(freshWorld: Bool = true, clock: UInt64? = nil) throws(RunError) -> Bool {
    try probe.start(freshWorld: freshWorld)
    if freshWorld {
      oracle = OracleModel(
        contract: description.contract, dimension: ConformanceSteps.dimension,
        features: description.features)
    }
    let what = freshWorld ? "open: an empty directory" : "open: what an earlier process left"
    for (line, operation) in [(helloLine, OperationName.hello), (openLine(clock), .open)] {
      let reply = try exchange(line, operation)
      guard case .answer(let decoded, _) = reply.reply, decoded.answer.isOK, reply.problem == nil
      else {
        notHonoured(
          what, sent: line, came: reply.reply.text, why: reply.problem,
          says: "the table: open answers ok; \"The directory exists, and is empty at the first "
            + "open\"")
        probe.end()
        return false
      }
    }
    return true
  }

  /// Sends a line, and holds the answer against the protocol and the oracle.
  mutating func exchange(
    _ line: String, _ operation: OperationName
  ) throws(RunError) -> (reply: SubjectProbe.Reply, problem: String?) {
    let number = probe.nextNumber()
    oracle.issued(ConformanceStep.request(line), number: number)
    let reply = try probe.ask(line, operation, number: number)
    return (reply, judge(reply, number))
  }

  /// What is wrong with an answer that came; nil where nothing is.
  mutating func judge(_ reply: SubjectProbe.Reply, _ number: UInt64) -> String? {
    guard case .answer(let decoded, _) = reply else { return nil }
    let findings = oracle.answered(decoded.answer, to: number)
    if let echoed = decoded.number, echoed != number {
      return "it has the number \(echoed), and \(number) was asked"
    }
    if decoded.number == nil, description.concurrency > 1 {
      return "it has no request number, which is mandatory with concurrency"
    }
    return findings.first?.explanation
  }

  private mutating func walk() throws(RunError) {
    for group in ConformanceSteps.groups {
      let claimed = group.steps.filter(isClaimed)
      if claimed.isEmpty {
        add(ConformanceResult(verdict: .notClaimed, what: "\(group.name): not claimed"))
      }
      // Each group begins in an empty world.
      probe.end()
      for step in claimed {
        guard probe.lostCount < Self.patience else {
          return tell("\(step.what), and what follows: not tried, as the process is lost each time")
        }
        try take(step)
      }
    }
  }

  /// After so many lost processes the rest would only say the same.
  private static let patience = 4

  private func isClaimed(_ step: ConformanceStep) -> Bool {
    if let feature = step.needs, !description.features.contains(feature) { return false }
    if step.operations.contains(.begin), !description.contract.transactions { return false }
    return step.operations.isSubset(of: description.operations)
  }

  private mutating func take(_ step: ConformanceStep) throws(RunError) {
    if !probe.isAlive {
      guard try open() else { return }
    }
    for line in step.lines {
      let operation = ConformanceStep.request(line).name
      let (reply, problem) = try exchange(line, operation)
      if let problem {
        notHonoured(step.what, sent: line, came: reply.text, why: problem, says: step.says)
        // What is wrong would be found again by every step behind it.
        return probe.end()
      }
      switch reply {
      case .answer(let decoded, let text):
        guard case .failed(let kind, _) = decoded.answer, !step.mayFail.contains(kind) else {
          continue
        }
        if kind == .unsupported {
          return tell(
            step.what + ": answered unsupported, which is never held against a subject; nothing of "
              + "it will be tried")
        }
        notHonoured(step.what, sent: line, came: text, says: step.says)
        return probe.end()
      case .malformed, .none:
        notHonoured(step.what, sent: line, came: reply.text, says: step.says)
        return probe.end()
      }
    }
    honoured(step.what)
  }
}
