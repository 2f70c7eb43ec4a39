import DurabilityModel
import Oracle
import SubjectProtocol

/// What a failure hangs on, in words that do not change from seed to seed: by it failures of one
/// run are grouped, and shrinking keeps it.
///
/// - `missing`: the operations that were dropped and had to be: had any one of them reached the
///   disk, the promise would have held. A barrier that covers them is what is missing.
/// - `faults`: the faults that fired, where no dropped operation explains the failure.
/// - `recovery`: how the recovery ended, with digits masked.
struct FailureCause: Equatable, Sendable {
  var name: ViolationName
  var missing: [String] = []
  var faults: [String] = []
  var recovery: String

  /// Losing a record and getting back a deleted one are one bug seen on two requests, as are the
  /// ways in which a record is not what anybody wrote.
  var family: String {
    switch name {
    case .acknowledgedWriteLost, .deletedRecordResurrected, .holeInHistory: "lost"
    case .wrongVector, .wrongMetadata, .phantomRecord: "wrong-content"
    default: name.rawValue
    }
  }

  /// The key failures are grouped by.
  var group: String { "\(family)|\(recovery)|\(detail)" }

  /// The missing barrier or the fault, in one line for people.
  var text: String {
    if !detail.isEmpty { return detail }
    // Not only what was lost can break a promise: what is on the disk can be misread as well.
    return recovery == "recovered" ? "nothing had to be lost from the disk" : recovery
  }

  private var detail: String {
    if !missing.isEmpty {
      // What was acknowledged needed a barrier; what was not may be lost, and is misread.
      let isLoss = family == "lost" || name == .acknowledgedAfterFailedBarrier
      return (isLoss ? "no barrier covered: " : "lost or torn: ") + missing.joined(separator: ", ")
    }
    if !faults.isEmpty { return "after the fault: " + faults.joined(separator: ", ") }
    return ""
  }

  /// Whether `other` is the same failure: the name, the missing barrier and how recovery ended.
  func isSame(as other: FailureCause) -> Bool {
    name == other.name && missing == other.missing && recovery == other.recovery
  }
}

extension FailureCause {
  /// The cause of what `outcome` shows after `step`, a crash in `recording`.
  ///
  /// `isBroken` says whether the same promise is broken after another crash step of the same point;
  /// it is asked once for each operation that was dropped.
  static func find(
    _ name: ViolationName, outcome: RecoveryOutcome, step: CrashStep, origin: Disk,
    recording: Recording, places: OperationPlaces, faults: [Fault], needed: inout [UInt64],
    isBroken: (CrashStep) throws(RunError) -> Bool
  ) throws(RunError) -> FailureCause {
    var cause = FailureCause(name: name, recovery: outcome.signature)
    needed = try essentialDrops(step, origin: origin, in: recording, isBroken: isBroken)
    cause.missing = Set(needed.compactMap { places.place(of: $0)?.pattern }).sorted()
    if needed.isEmpty || name == .acknowledgedAfterFailedBarrier {
      cause.faults = Set(faults.map(\.pattern)).sorted()
    }
    return cause
  }

  /// The operations that must have been dropped for the promise to be broken: each dropped one is
  /// put back in issue order, and stays back where the promise is broken all the same.
  static func essentialDrops(
    _ step: CrashStep, origin: Disk, in recording: Recording,
    isBroken: (CrashStep) throws(RunError) -> Bool
  ) throws(RunError) -> [UInt64] {
    guard case .power(var choice) = step.kind else { return [] }
    func broken(_ choice: PowerLossChoice) throws(RunError) -> Bool {
      // Where a model loses all that is pending at once, no part of it could be kept; that it was
      // what had to be lost is asked of the state all the same.
      guard origin.losesAllPending || origin.accepts(choice) else { return false }
      var other = step
      other.kind = .power(choice)
      return try isBroken(other)
    }
    let dropped = origin.dropped(by: choice)
    var everything = choice
    for number in dropped { everything = origin.keeping(number, in: everything) }
    let isAllElsewhere = dropped.isEmpty ? true : try broken(everything)
    if isAllElsewhere {
      // What was issued after the origin is dropped as well. The state that drops it at the point
      // itself may be another one, garbage being drawn anew; it will do where it is broken alike.
      guard let (moved, disk) = step.movedToItsPoint(in: recording), try isBroken(moved) else {
        return []
      }
      return try essentialDrops(moved, origin: disk, in: recording, isBroken: isBroken)
    }
    var needed: [UInt64] = []
    for number in dropped {
      let more = origin.keeping(number, in: choice)
      if more == choice { continue }
      if try broken(more) { choice = more } else { needed.append(number) }
    }
    return needed
  }

  /// The cause of a violation that a living process showed.
  static func live(_ finding: Finding, at operation: OperationName?, faults: [Fault])
    -> FailureCause
  {
    FailureCause(
      name: finding.name,
      faults: Set(faults.map(\.pattern)).sorted(),
      recovery: "at " + (operation?.rawValue ?? "the end"))
  }
}

extension RecoveryOutcome {
  /// How it ended, with what changes from run to run masked.
  var signature: String {
    switch kind {
    case .recovered: "recovered"
    case .unstable: "recovered twice, each time to something else"
    case .refused(let stage, let kind, let message):
      "\(stage.rawValue) refused: \(kind.rawValue): " + Self.masked(message)
    case .broken(let stage, let why):
      "no answer to \(stage.rawValue): " + Self.masked(why.message)
    }
  }

  /// A message without its numbers and what it quotes at length. Cut behind the masking: where the
  /// cut falls must not depend on how many digits there were.
  private static func masked(_ message: String) -> String {
    let words = FileRole(masking: Array(message.utf8)).name
      .split(separator: "_").joined(separator: " ")
    return String(decoding: words.utf8.prefix(120), as: UTF8.self)
  }
}

extension Fault {
  /// What it does to which kind of file, whoever asked: the same from seed to seed.
  var pattern: String {
    switch place {
    case .call(_, let operation, let role, _): "\(operation.rawValue) \(role) \(kind)"
    case .background(let work, let role, _, _): "\(work.rawValue) \(role) \(kind)"
    }
  }

  private var kind: String {
    switch effect {
    case .fails(let failure): "\(failure.error)"
    case .short: "short"
    case .slow: "slow"
    case .hangs: "hangs"
    case .done: "done"
    }
  }
}
