import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// What one life of a subject left: its operations, what the oracle knew at each place of them, and
/// what it answered.
struct RecordedEpoch {
  /// The operations and the disk they began with.
  var recording: Recording
  /// The oracle's knowledge from an operation position on, by rising position; the first is 0.
  var models: [(position: Int, model: OracleModel)]
  /// The requests as they were sent (aborts added, members of dead transactions left out).
  var requests: [ScheduledRequest]
  /// Every exchange, for the history.
  var exchanges: [HistoryLine]
  /// What live answers violated, with the request it came with.
  var findings: [LiveFinding]
  /// The faults that fired and those that did not.
  var faults: FaultPlan
  /// How many barriers failed.
  var failedBarriers: Int
  /// Every call, where places for faults are looked for.
  var calls: CallLog?
  /// Whether the subject maps files shared. What it stored is in the recording from the answer on
  /// that came after it, so in between a process crash would leave more than the recording knows.
  var mapsMemory = false

  /// Whether the cache is known whole at `position`, so that a process crash there can be judged.
  func knowsCache(at position: Int) -> Bool {
    !mapsMemory || position == recording.operations.count
      || exchanges.contains { $0.lastOperation == position }
  }

  /// The oracle's knowledge at `position`: after every answer that came before that operation, and
  /// before a request that had done nothing yet.
  func model(at position: Int) -> Int {
    var index = models.count - 1
    while index > 0, models[index].position > position { index -= 1 }
    return index
  }
}

/// One exchange of a history.
struct HistoryLine {
  var request: ScheduledRequest
  /// The operations issued before the request, and before its answer.
  var firstOperation: Int
  var lastOperation: Int
  var outcome: Outcome

  /// How the exchange ended.
  enum Outcome {
    case answer(Answer)
    case broken(SubjectBreakdown)
  }
}

/// A violation that a live answer or the subject's end showed.
struct LiveFinding {
  var finding: Finding
  var request: UInt64
}

/// Drives a subject through one epoch on a recorded world.
struct EpochRecorder {
  let target: any Target
  let contract: Contract
  let overrides: ContractOverrides
  private let mapsMemory: Bool

  /// A recorder for `session`.
  init(_ session: SubjectSession) {
    target = session.target
    contract = session.contract
    overrides = session.scenario.contract
    mapsMemory = session.description.features.contains(.memoryMap)
  }

  /// Sends `requests` to a fresh process in a world that begins with `disk`, with `faults`.
  ///
  /// After a mutation that failed inside a transaction the transaction is aborted; requests of a
  /// transaction that is gone are left out (design.md, section 5).
  func record(
    disk: Disk, oracle: OracleModel, requests: [ScheduledRequest], faults: [Fault],
    notesCalls: Bool = false
  ) throws(RunError) -> RecordedEpoch {
    let world = World(
      disk: disk, recording: true, faults: FaultPlan(faults), notesCalls: notesCalls)
    try target.enter(world, freshProcess: true)
    var life = Life(
      world: world, oracle: oracle, models: [(0, oracle)], contract: contract)
    for scheduled in requests {
      guard !life.isOver else { break }
      guard life.mayBeSent(scheduled.request) else { continue }
      try send(scheduled, &life)
      if let abort = life.abortNeeded(after: scheduled) { try send(abort, &life) }
    }
    target.endProcess()
    guard let recording = world.recording else {
      preconditionFailure("a recorded world has a recording")
    }
    return RecordedEpoch(
      recording: recording, models: life.models, requests: life.sent, exchanges: life.exchanges,
      findings: life.findings, faults: world.faults, failedBarriers: world.failedBarriers,
      calls: world.callLog, mapsMemory: mapsMemory)
  }

  private func send(_ scheduled: ScheduledRequest, _ life: inout Life) throws(RunError) {
    let before = life.issued(scheduled)
    let exchange = try target.exchange(scheduled.request, number: scheduled.number)
    if case .answer = exchange { try target.pullMappedStores() }
    switch exchange {
    case .answer(.opened(let claimed)):
      // A contract stated at open is held to the scenario's overrides like the first one.
      life.answered(.opened(overrides.apply(to: claimed)), scheduled, since: before)
    case .answer(let answer): life.answered(answer, scheduled, since: before)
    case .broken(let breakdown): life.broke(breakdown, scheduled, since: before)
    }
  }
}

/// The bookkeeping of one epoch while it is recorded.
private struct Life {
  let world: World
  var oracle: OracleModel
  var models: [(position: Int, model: OracleModel)]
  let contract: Contract
  var sent: [ScheduledRequest] = []
  var exchanges: [HistoryLine] = []
  var findings: [LiveFinding] = []
  var isOver = false
  private var openTransactions: Set<UInt64> = []
  private var failedTransaction: UInt64?
  private var aborts: UInt64 = 0
  private var faultsSeen = 0
  private var barriersSeen = 0

  init(
    world: World, oracle: OracleModel, models: [(position: Int, model: OracleModel)],
    contract: Contract
  ) {
    self.world = world
    self.oracle = oracle
    self.models = models
    self.contract = contract
  }

  var position: Int { world.recording?.operations.count ?? 0 }

  /// Whether a request still makes sense: its transaction is open.
  func mayBeSent(_ request: Request) -> Bool {
    switch request {
    case .mutate(_, let transaction?), .get(_, let transaction?), .commit(let transaction),
      .abort(let transaction):
      openTransactions.contains(transaction)
    case .hello, .open, .mutate, .batch, .begin, .createNamespace, .dropNamespace, .clear, .flush,
      .checkpoint, .get, .search, .dump, .stats, .close:
      true
    }
  }

  /// The abort that a failed mutation inside a transaction calls for.
  mutating func abortNeeded(after scheduled: ScheduledRequest) -> ScheduledRequest? {
    guard let transaction = failedTransaction, !isOver else { return nil }
    failedTransaction = nil
    aborts += 1
    let epochBase = scheduled.number / 1_000_000 * 1_000_000
    return ScheduledRequest(
      number: epochBase + 900_000 + aborts, request: .abort(transaction: transaction))
  }

  mutating func issued(_ scheduled: ScheduledRequest) -> Int {
    let before = position
    sent.append(scheduled)
    oracle.issued(scheduled.request, number: scheduled.number)
    // Mid-request positions see the request as issued and unanswered; `before` itself does not: a
    // request that has done nothing yet makes the permitted set larger, never smaller.
    models.append((before + 1, oracle))
    return before
  }

  mutating func answered(_ answer: Answer, _ scheduled: ScheduledRequest, since before: Int) {
    noteFaults()
    for finding in oracle.answered(answer, to: scheduled.number) {
      findings.append(LiveFinding(finding: finding, request: scheduled.number))
    }
    exchanges.append(
      HistoryLine(
        request: scheduled, firstOperation: before, lastOperation: position,
        outcome: .answer(answer)))
    while let last = models.last, last.position >= position, models.count > 1 {
      models.removeLast()
    }
    if models.count == 1 && position == 0 {
      models[0].model = oracle
    } else {
      models.append((position, oracle))
    }
    follow(scheduled.request, answer)
  }

  mutating func broke(
    _ breakdown: SubjectBreakdown, _ scheduled: ScheduledRequest, since before: Int
  ) {
    noteFaults()
    exchanges.append(
      HistoryLine(
        request: scheduled, firstOperation: before, lastOperation: position,
        outcome: .broken(breakdown)))
    isOver = true
    // It hangs because a call of it does.
    if breakdown.kind == .hung && world.hangs > 0 { return }
    let mayExit = world.failedBarriers > 0 && contract.afterFailedBarrier == .exits
    if breakdown.kind == .ended && mayExit { return }
    let name: ViolationName = breakdown.kind == .hung ? .subjectHung : .subjectCrashed
    findings.append(
      LiveFinding(
        finding: Finding(
          name, explanation: "at \(scheduled.request.name.rawValue): \(breakdown.message)"),
        request: scheduled.number))
  }

  private mutating func noteFaults() {
    if world.failedBarriers > barriersSeen { oracle.barrierFailed() }
    if world.hindrances > faultsSeen { oracle.faultFired() }
    barriersSeen = world.failedBarriers
    faultsSeen = world.hindrances
  }

  private mutating func follow(_ request: Request, _ answer: Answer) {
    switch request {
    case .begin(let transaction):
      if answer.isOK { openTransactions.insert(transaction) }
    case .commit(let transaction), .abort(let transaction):
      openTransactions.remove(transaction)
    case .mutate(_, let transaction?):
      if !answer.isOK, openTransactions.contains(transaction) { failedTransaction = transaction }
    case .open:
      if !answer.isOK { isOver = true }
    case .close:
      openTransactions.removeAll()
    case .hello, .mutate, .batch, .createNamespace, .dropNamespace, .clear, .flush, .checkpoint,
      .get, .search, .dump, .stats:
      break
    }
  }
}
