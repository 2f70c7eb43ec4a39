import DurabilityModel
import Scenarios
import StorageInterface

/// What may happen at a disk operation.
struct CoverageEvent: Hashable, Sendable {
  /// Its bit in a set of events.
  let bit: UInt64
  /// Its name in reports.
  let name: String

  /// By its bit.
  static func == (left: CoverageEvent, right: CoverageEvent) -> Bool { left.bit == right.bit }

  /// Hashes the bit.
  func hash(into hasher: inout Hasher) { hasher.combine(bit) }

  private init(_ position: Int, _ name: String) {
    bit = 1 << UInt64(position)
    self.name = name
  }

  /// Every event, in the order in which reports list them.
  static let all: [CoverageEvent] = {
    var names = [
      "process-crash", "power-none-kept", "power-some-kept", "power-all-kept", "power-torn",
    ]
    names += ["fault-short", "fault-slow", "fault-hang", "write-back", "evict"]
    names += MediaFaultKind.allCases.map { "media-" + $0.rawValue }
    // The errors of injected faults; the rest of those a file system knows never is injected.
    names += FaultEffect.injectedErrors.map { "fault-" + $0 } + ["fault-other"]
    precondition(names.count <= 64, "a set of events is one word")
    return names.enumerated().map { CoverageEvent($0.offset, $0.element) }
  }()

  /// Whether it is a fault that is planned: neither a crash nor damage.
  var isFault: Bool {
    name.utf8.starts(with: "fault-".utf8) || self == Self.writeBack || self == Self.evict
  }

  /// The event with this bit.
  static func with(bit: UInt64) -> CoverageEvent? {
    let position = bit.trailingZeroBitCount
    return position < all.count ? all[position] : nil
  }

  private static func named(_ name: String) -> CoverageEvent {
    guard let event = all.first(where: { $0.name == name }) else {
      preconditionFailure("there is no event called \(name)")
    }
    return event
  }

  /// The process crashed right after the operation was issued.
  static let processCrash = named("process-crash")
  /// The power failed, and nothing pending was kept.
  static let noneKept = named("power-none-kept")
  /// The power failed, and some of what was pending was kept.
  static let someKept = named("power-some-kept")
  /// The power failed, and all that was pending was kept.
  static let allKept = named("power-all-kept")
  /// The power failed, and part of a write was kept.
  static let torn = named("power-torn")

  private static let short = named("fault-short")
  private static let slow = named("fault-slow")
  private static let hang = named("fault-hang")
  private static let writeBack = named("write-back")
  private static let evict = named("evict")
  private static let other = named("fault-other")
  private static let errors = Dictionary(
    uniqueKeysWithValues: FaultEffect.injectedErrors.map { ($0, named("fault-" + $0)) })
  private static let media = Dictionary(
    uniqueKeysWithValues: MediaFaultKind.allCases.map { ($0, named("media-" + $0.rawValue)) })

  /// The event of a fault that fired.
  static func of(_ fault: Fault) -> CoverageEvent {
    switch fault.effect {
    case .fails(let failure): errors["\(failure.error)"] ?? other
    case .short: short
    case .slow: slow
    case .hangs: hang
    case .done:
      if case .background(.evict, _, _, _) = fault.place { evict } else { writeBack }
    }
  }

  /// The event that a template's faults are.
  static func of(_ template: FaultTemplate) -> CoverageEvent {
    switch template.effect {
    case .fails(let errno): errors[errno] ?? other
    case .short: short
    case .slow: slow
    case .hangs: hang
    case .done: template.target == .background(.evict) ? evict : writeBack
    }
  }

  /// The event of a crash step.
  static func of(_ step: CrashStep) -> CoverageEvent {
    if let damage = step.damage { return media[damage.kind] ?? other }
    guard case .power(let choice) = step.kind else { return processCrash }
    return of(choice)
  }

  /// The event of a power loss on a sound medium.
  static func of(_ choice: PowerLossChoice) -> CoverageEvent {
    if choice.tearsAnything { return torn }
    if !choice.dropsAnything { return allKept }
    return choice.keepsAnything ? someKept : noneKept
  }
}

extension FaultEffect {
  /// The C names of the errors that scenarios inject.
  fileprivate static let injectedErrors = [
    "EIO", "ENOSPC", "EDQUOT", "EINTR", "EMFILE", "EROFS", "ENOMEM", "EACCES", "EAGAIN",
  ]
}
