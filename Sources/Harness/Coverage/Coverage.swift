import DurabilityModel
import Scenarios
import SubjectProtocol

/// Which cells of the fault space a run reached: disk operation × role of the file × request that
/// issued it × what happened there.
///
/// A cell is reachable when the operation was seen there and the event may happen to it.
struct Coverage: Sendable {
  /// What may happen at an operation.
  enum Event: Int, CaseIterable, Sendable {
    /// The process crashed right after it was issued.
    case processCrash
    /// The power failed, and nothing pending was kept.
    case noneKept
    /// The power failed, and some of what was pending was kept.
    case someKept
    /// The power failed, and all that was pending was kept.
    case allKept
    /// The power failed, and part of a write was kept.
    case torn
    /// A fault was injected into it.
    case fault

    var name: String {
      switch self {
      case .processCrash: "process-crash"
      case .noneKept: "power-none-kept"
      case .someKept: "power-some-kept"
      case .allKept: "power-all-kept"
      case .torn: "power-torn"
      case .fault: "fault"
      }
    }
  }

  private struct Place: Hashable, Sendable {
    var operation: String
    var role: FileRole
    var request: String
  }

  private struct Reach: Sendable {
    var reached: UInt8 = 0
    var reachable: UInt8 = 0
  }

  private var places: [Place: Int] = [:]
  private var reach: [Reach] = []
  /// The place of each operation of the epoch being exploded.
  private var current: [Int] = []

  /// How many cells were reached.
  var reachedCount: Int { reach.reduce(0) { $0 + $1.reached.nonzeroBitCount } }

  /// How many cells could have been reached.
  var reachableCount: Int { reach.reduce(0) { $0 + $1.reachable.nonzeroBitCount } }

  /// Registers an epoch's operations; the visits that follow belong to it.
  mutating func note(_ epoch: RecordedEpoch) {
    var names: [UInt64: String] = [:]
    for sent in epoch.requests { names[sent.number] = sent.request.name.rawValue }
    current.removeAll(keepingCapacity: true)
    for recorded in epoch.recording.operations {
      let isFailure = recorded.operation.isFailure
      let place = Place(
        operation: isFailure ? "fsync" : recorded.operation.kindName, role: recorded.role,
        request: names[recorded.request] ?? "between requests")
      let index = places[place] ?? reach.count
      if index == reach.count {
        places[place] = index
        reach.append(Reach())
      }
      var events: [Event] = [.processCrash, .noneKept, .allKept]
      if case .write(_, _, let bytes) = recorded.operation, bytes.count > 1 {
        events.append(.torn)
      }
      if isFailure {
        events.append(.fault)
        reach[index].reached |= 1 << Event.fault.rawValue
      }
      for event in events { reach[index].reachable |= 1 << event.rawValue }
      current.append(index)
    }
  }

  /// Registers one crash state.
  mutating func note(_ visit: Visit, _ epoch: RecordedEpoch) {
    guard visit.step.point > 0, visit.step.point <= current.count else { return }
    let index = current[visit.step.point - 1]
    let event: Event
    switch visit.step.kind {
    case .process: event = .processCrash
    case .power(let choice):
      if choice.tearsAnything {
        event = .torn
      } else if !choice.dropsAnything {
        event = .allKept
      } else if choice.keepsAnything {
        event = .someKept
      } else {
        event = .noneKept
      }
    }
    reach[index].reached |= 1 << event.rawValue
    reach[index].reachable |= 1 << event.rawValue
  }

  /// Adds what another part of the run reached.
  mutating func add(_ other: Coverage) {
    for (place, index) in other.places {
      let mine = places[place] ?? reach.count
      if mine == reach.count {
        places[place] = mine
        reach.append(Reach())
      }
      reach[mine].reached |= other.reach[index].reached
      reach[mine].reachable |= other.reach[index].reachable
    }
  }

  /// Every reachable cell, sorted by its name.
  var cells: [CoverageCell] {
    var cells: [CoverageCell] = []
    for (place, index) in places {
      for event in Event.allCases where reach[index].reachable & 1 << event.rawValue != 0 {
        cells.append(
          CoverageCell(
            operation: place.operation, role: place.role.name, request: place.request,
            event: event.name, reached: reach[index].reached & 1 << event.rawValue != 0))
      }
    }
    return cells.sorted { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }
  }
}

/// One reachable cell of the fault space, as the report holds it.
struct CoverageCell: Codable, Sendable, Equatable {
  var operation: String
  var role: String
  var request: String
  var event: String
  var reached: Bool

  /// Orders cells by their bytes.
  var sortKey: [UInt8] {
    Array("\(operation)\u{0}\(role)\u{0}\(request)\u{0}\(event)".utf8)
  }
}
