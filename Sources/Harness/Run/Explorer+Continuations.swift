import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

// The lives that go on from a crash state with the workload.
extension Explorer {
  /// The points to go on from: half of them process crashes near the end of the life, half power
  /// losses anywhere. Where a barrier failed the first is mostly a process crash behind it: the
  /// cache that outlives its process then shows what the disk does not have, and whoever believes
  /// it loses what it writes next (disk.md, failed barriers).
  func choosePicks(_ start: Start, _ epoch: RecordedEpoch) -> [Exploder.Pick] {
    // On a disk that lies a life begins with anything.
    guard start.goesOn, start.workload + 1 < session.scenario.epochs,
      !session.scenario.disk.liesAboutBarriers || session.scenario.expects != nil
    else { return [] }
    var generator = PRNG(crashSeed.derived("picks " + start.path))
    let end = epoch.recording.operations.count
    let kinds = Contract.Crash.allCases.filter { session.crashes.contains($0) }
    // The first recording branches, the later ones go deeper: a tree would spend a seed's time on
    // one workload, and other seeds find other things.
    let isFirst = start.workload == 0 && start.level == 0
    let count = isFirst ? session.scenario.continuations : 1
    let failed = epoch.recording.operations.lastIndex { $0.operation.isFailure }
    return (0..<count).map { index in
      if index == 0, let failed, kinds.contains(.process), generator.chance(3, in: 4) {
        let point = generator.chance(1, in: 2) ? end : generator.number(in: failed + 1...end)
        return Exploder.Pick(point: point, crash: .process)
      }
      let crash = kinds[(index + generator.below(2)) % kinds.count]
      var point = generator.number(in: 0...end)
      switch crash {
      case .process:
        if generator.chance(1, in: 2) { point = end }
      case .power:
        // Right after a barrier little is pending; a few draws find a place where more is.
        for _ in 0..<4 where point > 0 && epoch.recording.operations[point - 1].operation.isBarrier
        {
          point = generator.number(in: 0...end)
        }
      }
      return Exploder.Pick(point: point, crash: crash)
    }
  }

  func continuations(
    of picks: [Exploder.Pick], _ judge: PointJudge, _ start: Start, _ script: EpochScript,
    _ epoch: RecordedEpoch
  ) throws(RunError) -> [Start] {
    var starts: [Start] = []
    var places = start.places
    if !picks.isEmpty { places.append(epoch.recording) }
    var judge = judge
    for (index, pick) in picks.enumerated() {
      guard let step = pick.found else { continue }
      // Where each state is damaged, the sound one has not been recovered: after damage a life
      // would begin with anything.
      let known = outcomes[pick.digest]
      let outcome =
        if let known { known } else {
          try session.recoverer.recover(judge.disk(for: step), freshProcess: false)
        }
      guard case .recovered = outcome.kind,
        // A life that begins with a loss shows the same loss again, and nothing else.
        judge.findings(outcome, step, pick.digest).isEmpty
      else { continue }
      var crashed = script
      crashed.crash = step
      let model = epoch.models[epoch.model(at: step.point)].model
      starts.append(
        Start(
          workload: start.workload + 1, goesOn: start.level == 0, disk: judge.disk(for: step),
          oracle: model.crashed(step.crash), scripts: start.scripts + [crashed],
          faultsMet: start.faultsMet + epoch.faultsMet(before: step.point), places: places,
          path: start.path + ".\(index)"))
    }
    return starts
  }
}
