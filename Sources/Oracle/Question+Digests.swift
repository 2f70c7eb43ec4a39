import Determinism
import SubjectProtocol

extension Question {
  /// A permitted state on its way through the history.
  private struct Branch {
    var digests: [Digest]
    /// The sum over the records, which is also what tells two branches apart.
    var sum: Digest
    /// `prefix`: the last effect that may still be applied.
    var cut = Int.max
    /// `per-key`: keys whose cut has come, and a sum over them.
    var isClosed: [Bool] = []
    var closed = Digest.zero
  }

  private struct Identity: Hashable {
    var sum: Digest
    var cut: Int
    var closed: Digest
  }

  /// The digests of all states that are permitted with the units in the order of their issue, which
  /// is one that overlapping ones may have; sorted. Nil if there are more than `limit`, too many on
  /// the way, or a read has shown another order.
  ///
  /// Namespaces do not enter: a dump's digest is that of its records.
  func digests(limit: Int, isNamespace: (Int) -> Bool) -> [Digest]? {
    if units.contains(where: { !$0.follows.isEmpty }) { return nil }
    let isRecord = base.indices.map { !isNamespace($0) }
    var sum = Digest.zero
    for key in base.indices where isRecord[key] { sum = sum + baseDigests[key] }
    let isForced = forced()
    if order == .perKey && isTooMany(isForced) { return nil }
    var branches = [Branch(digests: baseDigests, sum: sum)]
    if order == .perKey { branches[0].isClosed = Array(repeating: false, count: base.count) }
    var finished: Set<Digest> = []
    for index in units.indices where units[index].role != .absent {
      if isForced[index] {
        // In place: nothing is chosen, and nothing was cut before it.
        for branch in branches.indices { apply(index, &branches[branch], isRecord) }
        continue
      }
      var next: [Branch] = []
      var seen: Set<Identity> = []
      func keep(_ branch: Branch) {
        if branch.cut < units[index].entry {
          finished.insert(branch.sum)
          return
        }
        let identity = Identity(sum: branch.sum, cut: branch.cut, closed: branch.closed)
        if seen.insert(identity).inserted {
          next.append(branch)
        }
      }
      for branch in branches {
        if branch.cut < units[index].entry {
          finished.insert(branch.sum)
          continue
        }
        keep(leaving(index, branch))
        if units[index].ops.allSatisfy({ branch.isClosed.isEmpty || !branch.isClosed[$0.key] }) {
          var applied = branch
          apply(index, &applied, isRecord)
          keep(applied)
        }
      }
      branches = next
      if branches.count + finished.count > 2 * limit { return nil }
    }
    for branch in branches { finished.insert(branch.sum) }
    return finished.count > limit ? nil : finished.sorted()
  }

  /// Which units every permitted state has: the required ones, and those that must come with them.
  private func forced() -> [Bool] {
    var forced = [Bool](repeating: false, count: units.count)
    var isOpen = [Bool](repeating: true, count: base.count)
    var isBeforeRequired = false
    for index in units.indices.reversed() {
      let unit = units[index]
      guard unit.role == .required || unit.role == .volatile else { continue }
      switch order {
      case .prefix:
        isBeforeRequired = isBeforeRequired || unit.role == .required
        forced[index] = isBeforeRequired
      case .perKey:
        let isNeeded = unit.ops.contains { !isOpen[$0.key] }
        forced[index] = unit.role == .required || isNeeded
        if forced[index] { for op in unit.ops { isOpen[op.key] = false } }
      }
    }
    return forced
  }

  private func leaving(_ index: Int, _ branch: Branch) -> Branch {
    guard units[index].role == .volatile else { return branch }
    var branch = branch
    switch order {
    case .prefix: branch.cut = min(branch.cut, units[index].entry)
    case .perKey:
      for op in units[index].ops where !branch.isClosed[op.key] {
        branch.isClosed[op.key] = true
        var hasher = DigestHasher()
        hasher.combine(UInt64(op.key))
        branch.closed = branch.closed + hasher.finish()
      }
    }
    return branch
  }

  private func apply(_ index: Int, _ branch: inout Branch, _ isRecord: [Bool]) {
    for op in units[index].ops {
      if isRecord[op.key] { branch.sum = branch.sum - branch.digests[op.key] + op.digest }
      branch.digests[op.key] = op.digest
    }
  }

  /// Whether so many keys have a choice of their own that counting the states is of no use.
  private func isTooMany(_ isForced: [Bool]) -> Bool {
    var keys: Set<Int> = []
    var open = 0
    for index in units.indices where !isForced[index] && units[index].role != .absent {
      open += 1
      for op in units[index].ops { keys.insert(op.key) }
    }
    return min(open, keys.count) > 8
  }
}
