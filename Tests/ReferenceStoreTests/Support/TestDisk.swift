import StorageInterface

/// A disk in memory, for these tests alone: a cache, what is durable, and what is pending between.
///
/// Stricter than any real disk where that is simple: pending writes reach it by any subset of
/// sectors, pending name operations by any subset; never-synced space holds zeros, ones, noise or
/// the bytes of other files; a failed barrier leaves pages clean and unwritten, and a page that was
/// lost once stays lost (disk.md, "A failed fsync has an after-state").
final class TestDisk: Storage {
  static let sector = 512
  static let page = 4096

  struct Inode {
    var cached: [UInt8] = []
    var durable: [UInt8] = []
    /// Writes of at most one sector each that no barrier has covered.
    var pending: [(offset: Int, bytes: [UInt8])] = []
    /// Pages whose write-back failed: nothing written to them becomes durable any more.
    var lostPages: Set<Int> = []
    /// A write-back failed and no barrier has told of it yet.
    var hasUnseenError = false
    /// The highest size that was ever asked for since the last barrier.
    var pendingSize = 0
  }

  enum NameOperation {
    case link(String, Int)
    case unlink(String)
    case rename(String, String, Int)
  }

  enum Call: Equatable {
    case open(String), read, write(String, Int), size, truncate, synchronize(String)
    case synchronizeDirectory, rename, remove(String), list

    var isMutating: Bool {
      switch self {
      case .write, .truncate, .synchronize, .synchronizeDirectory, .rename, .remove: true
      case .open, .read, .size, .list: false
      }
    }
  }

  var inodes: [Inode] = []
  var names: [String: Int] = [:]
  var durableNames: [String: Int] = [:]
  var pendingNames: [NameOperation] = []
  /// Open files: inode and name at open.
  var handles: [Int32: (inode: Int, path: String)] = [:]
  private var nextHandle: Int32 = 1

  /// Every call so far, for tests that count or look.
  private(set) var calls: [Call] = []
  /// The call (by its number from 0) that stops the machine before it does anything.
  var crashAt: Int?
  /// Calls that fail, by their number.
  var failures: [Int: Errno] = [:]
  /// The most bytes one write takes.
  var longestWrite = Int.max
  /// The most bytes one read gives.
  var longestRead = Int.max
  /// Whether name operations covered by a failed barrier are lost for good.
  var failedDirectoryBarrierLoses = true
  /// Whether a failed write leaves half of its bytes behind.
  var failedWriteLeavesHalf = true
  /// Files whose names end so cannot be made: the disk is full.
  var refusedSuffix: String?
  /// Whether files can be mapped.
  var isMappable = false
  /// How many mappings were made.
  private(set) var mappings = 0
  /// Whether room can be reserved.
  var canAllocate = false
  /// Whether a failed operation on names was done nevertheless.
  var failedRenameHappens = false
  private(set) var isStopped = false

  init() {}

  func resetCalls() { calls.removeAll() }

  private func begin(_ call: Call) throws(Errno) {
    if isStopped { throw .ioError }
    let number = calls.count
    calls.append(call)
    if number == crashAt {
      isStopped = true
      throw .ioError
    }
    if let error = failures[number] { throw error }
  }

  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> FileID {
    try begin(.open(path))
    var inode = names[path]
    switch mode {
    case .read, .readWrite: if inode == nil { throw .noSuchFile }
    case .createNew: if inode != nil { throw .fileExists }
    case .create: break
    }
    if inode == nil {
      if let refusedSuffix, path.hasSuffix(refusedSuffix) { throw .noSpace }
      inodes.append(Inode())
      inode = inodes.count - 1
      names[path] = inode
      pendingNames.append(.link(path, inodes.count - 1))
    }
    let handle = nextHandle
    nextHandle += 1
    handles[handle] = (inode ?? 0, path)
    return FileID(rawValue: handle)
  }

  func close(_ file: FileID) {
    precondition(handles.removeValue(forKey: file.rawValue) != nil || isStopped, "closed twice")
  }

  private func handle(_ file: FileID) throws(Errno) -> (inode: Int, path: String) {
    guard let handle = handles[file.rawValue] else { throw .badFileDescriptor }
    return handle
  }

  func read(
    _ file: FileID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    try begin(.read)
    let content = inodes[try handle(file).inode].cached
    let start = min(Int(offset), content.count)
    let count = min(buffer.count, content.count - start, longestRead)
    buffer.copyBytes(from: content[start..<start + count])
    return count
  }

  func write(
    _ file: FileID, at offset: UInt64, _ bytes: UnsafeRawBufferPointer
  ) throws(Errno) -> Int {
    let (inode, path) = try handle(file)
    let count = min(bytes.count, longestWrite)
    do throws(Errno) {
      try begin(.write(path, count))
    } catch {
      if !isStopped && failedWriteLeavesHalf {
        store(Array(bytes.prefix(count / 2)), at: Int(offset), in: inode)
      }
      throw error
    }
    store(Array(bytes.prefix(count)), at: Int(offset), in: inode)
    return count
  }

  private func store(_ bytes: [UInt8], at offset: Int, in index: Int) {
    let end = offset + bytes.count
    if inodes[index].cached.count < end {
      let missing = end - inodes[index].cached.count
      inodes[index].cached.append(contentsOf: repeatElement(0, count: missing))
    }
    inodes[index].cached.replaceSubrange(offset..<end, with: bytes)
    inodes[index].pendingSize = max(inodes[index].pendingSize, end)
    var start = offset
    while start < end {
      let stop = min(end, (start / Self.sector + 1) * Self.sector)
      if !inodes[index].lostPages.contains(start / Self.page) {
        inodes[index].pending.append((start, Array(bytes[start - offset..<stop - offset])))
      }
      start = stop
    }
  }

  func size(_ file: FileID) throws(Errno) -> UInt64 {
    try begin(.size)
    return UInt64(inodes[try handle(file).inode].cached.count)
  }

  func truncate(_ file: FileID, to size: UInt64) throws(Errno) {
    try begin(.truncate)
    preconditionFailure("the store never truncates")
  }

  func synchronize(_ file: FileID, dataOnly: Bool) throws(Errno) {
    let (inode, path) = try handle(file)
    do throws(Errno) {
      try begin(.synchronize(path))
    } catch {
      if !isStopped { loseWrites(of: inode) }
      throw error
    }
    if inodes[inode].hasUnseenError {
      inodes[inode].hasUnseenError = false
      throw .ioError
    }
    for write in inodes[inode].pending { inodes[inode].makeDurable(write) }
    inodes[inode].pending.removeAll()
    inodes[inode].growDurable(to: inodes[inode].pendingSize)
  }

  func synchronizeDirectory(_ path: String) throws(Errno) {
    do throws(Errno) {
      try begin(.synchronizeDirectory)
    } catch {
      if !isStopped && failedDirectoryBarrierLoses { pendingNames.removeAll() }
      throw error
    }
    for operation in pendingNames { Self.apply(operation, to: &durableNames) }
    pendingNames.removeAll()
  }

  func rename(_ source: String, to target: String) throws(Errno) {
    guard let inode = names[source] else { throw .noSuchFile }
    var failure: Errno?
    do throws(Errno) {
      try begin(.rename)
    } catch {
      if isStopped || !failedRenameHappens { throw error }
      failure = error
    }
    names[source] = nil
    names[target] = inode
    pendingNames.append(.rename(source, target, inode))
    if let failure { throw failure }
  }

  func remove(_ path: String) throws(Errno) {
    try begin(.remove(path))
    guard names.removeValue(forKey: path) != nil else { throw .noSuchFile }
    pendingNames.append(.unlink(path))
  }

  func allocate(_ file: FileID, size: UInt64) throws(Errno) {
    guard canAllocate else { throw .notSupported }
    let (inode, _) = try handle(file)
    try begin(.truncate)
    let missing = Int(size) - inodes[inode].cached.count
    if missing > 0 { inodes[inode].cached.append(contentsOf: repeatElement(0, count: missing)) }
    inodes[inode].pendingSize = max(inodes[inode].pendingSize, Int(size))
  }

  func map(_ file: FileID, count: Int) throws(Errno) -> UnsafeMutableRawBufferPointer {
    guard isMappable else { throw .notSupported }
    let content = inodes[try handle(file).inode].cached
    let mapping = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4096)
    mapping.copyBytes(from: content.prefix(count))
    mappings += 1
    return mapping
  }

  func unmap(_ bytes: UnsafeMutableRawBufferPointer) { bytes.deallocate() }

  func makeDirectory(_ path: String) throws(Errno) {
    preconditionFailure("the store makes no directories")
  }

  func list(_ path: String) throws(Errno) -> [String] {
    try begin(.list)
    return names.keys.sorted()
  }
}

extension TestDisk.Inode {
  mutating func growDurable(to size: Int) {
    if durable.count < size {
      durable.append(contentsOf: repeatElement(0, count: size - durable.count))
    }
  }

  mutating func makeDurable(_ write: (offset: Int, bytes: [UInt8])) {
    growDurable(to: write.offset + write.bytes.count)
    durable.replaceSubrange(write.offset..<write.offset + write.bytes.count, with: write.bytes)
  }
}
