import SubjectProtocol

/// How low `stats.lsn` may not fall after a restart.
///
/// Held only where nobody can dispute it: a floor is a number reported when every mutation so far
/// was answered ok and survives that kind of crash, and the last of them stored something. After
/// a failed, refused, aborted or unfinished one there is no new floor: its number may be used
/// again.
struct LogFloors: Sendable {
  struct Floor: Sendable {
    var lsn: UInt64
    /// Which `open` it was reported under; it binds only later ones.
    var openOrdinal: Int
  }

  /// Whether nothing has failed, been refused, been aborted or been left unfinished so far.
  var isClean = true
  /// Whether the last mutation is one that no store answers without giving it a number.
  var lastIsNumbered = false
  var process: Floor?
  var power: Floor?

  /// After a power loss only what survives one still binds.
  mutating func crash(_ crash: Contract.Crash) {
    if crash == .power { process = power }
  }
}

extension OracleModel {
  /// Judges the figures of `stats` against what a living process may say, and takes a new floor.
  mutating func judgeLiveStats(_ answer: Answer) -> [Finding] {
    guard case .stats(let stats) = answer, let lsn = stats.lsn else { return [] }
    let findings = judgeLog(stats)
    guard logFloors.isClean, logFloors.lastIsNumbered, openCrashes.isEmpty, isOpen,
      transactions.isEmpty, !inFlight.contains(where: \.isMutation)
    else { return findings }
    let floor = LogFloors.Floor(lsn: lsn, openOrdinal: openOrdinal)
    if survives(.process) { logFloors.process = floor }
    if survives(.power) { logFloors.power = floor }
    return findings
  }

  private func survives(_ crash: Contract.Crash) -> Bool {
    let isNear = crash == .process || isNearFinal
    let entries = isNear ? entries[nearStart...] : entries[...]
    return entries.allSatisfy { role(of: $0, after: crash) == .required }
  }

  /// The highest number that a store may not report less than, now.
  private var boundFloor: UInt64? {
    guard !isUnmeasured, let floor = logFloors.process, floor.openOrdinal < openOrdinal else {
      return nil
    }
    return floor.lsn
  }

  func judgeLog(_ stats: Stats) -> [Finding] {
    guard let lsn = stats.lsn, let floor = boundFloor, lsn < floor else { return [] }
    return [
      Finding(
        .logNumberReused,
        explanation: "stats reports lsn \(lsn) after a restart; \(floor) was reported before it, "
          + "when every mutation so far was acknowledged and durable"
      )
    ]
  }
}
