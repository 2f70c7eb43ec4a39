import DurabilityModel
import Scenarios
import SubjectProtocol

/// Two versions of a subject: one runs until the first crash, the other recovers what it left and
/// goes on from there (`--recover-command`).
///
/// Which of them a request is for is in its number: those of the first epoch are the old version's,
/// those of later epochs and of recoveries the new one's. The crash in between is an upgrade that
/// met a power cut; those of later epochs are crashes of the new version's recovery and life.
final class UpgradeTarget: Target {
  private let old: any Target
  private let new: any Target
  /// The one that is in the world.
  private var current: any Target
  /// The world that was entered, until a request says for whom.
  private var waiting: (world: World, freshProcess: Bool)?
  /// The last `open` that was sent.
  private var openNumber: UInt64 = 0
  /// What the new version promises: it holds from its own `open` on.
  private var newContract: Contract?

  var limits: Scenario.Limits {
    get { old.limits }
    set {
      old.limits = newValue
      new.limits = newValue
    }
  }
  var patience: Int {
    get { old.patience }
    set {
      old.patience = newValue
      new.patience = newValue
    }
  }

  var clock: Int {
    get { old.clock }
    set {
      old.clock = newValue
      new.clock = newValue
    }
  }

  var takesClock: Bool { old.takesClock && new.takesClock }

  /// A target for `old`, whose worlds `new` recovers.
  init(old: any Target, new: any Target) {
    self.old = old
    self.new = new
    current = old
  }

  /// What both can do. The contract is the old version's, whose answers a crash is held against.
  func describe(_ hello: Request) throws(RunError) -> SubjectDescription {
    var description = try old.describe(hello)
    let other = try new.describe(hello)
    newContract = other.contract
    description.operations.formIntersection(other.operations)
    let either: Set<Feature> = [.memoryMap, .approximateSearch]
    description.features = description.features.intersection(other.features)
      .union(description.features.union(other.features).intersection(either))
    description.concurrency = min(description.concurrency, other.concurrency)
    return description
  }

  func enter(_ world: World, freshProcess: Bool) { waiting = (world, freshProcess) }

  /// Not so: which of the two is asked shows with the first request only.
  var takesRequestsAhead: Bool { false }

  func send(
    _ request: Request, number: UInt64, window: UInt64
  ) throws(RunError) -> SubjectBreakdown? {
    if let (world, freshProcess) = waiting {
      waiting = nil
      current = number < ScheduledRequest.epochStride ? old : new
      try current.enter(world, freshProcess: freshProcess)
    }
    if case .open = request { openNumber = number }
    return try current.send(request, number: number, window: window)
  }

  func receive() throws(RunError) -> Reply {
    let reply = try current.receive()
    if case .answer(.ok, let number) = reply, number == openNumber, current === new,
      let newContract
    {
      return .answer(.opened(newContract), to: number)
    }
    return reply
  }

  func anotherAnswerComes() -> Bool { waiting == nil && current.anotherAnswerComes() }

  func pullMappedStores() throws(RunError) {
    if waiting == nil { try current.pullMappedStores() }
  }

  func endProcess() { current.endProcess() }

  func shutDown() {
    old.shutDown()
    new.shutDown()
  }
}
