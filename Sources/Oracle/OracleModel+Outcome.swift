import Determinism
import SubjectProtocol

extension OracleModel {
  /// Goes on without an answer that showed what the crashes left: whatever they may have taken
  /// may be there or not from now on.
  ///
  /// That permits more than the promise, never less.
  mutating func settleUnseen() {
    let crashes = openCrashes
    // What was there when the store was created is not known, so nothing after it is.
    if isCreationUnseen { isUnmeasured = true }
    if crashes.contains(.power) { joinTracks() }
    for index in entries.indices.reversed() where index >= nearStart {
      let roles = crashes.kinds.map { role(of: entries[index], after: $0) }
      if roles.contains(.absent) {
        for op in entries[index].ops { fates[op.version].origin = .failed }
        entries.remove(at: index)
      } else if roles.contains(.volatile) || roles.contains(.free) {
        entries[index].status = .unknown
      }
    }
    openCrashes = []
  }

  /// One track, which starts where a power loss would.
  private mutating func joinTracks() {
    if isNearFinal {
      entries.removeFirst(nearStart)
      farBase = nearBase
    } else {
      nearBase = farBase
    }
    nearStart = 0
  }

  /// Takes what recovery showed as the outcome of the crashes before.
  mutating func settle(_ reading: Reading, isPermitted: Bool) {
    let crashes = openCrashes
    openCrashes = []
    isCreationUnseen = false
    shownAt = clock
    // A namespace that was not listed, for lack of a list or because its records speak for it,
    // may exist all the same.
    for key in 0..<table.count where table.isNamespace(key) && !reading.shown.cared[key] {
      if reading.shown.digests[key] == .zero { table.leaveUnjudged(key) }
    }
    if crashes.contains(.power) { joinTracks() }
    let crash: Contract.Crash = crashes.contains(.power) ? .power : .process
    let outcomes = isPermitted ? outcomes(of: reading, after: crash) : []
    for outcome in outcomes {
      note(outcome, after: crash)
      if outcome.isLost { lose(outcome) }
    }
    if !isPermitted || crash == .power || contract.recoveredIsDurable {
      entries = []
      nearStart = 0
      nearBase = bases(of: reading)
      farBase = nearBase
      return
    }
    var kept = Array(entries[..<nearStart])
    for outcome in outcomes where !outcome.isLost { kept.append(contentsOf: outcome.kept) }
    entries = kept
    nearStart = entries.count
    nearBase = bases(of: reading)
  }

  /// Keeps how an effect that was open came out, where that is certain.
  private mutating func note(_ outcome: Outcome, after crash: Contract.Crash) {
    let doubt: OutcomeKind.Doubt
    switch role(of: outcome.entry, after: crash) {
    case .required: return
    case .volatile, .lost: doubt = .volatile
    case .free, .absent:
      switch outcome.entry.status {
      case .unanswered: doubt = .unanswered
      case .failed: doubt = .failed
      case .acknowledged, .recovered, .unknown: doubt = .undecided
      }
    }
    let kind = OutcomeKind.of(doubt, outcome.entry.kind, crash)
    if outcome.isLost {
      outcomesSeen.insert(kind.absent)
    } else if !outcome.mayBeAbsent.contains(true) {
      outcomesSeen.insert(kind.present)
    }
  }

  private mutating func lose(_ outcome: Outcome) {
    let isFailure = outcome.entry.status == .failed && contract.failedOperationsAreAbsent
    for op in outcome.entry.ops where fates[op.version].origin == .possible {
      fates[op.version].origin = isFailure ? .failed : .lost
    }
  }

  /// By key: the version that was shown, preferring the latest with that value.
  private func bases(of reading: Reading) -> [Int] {
    var bases = [Int](repeating: -1, count: table.count)
    for (index, version) in versions.enumerated() where version.value != nil {
      guard reading.shown.digests[version.key] == version.digest else { continue }
      let old = bases[version.key]
      if old < 0 || fates[index].origin == .possible || fates[old].origin != .possible {
        bases[version.key] = index
      }
    }
    return bases
  }
}

// MARK: - What became of each effect

/// What became of one effect in a crash.
private struct Outcome {
  let entry: Entry
  /// By unit, which is the effect itself if it is atomic, else one of its ops.
  var mayBePresent: [Bool] = []
  var mayBeAbsent: [Bool] = []

  /// Whether no part of it survived.
  var isLost: Bool { !mayBePresent.contains(true) }

  /// The effect as it goes on in the history.
  var kept: [Entry] {
    var whole = entry
    if !mayBeAbsent.contains(true) {
      if entry.status != .acknowledged { whole.status = .recovered }
      return [whole]
    }
    whole.status = .unknown
    if entry.isAtomic { return [whole] }
    return zip(entry.ops, mayBePresent).filter(\.1).map { op, _ in
      var part = whole
      (part.ops, part.isAtomic) = ([op], true)
      return part
    }
  }
}

extension OracleModel {
  /// What the near track's effects may have come to, given what was shown after `crash`: each is
  /// asked for both ways.
  private func outcomes(of reading: Reading, after crash: Contract.Crash) -> [Outcome] {
    let question = question(isNear: true) { role(of: $0, after: crash) }
    var outcomes = entries[nearStart...].map { Outcome(entry: $0) }
    for index in question.units.indices {
      let unit = question.units[index]
      var present = unit.role != .absent
      var absent = unit.role != .required
      if unit.role == .volatile || unit.role == .free {
        var changed = question
        changed.units[index].role = .required
        present = changed.permits(reading.shown)
        // A free unit binds nothing behind it.
        changed.units[index].role = unit.role == .free ? .absent : .lost
        absent = changed.permits(reading.shown)
      }
      outcomes[unit.entry - nearStart].mayBePresent.append(present)
      outcomes[unit.entry - nearStart].mayBeAbsent.append(absent)
    }
    return outcomes
  }
}
