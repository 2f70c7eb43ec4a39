import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Drives a subject through one epoch on a recorded world.
///
/// Requests are sent in the order of the schedule, each as soon as those that it waits for are
/// answered and fewer are outstanding than the subject takes; answers are taken as they come.
struct EpochRecorder {
  let target: any Target
  let overrides: ContractOverrides
  private let mapsMemory: Bool
  private let session: SubjectSession
  private let concurrency: Int

  /// A recorder for `session`.
  init(_ session: SubjectSession) {
    self.session = session
    target = session.target
    overrides = session.scenario.contract
    mapsMemory = session.description.features.contains(.memoryMap)
    concurrency = session.concurrency
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
    target.clock = session.clock.start(ofLife: requests.first?.number ?? 0)
    try target.enter(world, freshProcess: true)
    var life = Life(world: world, oracle: oracle, requests: requests)
    while !life.isOver {
      while let next = life.next(atMost: concurrency) { try send(next, &life) }
      guard !life.isOver, !life.outstanding.isEmpty else { break }
      try takeAnswer(&life)
      while life.maySendBeside(atMost: concurrency), target.anotherAnswerComes() {
        try takeAnswer(&life)
      }
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
    let window = life.issued(scheduled)
    let breakdown = try target.send(scheduled.request, number: scheduled.number, window: window)
    if let breakdown { life.broke(breakdown) }
  }

  private func takeAnswer(_ life: inout Life) throws(RunError) {
    switch try target.receive() {
    case .broken(let breakdown): life.broke(breakdown)
    case .answer(let answer, let number):
      // While another request is worked on, what is mapped changes all the time.
      if life.outstanding.count == 1 { try target.pullMappedStores() }
      switch answer {
      case .opened(let claimed):
        // A contract stated at open is held to the scenario's overrides like the first one.
        life.answered(.opened(overrides.apply(to: claimed)), to: number)
      case .ok: life.answered(opened(by: life.request(number)) ?? .ok, to: number)
      case .hello, .record, .matches, .dump, .stats, .failed:
        life.answered(answer, to: number)
      }
    }
  }

  /// The answer ok to an `open`, with what `hello` promised under its options; nil where that is
  /// what the subject promises always.
  private func opened(by request: Request?) -> Answer? {
    guard case .open(_, _, let options)? = request else { return nil }
    return session.promise(under: options).map { .opened($0) }
  }
}
