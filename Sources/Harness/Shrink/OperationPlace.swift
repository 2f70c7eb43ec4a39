import DurabilityModel

/// Where a disk operation stands in a schedule, whatever is removed around it: the request that
/// caused it, what it is, the role of its file, and which of that kind within the request.
///
/// Faults are keyed in the same way (disk.md), and for the same reason.
struct OperationPlace: Hashable {
  var request: UInt64
  var kind: String
  var role: FileRole
  var nth: Int

  /// The place of a recorded operation.
  init(_ recorded: RecordedOperation) {
    request = recorded.request
    kind = recorded.operation.kindName
    role = recorded.role
    nth = recorded.nth
  }

  /// What was done to which kind of file, whoever asked for it.
  var pattern: String { "\(kind) \(role)" }
}

/// The places of every operation that a chain of epochs has seen, by the number the disk gave it.
struct OperationPlaces {
  /// Operation number n is at index n − 1.
  private(set) var places: [OperationPlace] = []
  /// By place, its newest number. Looked up only, never listed.
  private var numbers: [OperationPlace: UInt64] = [:]

  /// Adds the operations of an epoch that began with a disk of `start` operations: what a crash
  /// before it undid is forgotten, as the disk's count begins again there.
  mutating func append(_ recording: Recording) {
    let start = Int(recording.start.operationCount)
    precondition(start <= places.count, "an epoch begins with a disk that a crash left")
    if start < places.count {
      places.removeSubrange(start...)
      numbers.removeAll(keepingCapacity: true)
      for (index, place) in places.enumerated() { numbers[place] = UInt64(index + 1) }
    }
    for recorded in recording.operations {
      places.append(OperationPlace(recorded))
      numbers[OperationPlace(recorded)] = UInt64(places.count)
    }
  }

  /// The place of operation `number`.
  func place(of number: UInt64) -> OperationPlace? {
    number >= 1 && number <= UInt64(places.count) ? places[Int(number) - 1] : nil
  }

  /// The number of the operation at `place`.
  func number(of place: OperationPlace) -> UInt64? { numbers[place] }
}
