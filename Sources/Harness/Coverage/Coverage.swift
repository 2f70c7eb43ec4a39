import Determinism
import DurabilityModel
import Oracle
import Scenarios
import SubjectProtocol

/// Which cells of the fault space one seed of one scenario reached: disk operation × role of the
/// file × phase of the subject × what happened there.
///
/// A cell is *reachable* when the operation was seen there and the event may happen to it: the
/// model lets a power cut do it, or a fault of the scenario fits. Only what is certain counts: of
/// states that the model may or may not have permitted, those that came.
struct Coverage: Sendable {
  /// What is known of one place.
  struct Reach: Sendable, Equatable {
    /// The events that happened.
    var reached: UInt64 = 0
    /// The events that could have.
    var reachable: UInt64 = 0
    /// The faults that were planned there and whose call did not come.
    var unmet: UInt64 = 0

    /// Adds what else is known of the place.
    mutating func formUnion(_ other: Reach) {
      reached |= other.reached
      reachable |= other.reachable
      unmet |= other.unmet
    }
  }

  /// The places seen, in the order in which they came.
  private(set) var places: [CoveragePlace] = []
  /// What is known of each.
  private(set) var reach: [Reach] = []
  /// What the seed did, in the sense of `Behaviours`.
  private(set) var behaviours = Behaviours()
  /// The pairs of faults that fired in one epoch, each in order, as `Fault.pattern` has them.
  private(set) var faultPairs: Set<[String]> = []
  /// The rows of the subject's recovery table that were met (`Subject.recoveryRows`).
  var recoveryRows: UInt32 = 0
  /// How effects that crashes had left open came out.
  private(set) var outcomes: OutcomeSet = []
  private var index: [CoveragePlace: Int] = [:]
  /// For each kind of crash point, how often it was seen (`CrashPointKind`).
  private var pointKinds: [CrashPointKind: Int] = [:]
  /// The place of each operation of the epoch being exploded.
  private var current: [Int] = []
  /// How many barriers there were up to each operation of that epoch.
  private var barriers: [Int] = []
  /// The last point where a state came that keeps nothing pending.
  private var keptNothingAt: Int?

  private mutating func number(of place: CoveragePlace) -> Int {
    if let known = index[place] { return known }
    index[place] = places.count
    places.append(place)
    reach.append(Reach())
    return places.count - 1
  }

  private mutating func note(_ place: Int, reached: UInt64, reachable: UInt64) {
    reach[place].reached |= reached
    reach[place].reachable |= reached | reachable
  }

  /// Registers the calls of an epoch that was recorded without faults: the places where the
  /// scenario's faults could strike.
  mutating func note(callsOf quiet: RecordedEpoch, _ templates: [FaultTemplate]) {
    guard let calls = quiet.calls else { return }
    let phases = Phase.requests(of: quiet)
    for call in calls.places {
      var events: UInt64 = 0
      for template in templates where template.mayStrike(call) {
        events |= CoverageEvent.of(template).bit
      }
      guard events != 0 else { continue }
      let place = CoveragePlace(
        operation: call.operation.rawValue, role: call.role,
        phase: phases[call.request] ?? .background)
      note(number(of: place), reached: 0, reachable: events)
    }
  }

  /// Registers an epoch's operations and the faults that fired in it; the visits that follow belong
  /// to it.
  mutating func note(_ epoch: RecordedEpoch, crashes: CoverageEvents) {
    current.removeAll(keepingCapacity: true)
    barriers = [0]
    keptNothingAt = nil
    let phases = Phase.phases(of: epoch)
    var wasPending = false
    for (recorded, phase) in zip(epoch.recording.operations, phases) {
      let place = number(
        of: CoveragePlace(
          operation: recorded.operation.kindName, role: recorded.role, phase: phase))
      let isPending = !recorded.operation.isBarrier
      var events = crashes.always
      if isPending {
        events |= crashes.whilePending
        if wasPending { events |= crashes.whileSeveralPend }
        if case .write(_, let offset, let bytes) = recorded.operation, bytes.count > 0,
          crashes.sectors(offset, UInt64(bytes.count)) > 1
        {
          events |= crashes.writesOfSectors
        }
      }
      note(place, reached: 0, reachable: events)
      current.append(place)
      barriers.append(barriers[current.count - 1] + (isPending ? 0 : 1))
      wasPending = isPending
    }
    noteFaults(of: epoch)
    if let last = epoch.models.last { outcomes.formUnion(last.model.outcomesSeen) }
  }

  private mutating func noteFaults(of epoch: RecordedEpoch) {
    let phases = Phase.requests(of: epoch)
    var patterns: [String] = []
    for (fault, fired) in zip(epoch.faults.faults, epoch.faults.fired) {
      let place =
        switch fault.place {
        case .call(let request, let operation, let role, _):
          CoveragePlace(
            operation: operation.rawValue, role: role, phase: phases[request] ?? .background)
        case .background(let work, let role, _, _):
          CoveragePlace(operation: work.rawValue, role: role, phase: .background)
        }
      let event = CoverageEvent.of(fault).bit
      guard fired else {
        reach[number(of: place)].unmet |= event
        continue
      }
      patterns.append(fault.pattern)
      note(number(of: place), reached: event, reachable: 0)
    }
    patterns.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for (position, first) in patterns.enumerated() {
      for second in patterns[(position + 1)...] { faultPairs.insert([first, second]) }
    }
  }

  /// Registers one crash state and what recovery made of it.
  mutating func note(_ visit: Visit, _ outcome: RecoveryOutcome, isPermitted: Bool) {
    let point = visit.step.point
    if visit.step.keepsNothing { keptNothingAt = point }
    guard point > 0, point <= current.count else { return }
    let event = CoverageEvent.of(visit.step).bit
    let place = current[point - 1]
    note(place, reached: event, reachable: 0)
    // Until the next barrier the state without anything pending stays the same one: it is not made
    // and not visited again (`Exploder`).
    if let origin = keptNothingAt, origin < point, barriers[origin] == barriers[point] {
      note(place, reached: CoverageEvent.noneKept.bit, reachable: 0)
    }
    behaviours.note(
      place, after: point > 1 ? current[point - 2] : -1, event: event,
      outcome: outcome.behaviour(isPermitted: isPermitted))
  }

  /// Registers, for each crash point, the events whose states came to the same as one that was
  /// visited there: a state is judged once at a point, whatever made it.
  mutating func note(alike events: [UInt64]) {
    for (point, events) in events.enumerated() where events != 0 && point > 0 {
      note(current[point - 1], reached: events, reachable: 0)
    }
  }

  /// Whether the seed has reached the event at `place` so far.
  func isReached(_ place: CoveragePlace, _ event: CoverageEvent) -> Bool {
    index[place].map { reach[$0].reached & event.bit != 0 } ?? false
  }

  /// How much to try at each crash point of the epoch that was registered last, from point 0.
  mutating func efforts(_ epoch: RecordedEpoch, aims: [Variation.Aim]) -> [Effort] {
    var wanted: [Int: UInt64] = [:]
    for aim in aims {
      if let place = index[aim.place] { wanted[place, default: 0] |= aim.event.bit }
    }
    var efforts: [Effort] = [.full]
    efforts.reserveCapacity(current.count + 1)
    var pending = 0
    for (position, place) in current.enumerated() {
      let operation = epoch.recording.operations[position].operation
      pending = operation.isBarrier ? 0 : pending + 1
      let kind = CrashPointKind(
        place: place, previous: position > 0 ? current[position - 1] : -1, pending: pending,
        operation)
      pointKinds[kind, default: 0] += 1
      if let events = wanted[place], events & ~reach[place].reached != 0 {
        efforts.append(.more)
      } else {
        // What is aimed at is enough for a recording that is not the first of its seed.
        let isFresh = aims.isEmpty && pointKinds[kind] == 1
        efforts.append(isFresh ? .full : .less)
      }
    }
    return efforts
  }

  /// What the seed did, as digests that mean the same in every run, in rising order.
  var behaviourDigests: [UInt64] { behaviours.digests(places) }
}

/// The events that a power cut or a process crash may bring about at an operation, as far as the
/// scenario, the contract and the model tell.
struct CoverageEvents {
  /// At every operation.
  var always: UInt64 = 0
  /// At one that is pending itself.
  var whilePending: UInt64 = 0
  /// At one that is pending, as the one before it is.
  var whileSeveralPend: UInt64 = 0
  /// At a pending write that touches several sectors.
  var writesOfSectors: UInt64 = 0
  private let sectorSize: UInt64

  /// What the session tries.
  init(_ session: SubjectSession) {
    sectorSize = UInt64(session.scenario.disk.sectorSize)
    // Media faults take the place of sound images, and where they strike is drawn.
    guard session.scenario.media.isEmpty else { return }
    if session.crashes.contains(.process), !session.description.features.contains(.memoryMap) {
      always |= CoverageEvent.processCrash.bit
    }
    guard session.crashes.contains(.power) else { return }
    let disk = session.scenario.disk
    // LazyFS makes names durable at once and loses all data: nothing is some or torn there.
    guard disk.model != .lazyfs, disk.quota == nil else { return }
    whilePending |= CoverageEvent.allKept.bit
    // What an fsync carries along, or a journal ties together, may leave no such state elsewhere.
    guard disk.model == .posixMin, disk.ordering == .any else { return }
    whilePending |= CoverageEvent.noneKept.bit
    whileSeveralPend |= CoverageEvent.someKept.bit
    if disk.tears.contains(where: { $0 == .sectorPrefix || $0 == .anySectors }) {
      writesOfSectors |= CoverageEvent.torn.bit
    }
  }

  /// How many sectors `length` bytes from `offset` on touch.
  func sectors(_ offset: UInt64, _ length: UInt64) -> UInt64 {
    (offset &+ length - 1) / sectorSize - offset / sectorSize + 1
  }
}

extension CrashStep {
  /// Whether it is a power loss on a sound medium that keeps nothing of what was pending.
  fileprivate var keepsNothing: Bool {
    guard damage == nil, case .power(let choice) = kind else { return false }
    return !choice.keepsAnything
  }
}

extension FaultTemplate {
  /// Whether a fault of it may strike `call`.
  func mayStrike(_ call: CallLog.Place) -> Bool {
    guard case .call(let operation) = target else { return false }
    guard role == "*" || call.role.name == role else { return false }
    return call.operation == operation || (operation == .fsync && call.operation == .fdatasync)
  }
}
