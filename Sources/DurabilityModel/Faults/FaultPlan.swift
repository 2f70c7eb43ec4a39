/// The faults of one run, and which of them have fired.
public struct FaultPlan: Sendable {
  /// The faults, in the order of the schedule.
  public private(set) var faults: [Fault]
  /// For each fault, how many matching operations there were.
  private var seen: [Int]
  /// For each fault, how many operations were recorded by the time it had done what it does to the
  /// disk; nil where it did not fire.
  private var struck: [Int?]
  /// The fault that fired last, until another call comes.
  private var latest: Int?
  /// Whether one of them is background work.
  public private(set) var hasBackgroundWork: Bool

  /// A plan of `faults`, none fired.
  public init(_ faults: [Fault] = []) {
    self.faults = faults
    seen = Array(repeating: 0, count: faults.count)
    struck = Array(repeating: nil, count: faults.count)
    hasBackgroundWork = faults.contains { $0.request == nil }
  }

  /// Whether there is nothing to inject.
  public var isEmpty: Bool { faults.isEmpty }

  /// For each fault, whether it fired.
  public var fired: [Bool] { struck.map { $0 != nil } }

  /// The faults whose place no longer exists: they did not fire.
  public var notFired: [Fault] { zip(faults, struck).filter { $0.1 == nil }.map(\.0) }

  /// The faults that had fired when `count` operations were recorded: what a crash there can hang
  /// on. One that only left an operation behind has fired once that is there.
  public func met(by count: Int) -> [Fault] {
    zip(faults, struck).filter { $0.1.map { $0 <= count } ?? false }.map(\.0)
  }

  /// Adds a fault; it counts the operations from now on.
  mutating func append(_ fault: Fault) {
    faults.append(fault)
    seen.append(0)
    struck.append(nil)
    if fault.request == nil { hasBackgroundWork = true }
  }

  /// Counts an operation of `request`, and gives the fault that it meets, if any; `count` are
  /// recorded by then.
  mutating func meet(
    _ operation: FaultableOperation, _ role: FileRole, request: UInt64, recorded count: Int = 0
  ) -> Fault? {
    var met: Fault?
    latest = nil
    for index in faults.indices {
      guard
        case .call(let wantedRequest, let wantedOperation, let wantedRole, let nth) =
          faults[index].place,
        wantedRequest == request, wantedOperation == operation, wantedRole.covers(role)
      else { continue }
      seen[index] += 1
      if seen[index] == nth, met == nil {
        struck[index] = count
        latest = index
        met = faults[index]
      }
    }
    return met
  }

  /// What the call that met a fault did to the disk is recorded: `count` operations are now.
  mutating func changedDisk(recorded count: Int) {
    guard let index = latest else { return }
    struck[index] = count
    latest = nil
  }

  /// The background work that comes after change `nth` of the content of file number `file` of
  /// `role`; `count` operations are recorded by then.
  mutating func meetBackgroundWork(
    _ role: FileRole, file: Int, nth: Int, recorded count: Int = 0
  ) -> [Fault] {
    var met: [Fault] = []
    for index in faults.indices where struck[index] == nil {
      guard
        case .background(_, let wantedRole, let wantedFile, let wantedNth) = faults[index].place,
        wantedRole.covers(role), wantedFile == file, wantedNth == nth
      else { continue }
      // Each is an operation of its own.
      met.append(faults[index])
      struck[index] = count + met.count
    }
    return met
  }
}

extension FileRole {
  /// Whether a place of this role means files of `role`; `*` means all.
  func covers(_ role: FileRole) -> Bool { name == "*" || self == role }
}
