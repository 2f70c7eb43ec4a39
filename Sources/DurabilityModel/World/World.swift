import StorageInterface

/// One world while a subject lives in it: a disk, its open descriptions, the faults of the plan,
/// and the recording.
///
/// Both targets drive this class and decide nothing themselves: `sim` through the simulated
/// storage, `fuse` through the mount. It belongs to one thread.
///
/// The properties that every call touches are not checked for exclusive access while the program
/// runs: the checks were a quarter of the instructions of a small write, and no property is touched
/// while a change of it is under way.
public final class World {
  /// The disk as it is now.
  @exclusivity(unchecked) public internal(set) var disk: Disk
  /// What was recorded, where recording is on.
  @exclusivity(unchecked) public internal(set) var recording: Recording?
  /// The faults, and which fired.
  @exclusivity(unchecked) public internal(set) var faults: FaultPlan
  /// The stable number of the outstanding request; faults and recordings are keyed by it.
  @exclusivity(unchecked) public private(set) var request: UInt64 = 0
  /// How many barriers failed since the world began.
  @exclusivity(unchecked) public internal(set) var failedBarriers = 0
  /// How many faults of any kind fired since the world began.
  public internal(set) var firedFaults = 0
  /// How often a call met a fault, a full quota or a stopped file system: an `open` that did may
  /// fail (design.md, section 5).
  @exclusivity(unchecked) public internal(set) var hindrances = 0
  /// Whether every later call hangs too once one does: for a subject without a process of its own,
  /// which cannot be stopped in the middle of a call.
  @exclusivity(unchecked) public var staysHung = false
  /// Whether no call is served any more.
  var isHung: Bool { staysHung && hangs > 0 }
  /// How many calls never returned.
  @exclusivity(unchecked) public internal(set) var hangs = 0
  /// Whether calls meet no fault and are not counted: they are somebody else's than the subject's.
  public var sparesFaults = false
  /// Called with the milliseconds of a slow operation; where nobody waits, it takes no time.
  public var onDelay: ((Int) -> Void)?
  /// Where set, every call of an operation is noted, so that faults can be placed on them.
  @exclusivity(unchecked) public internal(set) var callLog: CallLog?
  /// How many bytes the files may take, and what a write that needs more gets.
  @exclusivity(unchecked) public var quota: Quota? { didSet { usedPages = nil } }
  /// How many pages count against the quota; nil where that must be counted again.
  @exclusivity(unchecked) var usedPages: Int?
  /// How many calls there were, of any kind: a subject that makes none is hung or done.
  @exclusivity(unchecked) public internal(set) var calls: UInt64 = 0
  /// The call that met a fault last; 0 for none.
  @exclusivity(unchecked) var struckCall: UInt64 = 0
  /// How many operations are recorded.
  var recordedCount: Int { recording?.operations.count ?? 0 }

  @exclusivity(unchecked) var descriptions: [Description?] = []
  /// Where the bytes of writes are kept.
  @exclusivity(unchecked) var arena = ByteArena()
  /// How often the content of a file changed, for background work that comes after a change.
  @exclusivity(unchecked) var changes: [InodeNumber: Int] = [:]
  @exclusivity(unchecked) private var freeDescriptions: [Int] = []
  @exclusivity(unchecked) private var counters: [Counter] = []

  /// An open file description.
  struct Description {
    var inode: InodeNumber
    /// What it knows of the file's failed write-backs, and of the file system's.
    var errors: UInt32
    var fileSystemErrors: UInt32
    /// Whether it was opened with `O_SYNC` or `O_DSYNC`.
    var isSynchronous = false

    /// Whether both have the same failures yet to report.
    func knowsAsMuch(as other: Description) -> Bool {
      errors == other.errors && fileSystemErrors == other.fileSystemErrors
    }
  }

  private struct Counter {
    var kind: String
    var role: FileRole
    var count: Int
  }

  /// A world that begins with `disk`.
  public init(
    disk: Disk, recording: Bool = false, faults: FaultPlan = FaultPlan(), notesCalls: Bool = false
  ) {
    self.disk = disk
    quota = disk.parameters.quota
    callLog = notesCalls ? CallLog() : nil
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
    usedPages = nil
  }

  // MARK: For the other parts of this class.

  func inode(_ number: InodeNumber) throws(Errno) -> Inode {
    guard let inode = disk[number] else { throw .noSuchFile }
    return inode
  }

  // The calls that a subject makes most look at the fields they need where they lie in the disk: a
  // copy of an inode takes hold of everything in it.

  /// The place of an inode in the disk.
  func index(_ number: InodeNumber) throws(Errno) -> Int {
    guard disk.isAlive(number) else { throw .noSuchFile }
    return Int(number.rawValue)
  }

  /// The place of a directory in the disk.
  func directoryIndex(_ number: InodeNumber) throws(Errno) -> Int {
    let index = try index(number)
    guard disk.inodes[index].kind == .directory else { throw .notDirectory }
    return index
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
    // A file without a name gives its space back when it is closed.
    usedPages = nil
  }

  /// The role of an inode by the name it was last given.
  func role(of number: InodeNumber) -> FileRole {
    FileRole(masking: disk[number]?.lastName ?? [])
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
      if struckCall == calls { faults.changedDisk(recorded: recordedCount) }
    }
    disk.apply(operation)
    if case .write = operation {} else { usedPages = nil }
  }

  /// Performs and records an operation on an inode.
  func perform(_ operation: DiskOperation, _ number: InodeNumber) {
    perform(operation, name: recording == nil ? [] : disk[number]?.lastName ?? [])
  }
}
