import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Makes a failure as small as it gets: no epoch, request, fault, batch member, byte or kept write
/// can go without the failure going too.
///
/// Method. Delta debugging in passes, each greedy and in a fixed order, repeated until none of them
/// finds anything to take away. A step is taken only where the same promise is broken for the same
/// cause (`FailureCause`) and every fault still fires at its place (design.md, section 5; disk.md,
/// "Other faults"). The result depends on the schedule alone, never on time.
struct Shrinker {
  var trial: Trial
  /// The smallest failure so far.
  private(set) var best: Reproduction
  /// How many schedules were tried.
  private(set) var trials = 0
  /// Told about each step that was taken.
  var progress: (String) -> Void = { _ in }
  /// How far a rejected schedule is searched for the failure; everywhere costs most.
  var reach: Trial.Reach = .life

  /// More trials than any schedule needs; a bound for subjects that are never the same twice.
  static let trialLimit = 5000
  /// How many schedules this one tries.
  var limit = Shrinker.trialLimit

  /// Goes back to an earlier reproduction, where a detour came to nothing.
  mutating func restore(_ earlier: Reproduction) { best = earlier }

  /// A shrinker of the failure that `reproduction` showed.
  init(trial: Trial, reproduction: Reproduction) {
    self.trial = trial
    self.trial.goal = reproduction.cause
    best = reproduction
  }

  /// Takes away whatever can go.
  mutating func shrink() throws(RunError) {
    while true {
      let before = trials
      var changed = try removeLives()
      changed = try removeRequests() || changed
      changed = try removeFaults() || changed
      changed = try removeOverlaps() || changed
      changed = try removeMembers() || changed
      changed = try growInstead() || changed
      changed = try simplifyCrashes() || changed
      changed = try shortenRecords() || changed
      if !changed || trials == before || trials >= limit { return }
    }
  }

  /// Tries a changed schedule, and takes it where it is the same failure.
  mutating func attempt(
    _ what: String, reach: Trial.Reach? = nil, _ change: (inout Candidate) -> Void
  ) throws(RunError) -> Bool {
    var candidate = Candidate(best)
    change(&candidate)
    guard trials < limit else { return false }
    if isInterrupted() { throw .interrupted }
    trials += 1
    guard case .same(let smaller) = try trial.run(candidate, reach: reach ?? self.reach) else {
      return false
    }
    best = smaller
    progress("\(what): \(best.lineCount) lines left")
    return true
  }

  /// What `candidate` comes to instead; nil where it is the same failure, which is then taken.
  mutating func probe(_ candidate: Candidate) throws(RunError) -> String? {
    if isInterrupted() { throw .interrupted }
    trials += 1
    switch try trial.run(candidate, reach: .life) {
    case .other(let why): return why
    case .same(let smaller):
      best = smaller
      return nil
    }
  }

  // MARK: Whole lines

  private mutating func removeLives() throws(RunError) -> Bool {
    var changed = false
    var index = best.lives.count - 1
    while index >= 0 {
      let place = index
      if best.lives.count > 1,
        try attempt("without epoch \(place)", { $0.lives.remove(at: place) })
      {
        changed = true
      }
      index -= 1
    }
    return changed
  }

  /// Chunks of half the requests first, single ones last; from the end, where what came after the
  /// crash goes at once.
  mutating func removeRequests() throws(RunError) -> Bool {
    var changed = false
    var chunk = max(1, best.requestCount / 2)
    while true {
      var end = best.requestCount
      while end > 0 {
        let range = max(0, end - chunk)..<end
        let faulted = requestsWithFaults(in: range)
        if !faulted,
          try attempt("without \(range.count) requests", { $0.removeRequests(range) })
        {
          changed = true
          end = min(range.lowerBound, best.requestCount)
        } else {
          end = range.lowerBound
        }
      }
      if chunk == 1 { return changed }
      chunk /= 2
    }
  }

  /// A request that a fault is keyed to stays for as long as the fault does.
  private func requestsWithFaults(in range: Range<Int>) -> Bool {
    var first = 0
    for life in best.lives {
      for (index, request) in life.script.requests.enumerated()
      where range.contains(first + index) {
        if life.script.faults.contains(where: { $0.request == request.number }) { return true }
      }
      first += life.script.requests.count
    }
    return false
  }

  /// One request after the other where that does as well: all of a life first, then each.
  private mutating func removeOverlaps() throws(RunError) -> Bool {
    var changed = false
    for life in best.lives.indices {
      guard best.lives[life].script.requests.contains(where: { $0.after != nil }) else { continue }
      let isInOrder = try attempt("one request after the other") { candidate in
        for index in candidate.lives[life].script.requests.indices {
          candidate.lives[life].script.requests[index].after = nil
        }
      }
      changed = changed || isInOrder
      if isInOrder { continue }
      var index = 0
      while index < best.lives[life].script.requests.count {
        let place = index
        index += 1
        guard best.lives[life].script.requests[place].after != nil else { continue }
        let waits = try attempt("a request waits for those before it") {
          $0.lives[life].script.requests[place].after = nil
        }
        changed = waits || changed
      }
    }
    return changed
  }

  private mutating func removeFaults() throws(RunError) -> Bool {
    var changed = false
    for life in best.lives.indices.reversed() {
      var index = best.lives[life].script.faults.count - 1
      while index >= 0 {
        let place = index
        let gone = try attempt("without a fault") { $0.lives[life].script.faults.remove(at: place) }
        changed = gone || changed
        index -= 1
      }
    }
    return changed
  }

  // MARK: Inside of requests

  /// Members of batches, one by one; a batch of one becomes that one.
  private mutating func removeMembers() throws(RunError) -> Bool {
    var changed = false
    for life in best.lives.indices {
      var index = 0
      while index < best.lives[life].script.requests.count {
        if case .batch(let members) = best.lives[life].script.requests[index].request {
          changed = try removeMembers(life, index, members.count) || changed
        }
        index += 1
      }
    }
    return changed
  }

  private mutating func removeMembers(
    _ life: Int, _ index: Int, _ count: Int
  ) throws(RunError) -> Bool {
    var changed = false
    let number = best.lives[life].script.requests[index].number
    for member in [Int](0..<count).reversed() + [0] {
      guard let place = best.lives[life].script.requests.firstIndex(where: { $0.number == number }),
        case .batch(var members) = best.lives[life].script.requests[place].request,
        member < members.count
      else { return changed }
      if members.count == 1 {
        let single = Request.mutate(members[0], transaction: nil)
        let gone = try attempt("one mutation instead of a batch") {
          $0.lives[life].script.requests[place].request = single
        }
        return gone || changed
      }
      members.remove(at: member)
      let smaller = members
      let gone = try attempt("without a member of a batch") {
        $0.lives[life].script.requests[place].request = .batch(smaller)
      }
      changed = gone || changed
    }
    return changed
  }
}
