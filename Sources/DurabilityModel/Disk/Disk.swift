import StorageInterface

/// The disk of one world: what the cache shows, what the medium holds, and every operation between.
///
/// Method. A disk is a value. `apply` is the only thing that changes it, and the only place where
/// an operation's meaning stands; both targets, the recording and its explosion go through it.
/// Three queues lie between cache and medium, as disk.md has them: data (per inode, by sector),
/// sizes (per inode) and names (per directory). A barrier moves what it covers from a queue to the
/// medium without copying. A crash is a function of a disk and a choice (`Disk+Crash.swift`) and
/// returns a new disk; clones share everything until one of them writes.
///
/// Modes, owners and extended attributes are a fourth queue (`PendingAttributes`).
///
/// Not modelled here: times of day (mtime is an operation count unless a program sets it).
public struct Disk {
  /// By inode number; number 0 names nothing.
  var inodes: InodeTable
  /// Entry operations that no directory barrier has covered, in issue order.
  var pendingNames: [PendingName] = []
  /// Changes of attributes that no fsync has covered, in issue order.
  var pendingAttributes: [PendingAttributes] = []
  /// The files with a pending truncation, where the model ties truncations to names.
  var truncatedFiles: [InodeNumber] = []
  /// How many mutating operations the world has seen; the number of the newest one.
  public internal(set) var operationCount: UInt64 = 0
  /// Earlier content of this world's files, oldest first: what never-synced space may show again.
  var freed: [FreedContent] = []
  /// Whether it still does what it is asked.
  public internal(set) var health = FileSystemHealth.working
  /// Failures of writing back any file, for syncfs.
  var errors = ErrorSequence()
  /// The assumptions about the device.
  public internal(set) var parameters: DiskParameters

  /// Content that a truncation or the removal of a last name gave back.
  struct FreedContent {
    var content: FileContent
    var size: UInt64
    var inode: InodeNumber
  }

  /// How many freed contents are kept: the oldest and the newest of them.
  static let freedLimit = 8

  /// An empty world.
  public init(parameters: DiskParameters) {
    self.parameters = parameters
    let root = Inode(kind: .directory, mode: 0o755, user: 0, group: 0, operation: 0, name: [])
    inodes = InodeTable(root: root)
  }

  /// The number the next inode gets.
  public var nextInode: InodeNumber { InodeNumber(UInt32(inodes.count)) }

  /// The inode `number`, or nil when it is gone.
  subscript(number: InodeNumber) -> Inode? {
    let index = Int(number.rawValue)
    return index < inodes.count && inodes[index].isAlive ? inodes[index] : nil
  }

  /// Whether there is an inode `number`, without taking hold of it: a copy held during a change
  /// would make the change copy its queues.
  func isAlive(_ number: InodeNumber) -> Bool {
    let index = Int(number.rawValue)
    return index < inodes.count && inodes[index].isAlive
  }

  /// What a description of inode `number` that is opened now, or has just been told of a failure,
  /// remembers.
  func errorSample(of number: InodeNumber) -> UInt32 {
    isAlive(number) ? inodes[Int(number.rawValue)].errors.sample : 0
  }

  /// The failure of inode `number` that a description which remembers `sample` was not told of.
  func unreportedError(of number: InodeNumber, since sample: UInt32) -> Errno? {
    isAlive(number) ? inodes[Int(number.rawValue)].errors.unreported(since: sample) : nil
  }

  /// Whether nobody was told of the newest failure of inode `number`.
  func hasUnseenError(_ number: InodeNumber) -> Bool {
    isAlive(number) && inodes[Int(number.rawValue)].errors.isUnseen
  }

  /// Changes inode `number` in place.
  mutating func with<Result>(_ number: InodeNumber, _ body: (inout Inode) -> Result) -> Result {
    let index = Int(number.rawValue)
    precondition(
      index < inodes.count && inodes[index].isAlive, "an operation on an inode that is gone")
    return body(&inodes[index])
  }

  /// How many inodes are alive in the cache's view.
  public var inodeCount: Int { inodes.indices.reduce(0) { $0 + (inodes[$1].isAlive ? 1 : 0) } }

  /// How many operations' effects no barrier has covered yet.
  public var pendingCount: Int {
    inodes.indices.reduce(pendingNames.count + pendingAttributes.count) {
      $0 + max(inodes[$1].pendingData.count, inodes[$1].pendingSizes.count)
    }
  }

  /// Performs `operation`; the caller has checked that it may be done.
  public mutating func apply(_ operation: DiskOperation) {
    operationCount += 1
    let count = operationCount
    switch operation {
    case .create, .link, .unlink, .removeDirectory, .rename:
      applyName(operation, count)
    case .write(let number, let offset, let bytes):
      with(number) { $0.write(bytes, at: offset, operation: count) }
    case .setSize(let number, let size):
      if let inode = self[number], size < inode.cachedSize { keepFreed(inode, number) }
      with(number) { $0.setSize(size, operation: count) }
      noteTruncation(of: number, count)
    case .setAttributes(let number, let mode, let user, let group):
      pendAttributes(of: number, count)
      with(number) {
        $0.mode = mode
        $0.user = user
        $0.group = group
        $0.changed = count
      }
    case .allocate(let number, let offset, let length, let mode):
      with(number) { $0.allocate(offset..<offset + length, mode, operation: count) }
      noteTruncation(of: number, count)
    case .setExtendedAttribute(let number, let name, let value):
      pendAttributes(of: number, count)
      with(number) {
        $0.rare.set(name, to: value)
        $0.changed = count
      }
    case .setTimes(let number, let accessed, let modified):
      if accessed != .keep { pendAttributes(of: number, count) }
      with(number) { $0.setTimes(accessed: accessed, modified: modified, operation: count) }
    case .synchronize(let number, let dataOnly):
      guard !parameters.liesAboutBarriers else { break }
      switch health {
      case .working: coverFile(number, dataOnly: dataOnly)
      case .aborted: with(number) { $0.coverAllocated() }
      case .readOnly, .remountedReadOnly, .shutDown: break
      }
    case .synchronizeRange(let number, let range):
      if !parameters.liesAboutBarriers { coverRange(number, range) }
    case .synchronizeDirectory(let number):
      if !parameters.liesAboutBarriers && health == .working { coverDirectory(number) }
    case .failedSynchronize(let failure): fail(failure)
    case .failedSynchronizeDirectory: break  // its names stay pending
    case .stop(let health, let unreported):
      self.health = health
      if let unreported { errors.record(unreported) }
    case .reportError(let number?): with(number) { $0.errors.markSeen() }
    case .reportError(nil): errors.markSeen()
    case .writeBack(let number, let pages, let outcome): writeBack(number, pages, outcome)
    case .dropPages(let number, let pages): dropPages(of: number, pages)
    case .evict(let number):
      dropPages(of: number, nil)
      with(number) {
        $0.revertSize()
        $0.errors.markSeen()
      }
    case .synchronizeFileSystem:
      if !parameters.liesAboutBarriers && health == .working { coverFileSystem() }
    }
  }

  /// Remembers content that is about to be given back.
  mutating func keepFreed(_ inode: Inode, _ number: InodeNumber) {
    guard inode.kind == .regular, inode.cachedSize > 0 else { return }
    freed.append(FreedContent(content: inode.cached, size: inode.cachedSize, inode: number))
    if freed.count > Self.freedLimit { freed.remove(at: Self.freedLimit / 2) }
  }
}
