import Determinism
import DurabilityModel
import Scenarios

/// Draws the live faults of a life of a guided run: those that are aimed at, where the life offers
/// them; else those that the scenario's shares give, but a third of them at places where the seed
/// has not seen such a fault.
///
/// Among calls one place with forty of them has most faults; among places each has as many.
extension FaultPlanner {
  /// A kind of fault at a place, with all the ways to bring it about.
  private struct Choice {
    var aim: Variation.Aim
    var ways: [(template: Int, call: CallLog.Place)] = []

    /// The same with the ways of one template alone; nil where it has none.
    func only(_ template: Int) -> Choice? {
      let own = ways.filter { $0.template == template }
      return own.isEmpty ? nil : Choice(aim: aim, ways: own)
    }
  }

  /// The faults for the life that went like `quiet` without any, where the seed has covered
  /// `coverage` so far.
  func guidedFaults(
    for quiet: RecordedEpoch, aims: [Variation.Aim], coverage: Coverage
  ) -> [Fault] {
    guard let log = quiet.calls else { return [] }
    var generator = PRNG(seed.derived("guided"))
    let missing = choices(log, Phase.requests(of: quiet))
      .filter { !coverage.isReached($0.aim.place, $0.aim.event) }
    var aimed = missing.filter { aims.contains($0.aim) }
    if !aimed.isEmpty {
      generator.shuffle(&aimed)
      return aimed.prefix(Self.aimsALife).map { fault($0, &generator) }
    }
    return templates.indices.compactMap { index in
      guard let drawn = fault(of: templates[index], index, log, quiet) else { return nil }
      let elsewhere = missing.compactMap { $0.only(index) }
      guard !elsewhere.isEmpty, generator.chance(1, in: 3) else { return drawn }
      return fault(generator.pick(elsewhere), &generator)
    }
  }

  /// More faults in one life would hide each other.
  private static var aimsALife: Int { 2 }

  /// Every kind of fault that may strike somewhere, in the order in which the calls came.
  private func choices(_ log: CallLog, _ phases: [UInt64: Phase]) -> [Choice] {
    var choices: [Choice] = []
    var index: [Variation.Aim: Int] = [:]
    for call in log.places {
      for (number, template) in templates.enumerated() where template.mayStrike(call) {
        let aim = Variation.Aim(
          place: CoveragePlace(
            operation: call.operation.rawValue, role: call.role,
            phase: phases[call.request] ?? .background),
          event: CoverageEvent.of(template))
        if index[aim] == nil {
          index[aim] = choices.count
          choices.append(Choice(aim: aim))
        }
        choices[index[aim] ?? 0].ways.append((number, call))
      }
    }
    return choices
  }

  private func fault(_ choice: Choice, _ generator: inout PRNG) -> Fault {
    let way = generator.pick(choice.ways)
    let template = templates[way.template]
    let state = template.states.isEmpty ? nil : generator.pick(template.states)
    var fault = template.fault(
      at: .call(
        request: way.call.request, operation: way.call.operation, role: way.call.role,
        nth: generator.number(in: 1...way.call.count)), state: state,
      lost: generator.pick(template.lost))
    vary(&fault, &generator)
    return fault
  }

  // MARK: Every fault

  /// Every fault that the templates permit in the life that went like `quiet`, in the order of the
  /// calls: each place, after-state and choice of lost pages, a failed write also half done.
  func everyFault(for quiet: RecordedEpoch) -> [Fault] {
    guard let log = quiet.calls else { return [] }
    var faults: [Fault] = []
    var known: Set<[UInt8]> = []
    func add(_ template: FaultTemplate, at place: Fault.Place) {
      for fault in Self.every(template, at: place)
      where known.insert(Array(fault.text.utf8)).inserted {
        faults.append(fault)
      }
    }
    for call in log.places {
      for template in templates where template.mayStrike(call) {
        for nth in 1...call.count {
          add(
            template,
            at: .call(request: call.request, operation: call.operation, role: call.role, nth: nth))
        }
      }
    }
    for template in templates {
      guard case .background(let work) = template.target else { continue }
      for file in log.files where template.role == "*" || file.role.name == template.role {
        for nth in 1...file.last {
          add(template, at: .background(work, role: file.role, file: file.file, nth: nth))
        }
      }
    }
    return faults
  }

  private static func every(_ template: FaultTemplate, at place: Fault.Place) -> [Fault] {
    let states: [AfterFailedBarrier?] = template.states.isEmpty ? [nil] : template.states
    return states.flatMap { state in
      template.lost.flatMap { lost -> [Fault] in
        let fault = template.fault(at: place, state: state, lost: lost)
        guard case .fails(var failure) = fault.effect, case .call(_, .write, _, _) = place else {
          return [fault]
        }
        failure.leaving = 32
        return [fault, Fault(place, .fails(failure))]
      }
    }
  }
}
