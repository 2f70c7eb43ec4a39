import Determinism
import SubjectProtocol

/// Which states a history permits, as something that can be searched.
///
/// Method: a state is the base with some of the units applied in their order. Units whose intervals
/// from request to answer overlap may come in either order; all others come in the order of time.
/// Which ones are applied is told by the role of each and by the order: under `prefix` a cut is
/// chosen, volatile units before it are applied, and units behind it are not; under `per-key` each
/// key has such a cut, and a unit is before all of its keys' cuts or behind all of them. Required
/// units lie before every cut of theirs; free ones may be applied or not wherever they are not
/// behind a cut.
struct Question: Sendable {
  enum Role: Sendable {
    /// Applied in every permitted state.
    case required
    /// Acknowledged, not durable: applied if it lies before the cut.
    case volatile
    /// Applied or not, but not behind the cut.
    case free
    /// In no permitted state.
    case absent
    /// Acknowledged, and known to be behind the cut.
    case lost
  }

  struct Unit: Sendable {
    var ops: [Op]
    var role: Role
    /// The index of the effect in the model's history.
    var entry: Int
    /// When it was issued, and when it had happened if it did; units are sorted by `start`.
    var start = 0
    var end = 0
    /// The indices of units that overlapped it and are known to come before it.
    var follows: [Int] = []

    /// Whether both touch some key.
    func shares(_ other: Unit) -> Bool {
      ops.contains { op in other.ops.contains { $0.key == op.key } }
    }
  }

  var units: [Unit] = []
  /// The version each key has before the first unit; −1 for none.
  var base: [Int]
  var baseDigests: [Digest]
  var order: Contract.Order

  /// What somebody showed, by key; zero where there was nothing.
  struct Shown: Sendable {
    var digests: [Digest]
    /// Keys that nobody looked at are not cared for.
    var cared: [Bool]
  }

  /// The permitted state found for what was shown, as the set of units it has.
  struct Fit: Sendable {
    var included: [Bool]
    /// All units in an order in which that is so.
    var order: [Int]
    /// How many keys differ.
    var cost: Int
  }

  /// The same question with its units in the order of `fit`, and that fit.
  func inOrder(of fit: Fit) -> (question: Question, fit: Fit) {
    var question = self
    question.units = fit.order.map { units[$0] }
    for index in question.units.indices { question.units[index].follows = [] }
    let included = fit.order.map { fit.included[$0] }
    return (question, Fit(included: included, order: Array(units.indices), cost: fit.cost))
  }
}

extension Question {
  /// The answer of a search: the best fit below the bound, and whether the search was complete.
  struct Answer: Sendable {
    var fit: Fit?
    var isComplete: Bool
  }

  /// The permitted state nearest to `shown` among those with fewer than `bound` differing keys;
  /// among equals the one with the later cut.
  func nearest(to shown: Shown, below bound: Int = .max) -> Answer {
    switch order {
    case .prefix: nearestPrefix(to: shown, below: bound)
    case .perKey: nearestPerKey(to: shown, below: bound)
    }
  }

  /// The permitted state that shows just this.
  func explanation(of shown: Shown) -> Answer {
    // A value that nothing here gives needs no search, and no benefit of the doubt.
    if !isWithinReach(shown) { return Answer(fit: nil, isComplete: true) }
    return nearest(to: shown, below: 1)
  }

  /// Whether some permitted state shows this; true also where the search was cut off.
  func permits(_ shown: Shown) -> Bool {
    let answer = explanation(of: shown)
    return answer.fit != nil || !answer.isComplete
  }

  /// Whether each key taken alone shows the base or what some unit gives it.
  private func isWithinReach(_ shown: Shown) -> Bool {
    var isReached = base.indices.map { key in
      !shown.cared[key] || shown.digests[key] == baseDigests[key]
    }
    for unit in units where unit.role != .absent && unit.role != .lost {
      for op in unit.ops where shown.digests[op.key] == op.digest { isReached[op.key] = true }
    }
    return !isReached.contains(false)
  }

  private func nearestPrefix(to shown: Shown, below bound: Int) -> Answer {
    var search = StateSearch(question: self, shown: shown, bound: bound)
    let scope = StateSearch.Scope(
      units: Array(units.indices), keys: Array(base.indices), isEntangled: false)
    for cut in cuts() {
      search.run(scope, cut: cut)
      if search.bound == 0 { break }
    }
    return Answer(fit: search.best, isComplete: !search.wasCutOff)
  }

  /// The times at which the last effect before the cut may have been issued, the latest first.
  ///
  /// What ended before that time is before the cut, what was issued after it is behind it, and what
  /// overlaps it may be on either side.
  private func cuts() -> [Int] {
    guard !units.isEmpty else { return [-1] }
    let ends = units.filter { $0.role == .volatile }.map(\.end).sorted(by: >)
    let lost = units.filter { $0.role == .lost }.map(\.end).min() ?? .max
    var cuts: [Int] = []
    var next = 0
    var later = Int.max
    for index in units.indices.reversed() {
      let time = units[index].start
      if time != later {
        // Only where fewer effects must be there than at the later time are there more states.
        while next < ends.count, ends[next] >= later { next += 1 }
        let isWider = next < ends.count && ends[next] >= time
        if cuts.isEmpty || isWider, time <= lost { cuts.append(time) }
        later = time
      }
      if units[index].role == .required { break }
    }
    return cuts
  }

  private func nearestPerKey(to shown: Shown, below bound: Int) -> Answer {
    var included = [Bool](repeating: false, count: units.count)
    var order = Array(units.indices)
    var cost = 0
    var isComplete = true
    // Parts that share no key are independent, so each is searched alone.
    for scope in scopes() {
      var search = StateSearch(
        question: self, shown: shown, bound: bound == .max ? .max : bound - cost)
      search.run(scope, cut: .max)
      isComplete = isComplete && !search.wasCutOff
      guard let best = search.best else { return Answer(fit: nil, isComplete: isComplete) }
      for unit in scope.units { included[unit] = best.included[unit] }
      for (place, unit) in zip(scope.units, best.order) { order[place] = unit }
      cost += best.cost
    }
    return Answer(
      fit: Fit(included: included, order: order, cost: cost), isComplete: isComplete)
  }

  /// The parts of the history that share no key; all those in which applying one more volatile
  /// unit never forces an unwanted key are one part, since there the search does not branch.
  private func scopes() -> [StateSearch.Scope] {
    var parents = Array(base.indices)
    func root(_ key: Int) -> Int {
      var key = key
      while parents[key] != key {
        parents[key] = parents[parents[key]]
        key = parents[key]
      }
      return key
    }
    for unit in units where unit.role != .absent {
      for op in unit.ops.dropFirst() { parents[root(op.key)] = root(unit.ops[0].key) }
    }
    var isEntangled = [Bool](repeating: false, count: base.count)
    for unit in units
    where unit.role == .lost || (unit.role == .volatile && unit.ops.count > 1) {
      isEntangled[root(unit.ops[0].key)] = true
    }
    var plain = StateSearch.Scope(units: [], keys: [], isEntangled: false)
    var entangled: [StateSearch.Scope] = []
    var place = [Int](repeating: -1, count: base.count)
    for key in base.indices {
      let root = root(key)
      guard isEntangled[root] else {
        plain.keys.append(key)
        continue
      }
      if place[root] < 0 {
        place[root] = entangled.count
        entangled.append(StateSearch.Scope(units: [], keys: [], isEntangled: true))
      }
      entangled[place[root]].keys.append(key)
    }
    for index in units.indices {
      let place = place[root(units[index].ops[0].key)]
      if place < 0 { plain.units.append(index) } else { entangled[place].units.append(index) }
    }
    return [plain] + entangled
  }
}
