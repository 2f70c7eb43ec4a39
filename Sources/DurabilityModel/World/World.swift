import StorageInterface

/// One world while a subject lives in it: a disk, its open descriptions, the faults of the plan,
/// and the recording.
///
/// Both targets drive this class and decide nothing themselves: `sim` through the simulated
/// storage, `fuse` through the mount. It belongs to one thread.
public final class World {
  /// The disk as it is now.
  public internal(set) var disk: Disk
  /// What was recorded, where recording is on.
  public internal(set) var recording: Recording?
  /// The faults, and which fired.
  public internal(set) var faults: FaultPlan
  /// The stable number of the outstanding request; faults and recordings are keyed by it.
  public private(set) var request: UInt64 = 0
  /// How many barriers failed since the world began.
  public internal(set) var failedBarriers = 0
  /// How many faults of any kind fired since the world began.
  public internal(set) var firedFaults = 0
  /// How many calls there were, of any kind: a subject that makes none is hung or done.
  public internal(set) var calls: UInt64 = 0

  var descriptions: [Description?] = []
  /// The newest error of a failed barrier, by file; looked up, never listed.
  var lastErrors: [InodeNumber: Errno] = [:]
  private var freeDescriptions: [Int] = []
  private var counters: [Counter] = []

  /// An open file description.
  struct Description {
    var inode: InodeNumber
    /// The error count it last reported.
    var errors: UInt32
    /// The file system's error count that a syncfs through it last reported.
    var fileSystemErrors: UInt32 = 0
  }

  private struct Counter {
    var kind: String
    var role: FileRole
    var count: Int
  }

  /// A world that begins with `disk`.
  public init(disk: Disk, recording: Bool = false, faults: FaultPlan = FaultPlan()) {
    self.disk = disk
    self.recording = recording ? Recording(start: disk) : nil
    self.faults = faults
  }

  /// From now on operations belong to request `number`.
  public func beginRequest(_ number: UInt64) {
    request = number
    counters.removeAll(keepingCapacity: true)
  }

  /// What the process's end does: every description is closed.
  public func closeAll() {
    descriptions.removeAll()
    freeDescriptions.removeAll()
  }

  // MARK: For the other parts of this class.

  func inode(_ number: InodeNumber) throws(Errno) -> Inode {
    guard let inode = disk[number] else { throw .noSuchFile }
    return inode
  }

  func directory(_ number: InodeNumber) throws(Errno) -> Inode {
    let inode = try inode(number)
    guard inode.kind == .directory else { throw .notDirectory }
    return inode
  }

  func description(_ handle: HandleID) throws(Errno) -> Description {
    let index = Int(handle.rawValue)
    guard index < descriptions.count, let description = descriptions[index] else {
      throw .badFileDescriptor
    }
    return description
  }

  func add(_ description: Description) -> HandleID {
    if let free = freeDescriptions.popLast() {
      descriptions[free] = description
      return HandleID(UInt32(free))
    }
    descriptions.append(description)
    return HandleID(UInt32(descriptions.count - 1))
  }

  func removeDescription(_ handle: HandleID) {
    let index = Int(handle.rawValue)
    guard index < descriptions.count, descriptions[index] != nil else { return }
    descriptions[index] = nil
    freeDescriptions.append(index)
  }

  /// The role of an inode by the name it was last given.
  func role(of number: InodeNumber) -> FileRole {
    FileRole(masking: disk[number]?.lastName ?? [])
  }

  /// Meets a fault, if the plan has one for this operation on a file called `name`.
  func meetFault(_ operation: FaultableOperation, name: [UInt8]) -> Fault? {
    calls += 1
    if faults.isEmpty { return nil }
    let fault = faults.meet(operation, FileRole(masking: name), request: request)
    if fault != nil { firedFaults += 1 }
    return fault
  }

  /// Throws the error of a fault, if the plan has one for this operation.
  func check(_ operation: FaultableOperation, name: [UInt8]) throws(Errno) {
    if let fault = meetFault(operation, name: name) { throw fault.error }
  }

  /// Throws the error of a fault for an operation on an inode.
  func check(_ operation: FaultableOperation, _ number: InodeNumber) throws(Errno) {
    if faults.isEmpty {
      calls += 1
    } else {
      try check(operation, name: disk[number]?.lastName ?? [])
    }
  }

  /// Performs and records an operation that may be done.
  func perform(_ operation: DiskOperation, name: [UInt8]) {
    if recording != nil {
      let role = FileRole(masking: name)
      let kind = operation.kindName
      var nth = 1
      if let index = counters.firstIndex(where: { $0.kind == kind && $0.role == role }) {
        counters[index].count += 1
        nth = counters[index].count
      } else {
        counters.append(Counter(kind: kind, role: role, count: 1))
      }
      recording?.append(operation, request: request, role: role, nth: nth)
    }
    disk.apply(operation)
  }

  /// Performs and records an operation on an inode.
  func perform(_ operation: DiskOperation, _ number: InodeNumber) {
    perform(operation, name: recording == nil ? [] : disk[number]?.lastName ?? [])
  }
}
