import Determinism
import DurabilityModel
import Scenarios
import StorageInterface
import SubjectProtocol
import Subjects

/// The target `sim`: the subject is an object in this process, over `SimulatedStorage`.
///
/// A new "process" is a new object; a crash drops it without a word.
///
/// Its properties are not checked for exclusive access while the program runs: no request is sent
/// while another is answered.
final class SimulatedTarget: Target {
  var limits = Scenario.Limits()
  var patience = 1
  var clock = 0
  var takesClock: Bool { true }

  private let makeSubject: SubjectFactory
  @exclusivity(unchecked) private var world: World?
  @exclusivity(unchecked) private var subject: (any Subject)?
  @exclusivity(unchecked) private var recoveryRows: UInt32 = 0
  @exclusivity(unchecked) private var outstanding: [(request: Request, number: UInt64)] = []
  @exclusivity(unchecked) private var window: UInt64 = 0
  /// What the subject maps shared.
  @exclusivity(unchecked) private var mappings = SimulatedMappings()

  /// A target for subjects that `makeSubject` makes.
  init(makeSubject: @escaping SubjectFactory) { self.makeSubject = makeSubject }

  func describe(_ hello: Request) throws(RunError) -> SubjectDescription {
    let subject = makeSubject { (_: String) throws(Errno) -> any Storage in throw Errno.noSuchFile }
    guard case .hello(let description) = subject.answer(hello) else {
      throw .harness("a subject in this process refused hello")
    }
    return description
  }

  func enter(_ world: World, freshProcess: Bool) throws(RunError) {
    world.staysHung = true
    self.world = world
    drop()
    outstanding = []
    window = 0
  }

  /// It would save nothing here.
  var takesRequestsAhead: Bool { false }

  /// Nothing is done yet: a request is worked on when its answer is waited for, so all that
  /// overlap are issued before the first of them is.
  func send(_ request: Request, number: UInt64, window: UInt64) -> SubjectBreakdown? {
    guard let world else { preconditionFailure("a request before any world was entered") }
    if self.window != window { world.beginRequest(window) }
    self.window = window
    outstanding.append((request, number))
    return nil
  }

  /// Has one of the outstanding requests answered, in an order that their numbers draw: the same
  /// whatever is removed around them.
  func receive() throws(RunError) -> Reply {
    guard let world else { preconditionFailure("an answer before any world was entered") }
    precondition(!outstanding.isEmpty, "an answer needs a request")
    var index = 0
    if outstanding.count > 1 {
      let turns = outstanding.map { Self.turn($0.number) }
      index = turns.indices.min { turns[$0] < turns[$1] } ?? 0
    }
    let (request, number) = outstanding.remove(at: index)
    let current = subject ?? start(in: world)
    subject = current
    let answer = current.answer(request)
    if world.hangs > 0 {
      // A process would still be waiting in that call.
      drop()
      outstanding = []
      return .broken(
        SubjectBreakdown(
          kind: .hung, message: "a call of the subject never returned: an injected fault"))
    }
    return .answer(answer, to: number)
  }

  /// Nothing happens that nobody waits for.
  func anotherAnswerComes() -> Bool { false }

  private static func turn(_ number: UInt64) -> Digest {
    var hasher = DigestHasher()
    hasher.combine(number)
    return hasher.finish()
  }

  private func start(in world: World) -> any Subject {
    mappings = SimulatedMappings()
    let mappings = mappings
    return makeSubject { (_: String) throws(Errno) -> any Storage in
      SimulatedStorage(world: world, mappings: mappings)
    }
  }

  func pullMappedStores() { mappings.writeBack() }

  /// Lets go of the subject as a crash does, and keeps what it tells.
  private func drop() {
    if let subject { recoveryRows |= subject.recoveryRows }
    subject = nil
  }

  func takeRecoveryRows() -> UInt32 {
    drop()
    defer { recoveryRows = 0 }
    return recoveryRows
  }

  func endProcess() {
    drop()
    outstanding = []
    mappings = SimulatedMappings()
    world?.closeAll()
  }

  func shutDown() { endProcess() }
}
