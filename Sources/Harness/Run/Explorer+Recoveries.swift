import DurabilityModel
import Oracle
import Scenarios

// Crashes inside recoveries: lives that open what a crash left, show it and close, and are exploded
// like any other.
extension Explorer {
  /// What a life with a workload and the recoveries from it came to.
  struct Share {
    var workload = 0
    var recoveries = 0
  }

  /// Whether crashes inside recoveries have had their share: a quarter of the states of the life
  /// with a workload before them, for each level of depth. Without a bound, what recovery does
  /// often would take a seed's time from what the workload does.
  func isEnough(_ start: Start) -> Bool {
    let share = shares[start.share]
    return share.recoveries * 4 >= share.workload * session.scenario.explosion.depth
  }

  /// How many recoveries from states of this life are recorded: a few of a life with a workload,
  /// and one of each recovery, since their number grows with the depth.
  func recoveryCount(_ start: Start) -> Int {
    // After damage, and on a disk that lies, nothing is promised that a crash could break.
    guard session.isHonest, start.level < session.scenario.explosion.depth else { return 0 }
    return start.level == 0 ? session.scenario.explosion.recoveries : 1
  }

  /// The lives that are recoveries from the states that were drawn. A crash before their `open` has
  /// answered inherits the permitted set: it is the oracle's as the crash left it.
  func recoveries(
    _ draw: RecoveryDraw, _ judge: PointJudge, _ start: Start, _ script: EpochScript,
    _ epoch: RecordedEpoch
  ) -> [Start] {
    let drawn = draw.drawn()
    if drawn.isEmpty { return [] }
    let share = shares.count - 1
    var places = start.places
    places.append(epoch.recording)
    return drawn.enumerated().map { index, state in
      var crashed = script
      crashed.crash = state.step
      let model = epoch.models[epoch.model(at: state.step.point)].model
      return Start(
        workload: start.workload, level: start.level + 1,
        // One life with a workload after a crash inside a recovery: a tree of them would take a
        // seed's time.
        goesOn: index == 0 && start.workload == 0 && start.level == 0,
        share: start.level == 0 ? share : start.share,
        disk: judge.disk(for: state.step), oracle: model.crashed(state.step.crash),
        scripts: start.scripts + [crashed],
        faultsMet: start.faultsMet + epoch.faultsMet(before: state.step.point), places: places,
        path: start.path + ".r\(index)")
    }
  }
}
