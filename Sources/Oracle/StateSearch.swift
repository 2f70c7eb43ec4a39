import Determinism
import SubjectProtocol

/// Finds the permitted state nearest to what was shown, walking the history from its end.
///
/// Method: the last applied unit that touches a key decides what the key shows. So the walk goes
/// backwards and *settles* each key at the first applied unit that touches it. A required unit
/// costs one for every unsettled key it gets wrong. A free unit that gets all its unsettled keys
/// right is applied: it leaves fewer keys to explain and costs nothing. One that gets all of them
/// wrong is left out: the keys cannot cost more elsewhere. Only the others need both tries; and,
/// under `per-key`, volatile units whose application forces earlier ones with more keys.
struct StateSearch {
  /// Units from `end` on are behind the cut; volatile units from `freeFrom` on are free.
  struct Cut {
    var end: Int
    var freeFrom: Int
  }

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

  /// Beyond this many branches the search follows one way only. A state it then cannot explain is
  /// let pass, since a false alarm is worse than a missed loss.
  private static let branchLimit = 20_000

  private struct Walk {
    var remaining: Int
    var isSettled: [Bool]
    var included: [Bool]
    var cost = 0
  }

  init(question: Question, shown: Question.Shown, bound: Int) {
    self.question = question
    self.shown = shown
    self.bound = bound
  }

  /// Searches the states that `cut` leaves; keeps the best one seen so far over all calls.
  mutating func run(_ scope: Scope, cut: Cut) {
    let walk = Walk(
      remaining: scope.units.count,
      isSettled: Array(repeating: false, count: question.base.count),
      included: Array(repeating: false, count: question.units.count))
    follow(walk, scope, cut)
  }

  private mutating func follow(_ start: Walk, _ scope: Scope, _ cut: Cut) {
    var walk = start
    while walk.remaining > 0 {
      walk.remaining -= 1
      let index = scope.units[walk.remaining]
      guard index < cut.end else { continue }
      switch choice(index, walk, scope, cut) {
      case .leave: continue
      case .apply: break
      case .both:
        if branches < Self.branchLimit {
          branches += 1
          var other = walk
          apply(index, &other)
          if other.cost < bound { follow(other, scope, cut) }
          if bound == 0 { return }
          continue
        }
        wasCutOff = true
      }
      apply(index, &walk)
      if walk.cost >= bound { return }
    }
    finish(&walk, scope)
  }

  private enum Choice { case apply, leave, both }

  private func choice(_ index: Int, _ walk: Walk, _ scope: Scope, _ cut: Cut) -> Choice {
    let unit = question.units[index]
    var unsettled = 0
    var wrong = 0
    var touchesSettled = false
    for op in unit.ops {
      if walk.isSettled[op.key] {
        touchesSettled = true
      } else if shown.cared[op.key] {
        unsettled += 1
        if shown.digests[op.key] != op.digest { wrong += 1 }
      }
    }
    switch unit.role {
    case .absent: return .leave
    case .required: return .apply
    case .volatile:
      switch question.order {
      case .prefix: if index < cut.freeFrom { return .apply }
      // A settled key has its cut behind this unit, and all keys of a unit agree.
      case .perKey: if touchesSettled { return .apply }
      }
    case .free: break
    }
    if wrong == unsettled { return .leave }
    return wrong == 0 && !scope.isEntangled ? .apply : .both
  }

  private func apply(_ index: Int, _ walk: inout Walk) {
    walk.included[index] = true
    for op in question.units[index].ops where !walk.isSettled[op.key] {
      walk.isSettled[op.key] = true
      if shown.cared[op.key], shown.digests[op.key] != op.digest { walk.cost += 1 }
    }
  }

  private mutating func finish(_ walk: inout Walk, _ scope: Scope) {
    for key in scope.keys where !walk.isSettled[key] && shown.cared[key] {
      if shown.digests[key] != question.baseDigests[key] { walk.cost += 1 }
    }
    guard walk.cost < bound else { return }
    bound = walk.cost
    best = Question.Fit(included: walk.included, cost: walk.cost)
  }
}
