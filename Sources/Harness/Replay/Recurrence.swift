import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// How often a failure recurs of a subject that does not do the same twice: from its schedule, and
/// from the kept disk image, where recovery alone must show the same again.
struct Recurrence {
  let failure: FailureDirectory
  let session: SubjectSession

  /// How often each is tried.
  var tries = 10

  /// What was measured.
  struct Measured {
    /// How often each was tried.
    var tries: Int
    /// Of `tries` runs of the schedule, how many broke the same promise.
    var fromSchedule = 0
    /// Of `tries` recoveries of the kept image, how many showed what the failure showed; nil where
    /// no image was kept.
    var fromImage: Int?

    /// Whether the failure was there at all.
    var recurs: Bool { fromSchedule > 0 || (fromImage ?? 0) > 0 }

    /// One line.
    var text: String {
      "from the schedule \(fromSchedule) of \(tries) times"
        + (fromImage.map { ", from the kept disk image \($0) of \(tries) times" }
          ?? "; no disk image was kept")
    }
  }

  /// Measures both.
  func measure() throws(RunError) -> Measured {
    var measured = Measured(tries: tries)
    let trial = Trial(
      session: session, seed: failure.schedule.seed, goal: nil, name: failure.schedule.violation)
    for _ in 0..<tries {
      let candidate = Candidate(failure.schedule.epochs)
      if case .same = try trial.run(candidate, reach: .exact) { measured.fromSchedule += 1 }
    }
    let image = failure.path + "/disk"
    let kept = failure.path + "/outcome"
    guard Files.exists(image), Files.isFile(kept) else { return measured }
    let outcome = try Files.read(kept)
    let disk = try ImageReader.disk(image, parameters: session.scenario.disk)
    var count = 0
    for _ in 0..<tries {
      let shown = try session.recoverer.recover(disk, freshProcess: true)
      if shown.line + "\n" == outcome { count += 1 }
    }
    measured.fromImage = count
    return measured
  }
}

extension RecoveryOutcome {
  /// The outcome in one line that tells equal ones from others: what `outcome` in a failure's
  /// directory holds.
  var line: String {
    switch kind {
    case .recovered(let dump): "recovered \(dump.count) records \(dump.digest.text)"
    case .unstable(let first, let second):
      "unstable \(first.digest.text) \(second.digest.text)"
    case .refused(let stage, let kind, _): "refused \(stage.rawValue) \(kind.rawValue)"
    case .broken(let stage, let why): "broken \(stage.rawValue) \(why.kind)"
    }
  }
}
