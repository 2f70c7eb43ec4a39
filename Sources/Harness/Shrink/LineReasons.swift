import DurabilityModel
import Scenarios
import SubjectProtocol

/// Why each line of a shrunk schedule is needed: what happens without it, as it was tried.
struct LineReasons: Equatable {
  /// By epoch, and within it by request, what the schedule without that request comes to.
  var requests: [[String]] = []
  /// The same for faults.
  var faults: [[String]] = []
  /// By epoch: what its crash had to drop, or what happens without the epoch.
  var crashes: [String?] = []

  /// Tries the schedule of `shrinker` without each of its lines.
  ///
  /// Returns nil where the failure stayed when a line went: then the schedule can shrink further,
  /// and `shrinker` holds the smaller one.
  static func find(_ shrinker: inout Shrinker) throws(RunError) -> LineReasons? {
    var reasons = LineReasons()
    let lives = shrinker.best.lives
    var first = 0
    for life in lives.indices {
      var requests: [String] = []
      for index in lives[life].script.requests.indices {
        let place = first + index
        let number = lives[life].script.requests[index].number
        guard
          let reason = try shrinker.reason({ candidate in
            candidate.removeRequests(place..<place + 1)
            candidate.lives[life].script.faults.removeAll { $0.request == number }
          })
        else { return nil }
        requests.append(reason)
      }
      first += lives[life].script.requests.count
      var faults: [String] = []
      for index in lives[life].script.faults.indices {
        guard let reason = try shrinker.reason({ $0.lives[life].script.faults.remove(at: index) })
        else { return nil }
        faults.append(reason)
      }
      reasons.requests.append(requests)
      reasons.faults.append(faults)
      reasons.crashes.append(try crash(of: life, &shrinker))
      if life < lives.count - 1, reasons.crashes[life] == nil { return nil }
    }
    return reasons
  }

  /// Why the crash of `life` is needed: in the last one the operations that had to be dropped, in
  /// an earlier one what happens when the life ends without a crash of the kind.
  private static func crash(
    of life: Int, _ shrinker: inout Shrinker
  ) throws(RunError) -> String? {
    let best = shrinker.best
    if life < best.lives.count - 1 {
      return try shrinker.reason { $0.lives.remove(at: life) }.map { "without this epoch: " + $0 }
    }
    guard let crash = best.lives[life].script.crash else { return nil }
    let needed = best.neededDrops.compactMap { best.lives[life].places.place(of: $0) }
    if needed.isEmpty {
      if crash.crash == .power, best.lives.contains(where: { !$0.script.faults.isEmpty }) {
        return "nothing pending had to be lost: what the fault did is enough"
      }
      return crash.crash == .process
        ? "a process crash is enough: nothing is lost from the disk"
        : "nothing pending had to be lost: recovery misreads what is on the disk"
    }
    return needed.map {
      "had \($0.pattern) of request \($0.request) reached the disk, the promise would hold"
    }.joined(separator: "; ")
  }
}

extension Shrinker {
  /// What a changed schedule comes to, searched at every point; nil where it is the same failure,
  /// which is then taken.
  fileprivate mutating func reason(
    _ change: (inout Candidate) -> Void
  ) throws(RunError) -> String? {
    var candidate = Candidate(best)
    change(&candidate)
    guard !candidate.lives.isEmpty else { return "nothing is left" }
    return try probe(candidate)
  }
}
