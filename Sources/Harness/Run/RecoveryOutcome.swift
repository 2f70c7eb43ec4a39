import Determinism
import DurabilityModel
import Oracle
import SubjectProtocol

/// What a subject showed when it was opened on one crash state, twice.
///
/// It depends on the state alone, never on the crash point, so equal states share it.
struct RecoveryOutcome {
  /// How the recovery ended.
  enum Kind {
    /// Opened and dumped twice with the same answer.
    case recovered(Dump)
    /// Opened and dumped twice with different answers.
    case unstable(first: Dump, second: Dump)
    /// An answer that is a failure; `stage` says to which request.
    case refused(stage: Stage, kind: FailureKind, message: String)
    /// No answer at all.
    case broken(stage: Stage, SubjectBreakdown)
  }

  /// The request of a recovery that something happened at.
  enum Stage: String {
    case open, dump
    case secondOpen = "second open"
    case secondDump = "second dump"

    /// The request it is.
    var operation: OperationName {
      switch self {
      case .open, .secondOpen: .open
      case .dump, .secondDump: .dump
      }
    }
  }

  var kind: Kind
  /// How many disk operations the first open, its dump and its close made: crashes inside a
  /// recovery that makes none leave what was there.
  var operations: UInt64 = 0
  /// Whether a stopped file system or a full quota stood in its way: a refusal is no fault of the
  /// subject then.
  var wasHindered = false
  /// Whether a barrier failed meanwhile: some subjects exit then, as their contract says.
  var hadFailedBarrier = false

  /// The first dump, where there is one.
  var dump: Dump? {
    switch kind {
    case .recovered(let dump), .unstable(let dump, _): dump
    case .refused, .broken: nil
    }
  }

  /// Whether two outcomes show the same.
  func isSame(as other: RecoveryOutcome) -> Bool {
    switch (kind, other.kind) {
    case (.recovered(let a), .recovered(let b)): a.digest == b.digest
    case (.unstable(let a, let c), .unstable(let b, let d)):
      a.digest == b.digest && c.digest == d.digest
    case (.refused(let a, let kind, _), .refused(let b, let other, _)): a == b && kind == other
    case (.broken(let a, let why), .broken(let b, let other)):
      a == b && why.kind == other.kind
    case (.recovered, _), (.unstable, _), (.refused, _), (.broken, _): false
    }
  }
}

/// Opens crash states with a subject and says what it shows.
struct Recoverer {
  let target: any Target
  let open: Request
  /// When the clocks of its processes begin, in seconds since 1970.
  let clock: Int

  /// The stable numbers of a recovery's requests; no fault is keyed to them.
  private static let numbers: [UInt64] = [1, 2, 3, 4, 5, 6].map { $0 + 900_000_000 }

  /// Opens `disk` and dumps it, twice, with a close between; with `freshProcess` in a process that
  /// has seen nothing else.
  ///
  /// Where a full quota made it fail, it is tried again without one: a store may refuse for want of
  /// space, and must come back when there is some (design.md, section 5).
  func recover(_ disk: Disk, freshProcess: Bool) throws(RunError) -> RecoveryOutcome {
    let world = World(disk: disk)
    let outcome = try attempt(world, freshProcess: freshProcess)
    guard case .refused = outcome.kind, outcome.wasHindered, world.quota != nil,
      disk.health == .working
    else { return outcome }
    let roomy = World(disk: disk)
    roomy.quota = nil
    return try attempt(roomy, freshProcess: freshProcess)
  }

  private func attempt(_ world: World, freshProcess: Bool) throws(RunError) -> RecoveryOutcome {
    let before = world.disk.operationCount
    var first = before
    var outcome = try openTwice(world, freshProcess: freshProcess, afterFirst: &first)
    outcome.operations = first - before
    outcome.wasHindered = world.hindrances > 0
    outcome.hadFailedBarrier = world.failedBarriers > 0
    return outcome
  }

  private func openTwice(
    _ world: World, freshProcess: Bool, afterFirst: inout UInt64
  ) throws(RunError) -> RecoveryOutcome {
    target.clock = clock
    try target.enter(world, freshProcess: freshProcess)
    var dumps: [Dump] = []
    // A round at once, so that the subject need not wait for the harness between two requests. Not
    // where its process is to be seen by itself, nor where a request may be in the way of what the
    // one before it showed.
    let isAhead =
      target.takesRequestsAhead && !freshProcess && world.quota == nil
      && world.disk.health == .working
    for round in 0..<2 {
      var isSent = false
      if isAhead {
        for (index, request) in [open, .dump, .close].enumerated() {
          let number = Self.numbers[round * 3 + index]
          guard let why = try target.send(request, number: number, window: number) else { continue }
          return RecoveryOutcome(kind: .broken(stage: round == 0 ? .open : .secondOpen, why))
        }
        isSent = true
      }
      let openStage: RecoveryOutcome.Stage = round == 0 ? .open : .secondOpen
      switch try target.exchange(open, number: Self.numbers[round * 3], isSent: &isSent) {
      case .broken(let why): return RecoveryOutcome(kind: .broken(stage: openStage, why))
      case .answer(.failed(let kind, let message)):
        return refusal(openStage, kind, message)
      case .answer: break
      }
      let dumpStage: RecoveryOutcome.Stage = round == 0 ? .dump : .secondDump
      switch try target.exchange(.dump, number: Self.numbers[round * 3 + 1], isSent: &isSent) {
      case .broken(let why): return RecoveryOutcome(kind: .broken(stage: dumpStage, why))
      case .answer(.dump(let dump)): dumps.append(dump)
      case .answer(.failed(let kind, let message)):
        return refusal(dumpStage, kind, message)
      case .answer: return refusal(dumpStage, .invalid, "the answer to dump has no records")
      }
      // A close that fails without any fault changes nothing about what was shown; one that ends
      // the process is met by the next request.
      _ = try target.exchange(.close, number: Self.numbers[round * 3 + 2], isSent: &isSent)
      if round == 0 { afterFirst = world.disk.operationCount }
    }
    if dumps[0].digest != dumps[1].digest {
      return RecoveryOutcome(kind: .unstable(first: dumps[0], second: dumps[1]))
    }
    return RecoveryOutcome(kind: .recovered(dumps[0]))
  }

  private func refusal(
    _ stage: RecoveryOutcome.Stage, _ kind: FailureKind, _ message: String
  ) -> RecoveryOutcome {
    target.endProcess()
    return RecoveryOutcome(kind: .refused(stage: stage, kind: kind, message: message))
  }
}
