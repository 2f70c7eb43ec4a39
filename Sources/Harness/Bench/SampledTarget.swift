import DurabilityModel
import Scenarios
import SubjectProtocol

/// A target that keeps some of the crash states that are recovered on another, a few of each part
/// of an exploration: what is measured with them has the mix of large and small, torn and whole.
final class SampledTarget: Target {
  private let target: any Target
  /// The crash states kept so far.
  private(set) var disks: [Disk] = []
  private var seen = 0

  /// One of so many is kept.
  static let stride = 97

  init(_ target: any Target) { self.target = target }

  func enter(_ world: World, freshProcess: Bool) throws(RunError) {
    if world.recording == nil {
      seen += 1
      if seen % Self.stride == 0 { disks.append(world.disk) }
    }
    try target.enter(world, freshProcess: freshProcess)
  }

  // All else is the other target's.

  var limits: Scenario.Limits {
    get { target.limits }
    set { target.limits = newValue }
  }
  var patience: Int {
    get { target.patience }
    set { target.patience = newValue }
  }
  var clock: Int {
    get { target.clock }
    set { target.clock = newValue }
  }
  var takesClock: Bool { target.takesClock }
  var takesRequestsAhead: Bool { target.takesRequestsAhead }

  func describe(_ hello: Request) throws(RunError) -> SubjectDescription {
    try target.describe(hello)
  }

  func send(
    _ request: Request, number: UInt64, window: UInt64
  ) throws(RunError) -> SubjectBreakdown? {
    try target.send(request, number: number, window: window)
  }

  func receive() throws(RunError) -> Reply { try target.receive() }

  func anotherAnswerComes() -> Bool { target.anotherAnswerComes() }

  func pullMappedStores() throws(RunError) { try target.pullMappedStores() }

  func endProcess() { target.endProcess() }

  func shutDown() { target.shutDown() }
}
