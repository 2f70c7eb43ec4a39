public import DurabilityModel

// What of a scenario file is about faults.
extension Scenario {
  /// Reads the key `faults`: an array of templates.
  ///
  /// Each names an `operation` (or `write-back`, `evict`) and at most one of `errno`, `short`,
  /// `slow` and `hangs`.
  mutating func readFaults(_ reader: inout ScenarioReader) throws(ScenarioError) {
    for var fault in try reader.objects("faults") ?? [] {
      let target = try Self.target(&fault)
      var template = FaultTemplate(target, try Self.effect(&fault, of: target))
      template.role = try fault.string("role") ?? template.role
      try fault.set(&template.share, "share", in: 1...100)
      template.states = try fault.choices("states", AfterFailedBarrier.self) ?? []
      template.lost = try fault.choices("lost", LostPages.self) ?? template.lost
      try fault.finish()
      if let problem = Self.problem(template) { throw fault.error(problem) }
      faults.append(template)
    }
  }

  /// Reads the key `quota` of the disk: a number of bytes, or bounds that each seed draws between.
  mutating func readQuota(_ disk: inout ScenarioReader) throws(ScenarioError) {
    let limits = Quota.least...(1 << 40)
    guard let node = disk.node("quota") else { return }
    guard case .object = node.value else {
      if let bytes = try disk.integer("quota", in: limits) {
        quota = QuotaRange(minimum: bytes, maximum: bytes)
      }
      return
    }
    guard var bounds = try disk.object("quota") else { return }
    guard let minimum = try bounds.integer("minimum", in: limits),
      let maximum = try bounds.integer("maximum", in: minimum...limits.upperBound)
    else { throw bounds.error("\"quota\" needs a \"minimum\" and a \"maximum\", in bytes") }
    quota = QuotaRange(minimum: minimum, maximum: maximum)
    quota?.kinds = try bounds.choices("errnos", Quota.Kind.self) ?? Quota.Kind.allCases
    try bounds.finish()
  }

  private static func target(
    _ fault: inout ScenarioReader
  ) throws(ScenarioError) -> FaultTemplate.Target {
    guard let name = try fault.choice("operation", Struck.self) else {
      throw fault.error("a fault needs an \"operation\", such as \"fsync\"")
    }
    return name.target
  }

  private static func effect(
    _ fault: inout ScenarioReader, of target: FaultTemplate.Target
  ) throws(ScenarioError) -> FaultTemplate.Effect {
    var effects: [FaultTemplate.Effect] = []
    if let errno = try fault.errno("errno") { effects.append(.fails(errno: errno)) }
    if let most = try fault.integer("short", in: 1...(1 << 24)) {
      effects.append(.short(most: most))
    }
    if let most = try fault.integer("slow", in: 1...10_000) { effects.append(.slow(most: most)) }
    if try fault.boolean("hangs") == true { effects.append(.hangs) }
    if effects.isEmpty, case .background = target { effects.append(.done) }
    guard let effect = effects.first, effects.count == 1 else {
      throw fault.error(
        "a fault needs an effect: an \"errno\" such as \"EIO\", or \"short\", \"slow\" or "
          + "\"hangs\"")
    }
    return effect
  }

  /// Why a template makes no sense; nil where it does. The rules are those of the fault itself.
  private static func problem(_ template: FaultTemplate) -> String? {
    let states: [AfterFailedBarrier?] = template.states.isEmpty ? [nil] : template.states
    for state in states {
      for lost in template.lost {
        let fault = template.fault(
          at: template.target.somePlace(FileRole(name: template.role)), state: state, lost: lost)
        if let problem = fault.problem { return problem }
      }
    }
    return nil
  }
}

/// What a fault of a scenario can strike, by the name that its file uses: a call, or background
/// work.
private struct Struck: RawRepresentable, CaseIterable {
  let rawValue: String

  init(rawValue: String) { self.rawValue = rawValue }

  static var allCases: [Struck] {
    (FaultableOperation.allCases.map(\.rawValue) + Fault.BackgroundWork.allCases.map(\.rawValue))
      .map { Struck(rawValue: $0) }
  }

  var target: FaultTemplate.Target {
    if let work = Fault.BackgroundWork(rawValue: rawValue) { return .background(work) }
    guard let operation = FaultableOperation(rawValue: rawValue) else {
      preconditionFailure("one of all cases")
    }
    return .call(operation)
  }
}

extension FaultTemplate.Target {
  fileprivate func somePlace(_ role: FileRole) -> Fault.Place {
    switch self {
    case .call(let operation): .call(request: 0, operation: operation, role: role, nth: 1)
    case .background(let work): .background(work, role: role, file: 1, nth: 1)
    }
  }
}

extension FaultTemplate {
  /// The fault of this template at `place`; what is drawn besides is the caller's.
  public func fault(at place: Fault.Place, state: AfterFailedBarrier?, lost: LostPages) -> Fault {
    switch effect {
    case .fails(let name):
      guard let failure = FaultEffect.Failure(errno: name, after: state, lost: lost) else {
        preconditionFailure("a template names an errno that there is")
      }
      return Fault(place, .fails(failure))
    case .short(let most): return Fault(place, .short(most))
    case .slow(let most): return Fault(place, .slow(milliseconds: most))
    case .hangs: return Fault(place, .hangs)
    case .done: return Fault(place, .done)
    }
  }
}

extension ScenarioReader {
  /// The C name of an errno that a fault can have, or nil where the key is absent.
  fileprivate mutating func errno(_ key: String) throws(ScenarioError) -> String? {
    guard let node = node(key) else { return nil }
    guard case .string(let text) = node.value else {
      throw error(node, "\"\(key)\" must be the name of an errno, such as \"EIO\"")
    }
    let known = Fault.errorNames
    if let name = known.first(where: { text.elementsEqual($0.utf8) }) { return name }
    throw error(
      node,
      "\"\(key)\" cannot be \(Spelling.quoted(text))\(Spelling.hint(for: text, among: known))")
  }
}
