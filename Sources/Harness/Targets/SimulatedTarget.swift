import DurabilityModel
import Scenarios
import StorageInterface
import SubjectProtocol
import Subjects

/// The target `sim`: the subject is an object in this process, over `SimulatedStorage`.
///
/// A new "process" is a new object; a crash drops it without a word.
final class SimulatedTarget: Target {
  var limits = Scenario.Limits()
  var patience = 1

  private let makeSubject: SubjectFactory
  private var world: World?
  private var subject: (any Subject)?

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
    subject = nil
  }

  func exchange(_ request: Request, number: UInt64) throws(RunError) -> Exchange {
    guard let world else { preconditionFailure("a request before any world was entered") }
    world.beginRequest(number)
    let current =
      subject
      ?? makeSubject { (_: String) throws(Errno) -> any Storage in
        SimulatedStorage(world: world)
      }
    subject = current
    let answer = current.answer(request)
    if world.hangs > 0 {
      // A process would still be waiting in that call.
      subject = nil
      return .broken(
        SubjectBreakdown(
          kind: .hung, message: "a call of the subject never returned: an injected fault"))
    }
    return .answer(answer)
  }

  /// Nothing is mapped here.
  func pullMappedStores() {}

  func endProcess() {
    subject = nil
    world?.closeAll()
  }

  func shutDown() { endProcess() }
}
