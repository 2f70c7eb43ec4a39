/// The faults of one run, and which of them have fired.
public struct FaultPlan: Sendable {
  /// The faults, in the order of the schedule.
  public private(set) var faults: [Fault]
  /// For each fault, how many matching operations there were.
  private var seen: [Int]
  /// For each fault, whether it fired.
  public private(set) var fired: [Bool]
  /// Whether one of them is background work.
  public private(set) var hasBackgroundWork: Bool

  /// A plan of `faults`, none fired.
  public init(_ faults: [Fault] = []) {
    self.faults = faults
    seen = Array(repeating: 0, count: faults.count)
    fired = Array(repeating: false, count: faults.count)
    hasBackgroundWork = faults.contains { $0.request == nil }
  }

  /// Whether there is nothing to inject.
  public var isEmpty: Bool { faults.isEmpty }

  /// The faults whose place no longer exists: they did not fire.
  public var notFired: [Fault] { zip(faults, fired).filter { !$0.1 }.map(\.0) }

  /// Adds a fault; it counts the operations from now on.
  mutating func append(_ fault: Fault) {
    faults.append(fault)
    seen.append(0)
    fired.append(false)
    if fault.request == nil { hasBackgroundWork = true }
  }

  /// Counts an operation of `request`, and gives the fault that it meets, if any.
  mutating func meet(
    _ operation: FaultableOperation, _ role: FileRole, request: UInt64
  ) -> Fault? {
    var met: Fault?
    for index in faults.indices {
      guard
        case .call(let wantedRequest, let wantedOperation, let wantedRole, let nth) =
          faults[index].place,
        wantedRequest == request, wantedOperation == operation, wantedRole.covers(role)
      else { continue }
      seen[index] += 1
      if seen[index] == nth, met == nil {
        fired[index] = true
        met = faults[index]
      }
    }
    return met
  }

  /// The background work that comes after change `nth` of the content of file number `file` of
  /// `role`.
  mutating func meetBackgroundWork(_ role: FileRole, file: Int, nth: Int) -> [Fault] {
    var met: [Fault] = []
    for index in faults.indices where !fired[index] {
      guard
        case .background(_, let wantedRole, let wantedFile, let wantedNth) = faults[index].place,
        wantedRole.covers(role), wantedFile == file, wantedNth == nth
      else { continue }
      fired[index] = true
      met.append(faults[index])
    }
    return met
  }
}

extension FileRole {
  /// Whether a place of this role means files of `role`; `*` means all.
  func covers(_ role: FileRole) -> Bool { name == "*" || self == role }
}
