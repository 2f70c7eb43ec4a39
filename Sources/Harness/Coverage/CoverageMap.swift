import DurabilityModel
import Oracle

/// The places of the fault space that many recordings saw, each under one number.
///
/// Which number a place gets depends on which worker was first; no number reaches a report.
struct CoverageMap: Sendable {
  /// The places, by their numbers.
  private(set) var places: [CoveragePlace] = []
  /// What all recordings together reached.
  private(set) var reach: [Coverage.Reach] = []
  private var index: [CoveragePlace: Int] = [:]

  /// The number of `place`, a new one where it was never seen.
  mutating func number(of place: CoveragePlace) -> Int {
    if let known = index[place] { return known }
    index[place] = places.count
    places.append(place)
    reach.append(Coverage.Reach())
    return places.count - 1
  }

  /// Adds a recording's coverage and gives it back in few bytes.
  mutating func add(_ coverage: Coverage) -> RecordedCoverage {
    var recorded = RecordedCoverage(
      behaviours: coverage.behaviourDigests, faultPairs: coverage.faultPairs,
      recoveryRows: coverage.recoveryRows, outcomes: coverage.outcomes)
    for (place, reach) in zip(coverage.places, coverage.reach) {
      recorded.places.append(RecordedCoverage.Place(number: number(of: place), reach: reach))
    }
    add(recorded)
    return recorded
  }

  /// Adds a recording's coverage whose places have numbers of this map.
  mutating func add(_ recorded: RecordedCoverage) {
    for place in recorded.places { add(place.number, place.reach) }
  }

  /// Adds what is known of a place with a number of this map.
  mutating func add(_ number: Int, _ more: Coverage.Reach) {
    reach[number].formUnion(more)
  }

  /// How many cells were reached.
  var reachedCount: Int { reach.reduce(0) { $0 + $1.reached.nonzeroBitCount } }

  /// How many cells could have been reached.
  var reachableCount: Int { reach.reduce(0) { $0 + $1.reachable.nonzeroBitCount } }
}

/// What one recording reached, over the places of a `CoverageMap`.
struct RecordedCoverage: Sendable {
  /// One place it saw.
  struct Place: Sendable {
    var number: Int
    var reach: Coverage.Reach
  }

  var places: [Place] = []
  /// Its behaviours' digests, rising.
  var behaviours: [UInt64] = []
  /// The pairs of faults that fired together.
  var faultPairs: Set<[String]> = []
  /// The rows of the recovery table that were met.
  var recoveryRows: UInt32 = 0
  /// How effects that crashes had left open came out.
  var outcomes: OutcomeSet = []

  /// Adds what another report says of the same recording.
  mutating func unite(_ others: [Place]) {
    var index: [Int: Int] = [:]
    for (position, place) in places.enumerated() { index[place.number] = position }
    for other in others {
      guard let position = index[other.number] else {
        index[other.number] = places.count
        places.append(other)
        continue
      }
      places[position].reach.formUnion(other.reach)
    }
  }
}
