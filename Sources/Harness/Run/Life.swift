import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// The bookkeeping of one epoch while it is recorded.
struct Life {
  let world: World
  private var oracle: OracleModel
  private(set) var models: [(position: Int, model: OracleModel)]
  private(set) var sent: [ScheduledRequest] = []
  private(set) var exchanges: [HistoryLine] = []
  private(set) var findings: [LiveFinding] = []
  private(set) var isOver = false
  /// The requests that were sent and not answered, in the order of their sending.
  private(set) var outstanding: [Outstanding] = []

  /// What is still to be sent, the next one last.
  private var waiting: [ScheduledRequest]
  /// The request that the current window is named after.
  private var window: UInt64 = 0
  /// How many requests and answers there were.
  private var events = 0
  private var openTransactions: Set<UInt64> = []
  private var aborts: UInt64 = 0
  private var faultsSeen = 0
  private var barriersSeen = 0

  /// A request that waits for its answer.
  struct Outstanding {
    var request: ScheduledRequest
    var issue: Int
    /// How many operations there were when it was sent.
    var position: Int
  }

  init(world: World, oracle: OracleModel, requests: [ScheduledRequest]) {
    self.world = world
    self.oracle = oracle
    models = [(0, oracle)]
    waiting = requests.reversed()
  }

  private var position: Int { world.recording?.operations.count ?? 0 }

  // MARK: Sending

  /// Takes the next request that may be sent now, with fewer than `limit` outstanding; nil where it
  /// must wait, or there is none.
  mutating func next(atMost limit: Int) -> ScheduledRequest? {
    while !isOver, let candidate = waiting.last {
      guard outstanding.isEmpty || (outstanding.count < limit && mayOverlap(candidate)) else {
        return nil
      }
      waiting.removeLast()
      if mayBeSent(candidate.request) { return candidate }
    }
    return nil
  }

  /// Whether a request may be sent now while others are outstanding.
  func maySendBeside(atMost limit: Int) -> Bool {
    guard !isOver, !outstanding.isEmpty, outstanding.count < limit, let next = waiting.last else {
      return false
    }
    return mayOverlap(next)
  }

  /// Whether everything that `candidate` waits for is answered.
  private func mayOverlap(_ candidate: ScheduledRequest) -> Bool {
    guard let after = candidate.after else { return false }
    return outstanding.allSatisfy { $0.request.number > after }
  }

  /// Whether a request still makes sense: its transaction is open.
  private func mayBeSent(_ request: Request) -> Bool {
    switch request {
    case .mutate(_, let transaction?), .get(_, let transaction?), .commit(let transaction),
      .abort(let transaction):
      openTransactions.contains(transaction)
    case .hello, .open, .mutate, .batch, .begin, .createNamespace, .dropNamespace, .clear, .flush,
      .checkpoint, .get, .search, .dump, .stats, .close:
      true
    }
  }

  /// The request is about to be sent; returns the request that its window is named after.
  ///
  /// A window is a run of requests each of which but the first waits for less than all before it.
  /// Which thread of a subject asked for an operation cannot be seen, so operations and faults
  /// within it are all keyed to its first request, and counted from there: the schedule alone says
  /// which request that is.
  mutating func issued(_ scheduled: ScheduledRequest) -> UInt64 {
    let waitsForAll = scheduled.after.map { $0 >= sent.last?.number ?? 0 } ?? true
    if waitsForAll { window = scheduled.number }
    switch scheduled.request {
    case .commit(let transaction), .abort(let transaction):
      // Nothing of it is sent any more, also before the answer.
      openTransactions.remove(transaction)
    case .hello, .open, .mutate, .batch, .begin, .createNamespace, .dropNamespace, .clear, .flush,
      .checkpoint, .get, .search, .dump, .stats, .close:
      break
    }
    sent.append(scheduled)
    outstanding.append(Outstanding(request: scheduled, issue: events, position: position))
    events += 1
    oracle.issued(scheduled.request, number: scheduled.number)
    // Mid-request positions see the request as issued and unanswered; the position before does not:
    // a request that has done nothing yet makes the permitted set larger, never smaller.
    models.append((position + 1, oracle))
    return window
  }

  /// The request with the number `number`, where it is outstanding.
  func request(_ number: UInt64) -> Request? {
    outstanding.first { $0.request.number == number }?.request.request
  }

  // MARK: Answers

  mutating func answered(_ answer: Answer, to number: UInt64) {
    guard let index = outstanding.firstIndex(where: { $0.request.number == number }) else {
      preconditionFailure("a target gives answers to what was asked")
    }
    noteFaults()
    for finding in oracle.answered(answer, to: number) {
      findings.append(LiveFinding(finding: finding, request: number))
    }
    let asked = outstanding.remove(at: index)
    note(asked, .answer(answer))
    while let last = models.last, last.position >= position, models.count > 1 {
      models.removeLast()
    }
    if models.count == 1 && position == 0 {
      models[0].model = oracle
    } else {
      models.append((position, oracle))
    }
    follow(asked.request, answer)
  }

  private mutating func note(_ asked: Outstanding, _ outcome: HistoryLine.Outcome) {
    exchanges.append(
      HistoryLine(
        request: asked.request, issue: asked.issue, end: events, firstOperation: asked.position,
        lastOperation: position, outcome: outcome, isLast: outstanding.isEmpty))
    events += 1
  }

  /// The subject is gone; whatever was outstanding stays unanswered.
  mutating func broke(_ breakdown: SubjectBreakdown) {
    noteFaults()
    isOver = true
    let unanswered = outstanding
    outstanding = []
    for asked in unanswered { note(asked, .broken(breakdown)) }
    // It hangs because a call of it does.
    if breakdown.kind == .hung && world.hangs > 0 { return }
    // The promise in force: after an upgrade that of the new version.
    let mayExit = world.failedBarriers > 0 && oracle.contract.afterFailedBarrier == .exits
    if breakdown.kind == .ended && mayExit { return }
    let name: ViolationName = breakdown.kind == .hung ? .subjectHung : .subjectCrashed
    let names = unanswered.map(\.request.request.name.rawValue).joined(separator: ", ")
    findings.append(
      LiveFinding(
        finding: Finding(name, explanation: "at \(names): \(breakdown.message)"),
        request: unanswered.first?.request.number ?? 0))
  }

  private mutating func noteFaults() {
    if world.failedBarriers > barriersSeen { oracle.barrierFailed() }
    if world.hindrances > faultsSeen { oracle.faultFired() }
    barriersSeen = world.failedBarriers
    faultsSeen = world.hindrances
  }

  private mutating func follow(_ scheduled: ScheduledRequest, _ answer: Answer) {
    switch scheduled.request {
    case .begin(let transaction):
      if answer.isOK { openTransactions.insert(transaction) }
    case .mutate(_, let transaction?):
      if !answer.isOK, openTransactions.contains(transaction) {
        waiting.append(abort(of: transaction, after: scheduled))
      }
    case .open:
      if !answer.isOK { isOver = true }
    case .close:
      openTransactions.removeAll()
    case .hello, .mutate, .batch, .commit, .abort, .createNamespace, .dropNamespace, .clear, .flush,
      .checkpoint, .get, .search, .dump, .stats:
      break
    }
  }

  /// The abort that a failed mutation inside a transaction calls for; it waits for all else.
  private mutating func abort(
    of transaction: UInt64, after scheduled: ScheduledRequest
  ) -> ScheduledRequest {
    aborts += 1
    let epochBase = scheduled.number / ScheduledRequest.epochStride * ScheduledRequest.epochStride
    return ScheduledRequest(
      number: epochBase + 900_000 + aborts, request: .abort(transaction: transaction))
  }
}
