public import StorageInterface

/// The kinds of operation that a fault can be keyed to.
public enum FaultableOperation: String, Sendable, CaseIterable, Hashable {
  case create, open, read, write, truncate, fsync, fdatasync, fsyncdir
  case rename, unlink, link, symlink, mkdir, rmdir, readdir
}

/// One injected deviation, keyed to a place that shrinking does not move (disk.md, "A fault is
/// keyed to…"): a request, a file role, an operation kind, and the n-th such operation within that
/// request.
///
/// Its text form is one line: `request=1000003 fdatasync wal-#.log nth=1 EIO`, or for a write that
/// leaves a prefix `request=7 write wal-#.log nth=2 ENOSPC after=100`.
public struct Fault: Sendable, Equatable {
  /// The stable number of the request.
  public var request: UInt64
  /// The kind of operation.
  public var operation: FaultableOperation
  /// The role of the file; `*` is any.
  public var role: FileRole
  /// Which of the matching operations within the request, from 1.
  public var nth: Int
  /// The error the call gets.
  public var error: Errno
  /// For a write: how many bytes it leaves behind before it fails.
  public var partial: Int

  /// Makes a fault.
  public init(
    request: UInt64, operation: FaultableOperation, role: FileRole, nth: Int, error: Errno,
    partial: Int = 0
  ) {
    self.request = request
    self.operation = operation
    self.role = role
    self.nth = nth
    self.error = error
    self.partial = partial
  }

  /// The text form.
  public var text: String {
    let place = "request=\(request) \(operation.rawValue) \(role.name) nth=\(nth) \(error)"
    return partial > 0 ? place + " after=\(partial)" : place
  }

  /// The C names of the errors that a fault can have.
  public static var errorNames: [String] { Errno.names.map(\.name) }

  /// Reads the text form; nil when `text` is none.
  public init?(parsing text: String) {
    // By bytes: a combining mark at the start of a role would make one character with the space.
    let words = text.utf8.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
    guard words.count == 5 || words.count == 6, words[0].hasPrefix("request="),
      let request = UInt64(words[0].dropFirst(8)),
      let operation = FaultableOperation(rawValue: words[1]),
      words[3].hasPrefix("nth="), let nth = Int(words[3].dropFirst(4)), nth >= 1,
      let error = Errno(name: words[4])
    else { return nil }
    var partial = 0
    if words.count == 6 {
      guard words[5].hasPrefix("after="), let count = Int(words[5].dropFirst(6)), count > 0
      else { return nil }
      partial = count
    }
    self.init(
      request: request, operation: operation, role: FileRole(name: words[2]), nth: nth,
      error: error, partial: partial)
  }
}

/// The faults of one run, and which of them have fired.
public struct FaultPlan: Sendable {
  /// The faults, in the order of the schedule.
  public private(set) var faults: [Fault]
  /// For each fault, how many matching operations its request has seen.
  private var seen: [Int]
  /// For each fault, whether it fired.
  public private(set) var fired: [Bool]

  /// A plan of `faults`, none fired.
  public init(_ faults: [Fault] = []) {
    self.faults = faults
    seen = Array(repeating: 0, count: faults.count)
    fired = Array(repeating: false, count: faults.count)
  }

  /// Adds a fault; it counts the operations from now on.
  mutating func append(_ fault: Fault) {
    faults.append(fault)
    seen.append(0)
    fired.append(false)
  }

  /// Whether there is nothing to inject.
  public var isEmpty: Bool { faults.isEmpty }

  /// The faults whose place no longer exists: they did not fire.
  public var notFired: [Fault] { zip(faults, fired).filter { !$0.1 }.map(\.0) }

  /// Counts an operation of `request`, and gives the fault that it meets, if any.
  mutating func meet(
    _ operation: FaultableOperation, _ role: FileRole, request: UInt64
  ) -> Fault? {
    var met: Fault?
    for index in faults.indices {
      let fault = faults[index]
      guard fault.request == request, fault.operation == operation,
        fault.role.name == "*" || fault.role == role
      else { continue }
      seen[index] += 1
      if seen[index] == fault.nth, met == nil {
        fired[index] = true
        met = fault
      }
    }
    return met
  }
}
