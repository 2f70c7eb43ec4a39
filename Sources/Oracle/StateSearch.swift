import Determinism
import SubjectProtocol

/// Finds the permitted state nearest to what was shown, walking the history from its end.
///
/// Method: the last applied unit that touches a key decides what the key shows. So the walk goes
/// backwards and *settles* each key at the first applied unit that touches it. Where requests
/// overlapped, several units may be the last of those that are left; the walk takes first what
/// cannot be better placed elsewhere:
/// - a unit that must be applied and gets all its unsettled keys right: whatever settled them
///   instead would do no better, and nothing else changes;
/// - one that must be applied and gets keys wrong which no unit that may come after it gets right:
///   they are wrong in any case;
/// - a unit that need not be applied: left out if it gets all of its unsettled keys wrong, applied
///   if it gets all of them right.
/// Only the others need more than one try: groups that are partly right, and, under `per-key`,
/// volatile units whose application forces earlier ones with more keys.
struct StateSearch {
  /// A part of the history that shares no key with the rest.
  struct Scope {
    var units: [Int]
    var keys: [Int]
    /// Whether applying a volatile unit may force an earlier one that has other keys too.
    var isEntangled: Bool
  }

  private let question: Question
  private let shown: Question.Shown
  /// Only what costs less is of interest.
  private(set) var bound: Int
  private(set) var best: Question.Fit?
  /// Whether branches were left out because there were too many.
  private(set) var wasCutOff = false
  private var branches = 0

  // The scope that is being searched, and its cut.
  private var scope = Scope(units: [], keys: [], isEntangled: false)
  private var cut = Int.max
  /// By position in the scope: the latest end of the units up to it.
  private var reach: [Int] = []
  private var hasEdges = false

  /// Beyond this many branches the search follows one way only. A state it then cannot explain is
  /// let pass, since a false alarm is worse than a missed loss.
  private static let branchLimit = 20_000

  private struct Walk {
    /// Positions of the scope from here on are taken.
    var remaining: Int
    var isTaken: [Bool]
    var isSettled: [Bool]
    var included: [Bool]
    /// The units in the order in which they were taken: the last one of the history first.
    var order: [Int] = []
    var cost = 0
  }

  init(question: Question, shown: Question.Shown, bound: Int) {
    self.question = question
    self.shown = shown
    self.bound = bound
  }

  /// Searches the states whose last effect was issued at `cut` (`prefix`; any value under
  /// `per-key`); keeps the best one seen so far over all calls.
  mutating func run(_ scope: Scope, cut: Int) {
    self.scope = scope
    self.cut = cut
    var latest = -1
    reach = scope.units.map { unit in
      latest = max(latest, question.units[unit].end)
      return latest
    }
    hasEdges = scope.units.contains { !question.units[$0].follows.isEmpty }
    let walk = Walk(
      remaining: scope.units.count,
      isTaken: Array(repeating: false, count: scope.units.count),
      isSettled: Array(repeating: false, count: question.base.count),
      included: Array(repeating: false, count: question.units.count))
    follow(walk)
  }

  private mutating func follow(_ start: Walk) {
    var walk = start
    walking: while true {
      let candidates = candidates(&walk)
      if candidates.isEmpty { break }
      for position in candidates {
        switch choice(position, walk, isAlone: candidates.count == 1) {
        case .leave: take(position, isApplied: false, &walk)
        case .apply: take(position, isApplied: true, &walk)
        case .impossible: return
        case .open: continue
        }
        if walk.cost >= bound { return }
        continue walking
      }
      guard branches < Self.branchLimit else {
        wasCutOff = true
        take(candidates[0], isApplied: true, &walk)
        if walk.cost >= bound { return }
        continue
      }
      // Those that get everything right first: mostly that is how it was.
      let right = candidates.filter { tally($0, walk).wrong == 0 }
      for position in right + candidates.filter({ !right.contains($0) }) {
        branches += 1
        var other = walk
        take(position, isApplied: true, &other)
        if other.cost < bound { follow(other) }
        if bound == 0 { return }
        guard duty(of: scope.units[position], walk) == .may else { continue }
        other = walk
        take(position, isApplied: false, &other)
        follow(other)
        if bound == 0 { return }
      }
      return
    }
    // What was learnt about the order contradicts itself: no basis for an alarm.
    if walk.remaining > 0 { wasCutOff = true }
    finish(&walk)
  }

  // MARK: What may come last

  /// The positions of the units any of which may be the last of those that are left, the one that
  /// was issued last first.
  private func candidates(_ walk: inout Walk) -> [Int] {
    while walk.remaining > 0, walk.isTaken[walk.remaining - 1] { walk.remaining -= 1 }
    guard walk.remaining > 0 else { return [] }
    let latest = question.units[scope.units[walk.remaining - 1]].start
    var candidates: [Int] = []
    for position in (0..<walk.remaining).reversed() {
      if reach[position] < latest { break }
      guard !walk.isTaken[position], question.units[scope.units[position]].end >= latest,
        !isFollowed(position, walk)
      else { continue }
      candidates.append(position)
    }
    return candidates
  }

  /// Whether a unit that is left must come after the one at `position` for another reason than
  /// time: an op of the same request on the same key, or an order that a read has shown.
  private func isFollowed(_ position: Int, _ walk: Walk) -> Bool {
    let unit = question.units[scope.units[position]]
    var next = position + 1
    while next < walk.remaining, question.units[scope.units[next]].entry == unit.entry {
      if !walk.isTaken[next], unit.shares(question.units[scope.units[next]]) { return true }
      next += 1
    }
    guard hasEdges else { return false }
    return (0..<walk.remaining).contains { other in
      !walk.isTaken[other]
        && question.units[scope.units[other]].follows.contains(scope.units[position])
    }
  }

  // MARK: What to do with a unit

  private enum Choice { case apply, leave, open, impossible }

  private enum Duty { case must, may, mustNot }

  private func duty(of index: Int, _ walk: Walk) -> Duty {
    let unit = question.units[index]
    switch unit.role {
    case .absent, .lost: return .mustNot
    case .required: return .must
    case .volatile, .free: break
    }
    switch question.order {
    case .prefix:
      if unit.start > cut { return .mustNot }
      guard unit.role == .volatile else { return .may }
      let isFollowed =
        hasEdges
        && scope.units.contains {
          walk.included[$0] && question.units[$0].follows.contains(index)
        }
      return unit.end < cut || isFollowed ? .must : .may
    case .perKey:
      // A settled key has its cut behind this unit, and all keys of a unit agree.
      let isForced = unit.role == .volatile && unit.ops.contains { walk.isSettled[$0.key] }
      return isForced ? .must : .may
    }
  }

  private func choice(_ position: Int, _ walk: Walk, isAlone: Bool) -> Choice {
    let unit = question.units[scope.units[position]]
    let (unsettled, wrong) = tally(position, walk)
    switch duty(of: scope.units[position], walk) {
    case .mustNot:
      // A lost effect has its keys' cuts before it.
      let isBehind = question.order == .perKey && unit.ops.contains { walk.isSettled[$0.key] }
      return unit.role == .lost && isBehind ? .impossible : .leave
    case .must:
      if isAlone { return .apply }
      guard wrong == 0 || isUnavoidable(position, walk) else { return .open }
      return spoils(position, walk) ? .open : .apply
    case .may:
      if wrong == unsettled { return .leave }
      return wrong == 0 && !scope.isEntangled && unit.follows.isEmpty ? .apply : .open
    }
  }

  /// How many unsettled keys a unit has, and how many of them it gets wrong.
  private func tally(_ position: Int, _ walk: Walk) -> (unsettled: Int, wrong: Int) {
    var unsettled = 0
    var wrong = 0
    for op in question.units[scope.units[position]].ops
    where !walk.isSettled[op.key] && shown.cared[op.key] {
      unsettled += 1
      if shown.digests[op.key] != op.digest { wrong += 1 }
    }
    return (unsettled, wrong)
  }

  /// Whether no unit that may come after the one at `position` gets any of its wrong keys right.
  private func isUnavoidable(_ position: Int, _ walk: Walk) -> Bool {
    let unit = question.units[scope.units[position]]
    for other in (0..<walk.remaining).reversed() {
      if reach[other] < unit.start { break }
      guard other != position, !walk.isTaken[other] else { continue }
      let candidate = question.units[scope.units[other]]
      guard candidate.end >= unit.start, duty(of: scope.units[other], walk) != .mustNot else {
        continue
      }
      let helps = candidate.ops.contains { op in
        !walk.isSettled[op.key] && shown.cared[op.key] && shown.digests[op.key] == op.digest
          && unit.ops.contains { $0.key == op.key && $0.digest != op.digest }
      }
      if helps { return false }
    }
    return true
  }

  /// Whether applying the unit at `position` now would force a group that overlapped it, and could
  /// as well be behind its keys' cuts.
  private func spoils(_ position: Int, _ walk: Walk) -> Bool {
    guard scope.isEntangled else { return false }
    let unit = question.units[scope.units[position]]
    for other in (0..<walk.remaining).reversed() {
      if reach[other] < unit.start { break }
      guard other != position, !walk.isTaken[other] else { continue }
      let group = question.units[scope.units[other]]
      guard group.role == .volatile || group.role == .lost, group.end >= unit.start,
        group.start <= unit.end
      else { continue }
      let isUntouched = !group.ops.contains { walk.isSettled[$0.key] }
      if isUntouched, group.ops.count > 1 || group.role == .lost, group.shares(unit) { return true }
    }
    return false
  }

  private func take(_ position: Int, isApplied: Bool, _ walk: inout Walk) {
    let index = scope.units[position]
    walk.isTaken[position] = true
    walk.order.append(index)
    guard isApplied else { return }
    walk.included[index] = true
    for op in question.units[index].ops where !walk.isSettled[op.key] {
      walk.isSettled[op.key] = true
      if shown.cared[op.key], shown.digests[op.key] != op.digest { walk.cost += 1 }
    }
  }

  private mutating func finish(_ walk: inout Walk) {
    for key in scope.keys where !walk.isSettled[key] && shown.cared[key] {
      if shown.digests[key] != question.baseDigests[key] { walk.cost += 1 }
    }
    guard walk.cost < bound else { return }
    bound = walk.cost
    var order = walk.order
    for position in (0..<walk.remaining).reversed() where !walk.isTaken[position] {
      order.append(scope.units[position])
    }
    best = Question.Fit(included: walk.included, order: order.reversed(), cost: walk.cost)
  }
}
