import Determinism
import DurabilityModel
import Scenarios
import SubjectProtocol

/// Draws the live faults of an epoch from the templates of its scenario.
///
/// Places come from the same epoch recorded without faults: role × operation × n-th, each call as
/// likely as any other but for the few that matter most. Every template draws from a generator of
/// its own, so that one never moves another.
struct FaultPlanner {
  let templates: [FaultTemplate]
  let seed: Seed

  /// One call that a fault may strike.
  private struct Call {
    var request: UInt64
    var operation: FaultableOperation
    var role: FileRole
    var nth: Int
    var isIntoNewSpace: Bool
  }

  /// The faults for the epoch that went like `quiet` without any.
  func faults(for quiet: RecordedEpoch) -> [Fault] {
    guard let log = quiet.calls else { return [] }
    var faults: [Fault] = []
    for (index, template) in templates.enumerated() {
      if let fault = fault(of: template, index, log, quiet) { faults.append(fault) }
    }
    return faults
  }

  /// The fault of a template, where the seed gets one.
  func fault(
    of template: FaultTemplate, _ index: Int, _ log: CallLog, _ quiet: RecordedEpoch
  ) -> Fault? {
    var generator = PRNG(seed.derived("template", index))
    guard generator.chance(template.share, in: 100),
      let place = place(template, log, quiet, &generator)
    else { return nil }
    let state = template.states.isEmpty ? nil : generator.pick(template.states)
    var fault = template.fault(at: place, state: state, lost: generator.pick(template.lost))
    vary(&fault, &generator)
    return fault
  }

  private func place(
    _ template: FaultTemplate, _ log: CallLog, _ quiet: RecordedEpoch, _ generator: inout PRNG
  ) -> Fault.Place? {
    switch template.target {
    case .background(let work):
      let files = log.files.filter { template.role == "*" || $0.role.name == template.role }
      guard !files.isEmpty else { return nil }
      let file = generator.pick(files)
      return .background(
        work, role: file.role, file: file.file, nth: generator.number(in: 1...file.last))
    case .call(let operation):
      let calls = Self.calls(of: operation, role: template.role, log)
      // A recovery makes few calls, and each matters.
      let opening = calls.filter { $0.request == quiet.requests.first?.number }
      // What a failed barrier loses of new space stays lost whatever is written there later
      // (groundtruth, section 2 A), and most barriers write into pages that are there.
      let intoNewSpace = calls.filter(\.isIntoNewSpace)
      let candidates =
        if !opening.isEmpty && generator.chance(1, in: 4) {
          opening
        } else if !intoNewSpace.isEmpty && generator.chance(1, in: 2) {
          intoNewSpace
        } else {
          calls
        }
      guard !candidates.isEmpty else { return nil }
      let call = generator.pick(candidates)
      return .call(
        request: call.request, operation: call.operation, role: call.role, nth: call.nth)
    }
  }

  private static func calls(
    of operation: FaultableOperation, role: String, _ log: CallLog
  ) -> [Call] {
    var calls: [Call] = []
    for place in log.places
    where place.operation == operation || (operation == .fsync && place.operation == .fdatasync) {
      guard role == "*" || place.role.name == role else { continue }
      for nth in 1...place.count {
        calls.append(
          Call(
            request: place.request, operation: place.operation, role: place.role, nth: nth,
            isIntoNewSpace: place.intoNewSpace.contains(nth)))
      }
    }
    return calls
  }

  /// Draws how much of a call happens: a failed write leaves a prefix every other time.
  func vary(_ fault: inout Fault, _ generator: inout PRNG) {
    switch fault.effect {
    case .fails(var failure):
      guard case .call(_, .write, _, _) = fault.place, generator.chance(1, in: 2) else { return }
      failure.leaving = generator.number(in: 1...64)
      fault.effect = .fails(failure)
    case .short(let most): fault.effect = .short(generator.number(in: 1...most))
    case .slow(let most): fault.effect = .slow(milliseconds: generator.number(in: 1...most))
    case .hangs, .done: break
    }
  }
}
