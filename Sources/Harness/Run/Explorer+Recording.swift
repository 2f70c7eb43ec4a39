import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

// Recording a life: its requests, its faults, and what its live answers break.
extension Explorer {
  mutating func record(_ start: Start) throws(RunError) -> RecordedEpoch {
    var requests =
      start.level > 0
      ? session.recoveryRequests(after: start.workload, level: start.level, seed: seed)
      : session.requests(epoch: start.workload, seed: seed)
    if let edits = variation?.edits, start.level == 0 {
      WorkloadEdits(
        seed: edits.derived("epoch", start.workload), operations: session.description.operations
      ).edit(&requests, epoch: start.workload)
    }
    let quiet = try record(start, requests, [], notesCalls: !session.scenario.faults.isEmpty)
    if recordsCoverage { coverage.note(callsOf: quiet, session.scenario.faults) }
    let faults = faults(for: quiet, start)
    return faults.isEmpty ? quiet : try record(start, requests, faults)
  }

  /// The live faults of the life that went like `quiet` without any.
  private mutating func faults(for quiet: RecordedEpoch, _ start: Start) -> [Fault] {
    let name = "faults " + start.path
    guard let variation else { return session.faults(seed.derived(name)).faults(for: quiet) }
    switch variation.kind {
    case .guided:
      return session.faults((variation.faults ?? seed).derived(name))
        .guidedFaults(for: quiet, aims: variation.aims, coverage: coverage)
    case .exhaustive:
      if let single = variation.single { return single.life == start.path ? [single.fault] : [] }
      for fault in session.faults(seed).everyFault(for: quiet) {
        singleFaults.append(Variation.SingleFault(life: start.path, fault: fault))
      }
      return []
    }
  }

  /// A hang is one only when the same schedule, alone in a fresh process, exceeds ten times the
  /// limit without a disk operation (design.md, section 3).
  func record(
    _ start: Start, _ requests: [ScheduledRequest], _ faults: [Fault], notesCalls: Bool = false
  ) throws(RunError) -> RecordedEpoch {
    let recorder = EpochRecorder(session)
    let epoch = try recorder.record(
      disk: start.disk, oracle: start.oracle, requests: requests, faults: faults,
      notesCalls: notesCalls)
    guard epoch.findings.contains(where: { $0.finding.name == .subjectHung }) else { return epoch }
    session.target.patience = 10
    defer { session.target.patience = 1 }
    return try recorder.record(
      disk: start.disk, oracle: start.oracle, requests: requests, faults: faults,
      notesCalls: notesCalls)
  }

  mutating func note(_ epoch: RecordedEpoch) {
    statistics.epochs += 1
    statistics.requests += epoch.requests.count
    statistics.operations += epoch.recording.operations.count
    statistics.failedBarriers += epoch.failedBarriers
    statistics.faultsFired += epoch.faults.fired.count { $0 }
    statistics.faultsNotFired += epoch.faults.notFired.count
    for recorded in epoch.recording.operations {
      switch recorded.operation {
      case .synchronize, .synchronizeRange, .synchronizeDirectory, .synchronizeFileSystem:
        statistics.barriers += 1
      case .create, .link, .unlink, .removeDirectory, .rename, .write, .setSize, .setAttributes,
        .allocate, .setExtendedAttribute, .setTimes, .failedSynchronize,
        .failedSynchronizeDirectory, .stop, .reportError, .writeBack, .dropPages, .evict:
        break
      }
    }
    if recordsCoverage { coverage.note(epoch, crashes: coverageEvents) }
  }

  mutating func judgeLive(
    _ epoch: RecordedEpoch, _ start: Start, _ script: EpochScript
  ) {
    guard let first = epoch.findings.min(by: { $0.finding.name < $1.finding.name }) else { return }
    let names = Set(epoch.findings.map(\.finding.name)).sorted()
    failures.append(
      Failure(
        name: first.finding.name, allNames: names,
        explanation: epoch.findings.map { "request \($0.request): \($0.finding.explanation)" },
        seed: seed, scenario: session.scenarioName, subject: session.subjectName,
        target: session.targetKind, model: session.scenario.disk.model,
        epochs: start.scripts + [script], stateDigest: nil, image: nil,
        history: HistoryPrinter.lines(epoch), pending: [],
        cause: FailureCause.live(
          first.finding, at: epoch.requests.first { $0.number == first.request }?.request.name,
          faults: start.faultsMet + epoch.faultsMet(beforeAnswerTo: first.request)),
        confirmed: 1, tries: 1, occurrences: 1))
  }
}
