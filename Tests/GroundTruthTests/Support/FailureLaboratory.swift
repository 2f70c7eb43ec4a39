import Determinism
import StorageInterface

@testable import DurabilityModel

/// What the failing device did to the barriers and write-backs of one run.
struct DeviceFailure: Sendable, Hashable {
  /// What befell the first, the second, and each later one until the device was healed.
  var first: AfterFailedBarrier?
  var second: AfterFailedBarrier?
  var later: AfterFailedBarrier?
  /// Whether syncfs, which writes to the device itself, failed by itself.
  var strikesSyncfs: Bool
  /// Whether the journal failed as it committed by itself, and when.
  var commit: Commit?

  /// When a journal commits by itself.
  enum Commit: Sendable {
    /// Before the first step.
    case atOnce
    /// Before it is looked at whether the file system is still writable.
    case late
  }

  /// Every way in which the devices of the laboratory failed a file system: its data, its journal,
  /// a flush, or none; once or for as long as they failed. The plain ones come first.
  static func all(of fileSystem: String) -> [DeviceFailure] {
    let states: [AfterFailedBarrier] =
      switch fileSystem {
      case "xfs": [.xfs, .xfsShutdown, .flush]
      case "btrfs": [.btrfs, .btrfsReadOnly, .btrfsFlush]
      case "ext4-journal": [.ext4Journal, .ext4JournalAbort, .ext4Abort]
      default: [.ext4, .ext4Abort]
      }
    let commits: [Commit?] = fileSystem.hasPrefix("ext4") ? [nil, .late, .atOnce] : [nil]
    let some: [AfterFailedBarrier?] = [nil] + states
    var all: [DeviceFailure] = []
    for commit in commits {
      for strikesSyncfs in [false, true] {
        for later in some {
          for second in some {
            for first in some {
              all.append(
                DeviceFailure(
                  first: first, second: second, later: later, strikesSyncfs: strikesSyncfs,
                  commit: commit))
            }
          }
        }
      }
    }
    return all
  }
}

/// What runs have in common that differ in how the device failed: what is done on the model.
struct FailureShape: Hashable, Sendable {
  var fileSystem: String
  var operation: String
  var variant: String
  var steps: [String]

  init(_ run: ObservationFile.FailureRun) {
    fileSystem = run.fileSystem
    operation = run.operation
    variant = run.variant
    steps = run.steps.map(\.name)
  }
}

/// Runs the steps of failure runs of one shape on the model, under one failure of the device.
final class FailureLaboratory {
  private let run: FailureShape
  private let failure: DeviceFailure
  private let world: World
  private let inode: InodeNumber
  private var handles: [String: HandleID] = [:]
  private var isHealed = false
  private var attempts = 0
  private var hasCommitted = false

  /// Sets up the file of the shape's operation, durably.
  init(_ shape: FailureShape, _ failure: DeviceFailure) throws {
    run = shape
    self.failure = failure
    let model = PersistenceModelName(rawValue: run.fileSystem) ?? .ext4Ordered
    let setup = Laboratory(DiskParameters(model: model))
    let page = Naming.page
    switch run.operation {
    case "over": try setup.make("f", Naming.fill("o", 4 * page))
    case "append": try setup.make("f", Naming.fill("o", page))
    case "unwritten": try setup.makeAllocated("f", size: 4 * page)
    default: try setup.make("f", [])
    }
    try setup.begin(.none)
    world = World(disk: setup.world.disk)
    inode = try world.lookup(Array("f".utf8), in: .root)
    for name in ["fd1", "fd2"] { handles[name] = try world.open(inode, truncating: false) }
  }

  /// For each of `runs`, the number of its first step whose result the model does not give; nil
  /// where it gives all.
  func firstDifferences(_ runs: [ObservationFile.FailureRun]) -> [Int?] {
    prepare()
    var differences = [Int?](repeating: nil, count: runs.count)
    for (place, step) in run.steps.enumerated() {
      guard differences.contains(nil) else { break }
      if step.hasPrefix("fs") && !step.hasPrefix("fsync") { commit(.late) }
      guard let permitted = perform(step) else { continue }
      for index in runs.indices
      where differences[index] == nil && !Self.gives(permitted, runs[index].steps[place].result) {
        differences[index] = place
      }
    }
    return differences
  }

  private static func gives(_ permitted: Set<String>, _ result: String) -> Bool {
    // What cannot be read at all is no outcome of the model: read errors are not modelled.
    if result.contains("!") { return true }
    // What a block held that another file gave back is whatever that was: the laboratory's filling,
    // or anything else.
    if result.contains(" size=") {
      return permitted.contains(String(result.map { $0 == "S" ? "X" : $0 }))
    }
    // Whether it was open, fstat or the call itself that failed depends on the flags of open.
    let error = result.split(separator: " ").last(where: { $0.hasPrefix("E") })
    return permitted.contains(result) || error.map { permitted.contains(String($0)) } ?? false
  }

  /// The journal commits by itself, and fails.
  private func commit(_ when: DeviceFailure.Commit) {
    guard failure.commit == when, !hasCommitted else { return }
    hasCommitted = true
    if world.disk.health == .working { world.stop(.ext4Abort, .ioError, inode) }
  }

  // MARK: What happens before the first step.

  private func prepare() {
    switch run.variant {
    case "odirect", "odsync": break
    case "bg2", "bg3", "bg4":
      writeNew()
      backgroundWriteBack()
      if run.variant != "bg4" { closeAll() }
      if run.variant == "bg3" { try? world.evict(inode) }
    default: writeNew()
    }
    commit(.atOnce)
  }

  /// The bytes that the run's operation writes, and where.
  private var change: (offset: UInt64, bytes: [UInt8]) {
    let page = Naming.page
    switch run.operation {
    case "append": return (UInt64(page), Naming.fill("n", 2 * page))
    case "new": return (0, Naming.fill("n", 2 * page))
    default: return (UInt64(page), Naming.fill("n", page))
    }
  }

  @discardableResult
  private func writeNew(_ durability: WriteDurability = .volatile) -> String {
    let (offset, bytes) = change
    return answer { () throws(Errno) in
      guard let handle = handles["fd1"] else { throw .badFileDescriptor }
      var failure: Errno?
      bytes.withUnsafeBytes { buffer in
        do throws(Errno) {
          _ = try world.write(handle, at: offset, buffer, durability)
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
    }
  }

  /// The kernel writes the file's pages back. What may fail in it is their own writing: neither a
  /// journal nor a flush is part of it.
  private func backgroundWriteBack() {
    switch next {
    case .ext4?, .xfs?, .btrfs?, .ext4Journal?, .redirty?, .btrfs2020?:
      if let after = next { try? world.writeBack(inode, pages: nil, .failed(.ioError, after)) }
      attempts += 1
    case .ext4Abort?, .xfsShutdown?, .btrfsReadOnly?, .btrfsFlush?, .ext4JournalAbort?, .flush?,
      nil:
      try? world.writeBack(inode, pages: nil, .deviceCache)
    }
  }

  private func closeAll() {
    for handle in handles.values { world.release(handle) }
    handles = [:]
  }

  // MARK: Steps.

  /// What befalls the next barrier.
  private var next: AfterFailedBarrier? {
    if isHealed { return nil }
    return attempts == 0 ? failure.first : attempts == 1 ? failure.second : failure.later
  }

  /// Performs a step; nil where its result is none of the model's affair.
  private func perform(_ step: String) -> Set<String>? {
    if step.contains("heal") || step == "rewrite" { isHealed = true }
    switch step {
    case "before":
      return nil
    case "fsync1 fd1", "fsync2 fd1 (still failing)", "healed fsync", "fsync1", "fsync healed",
      "fsync2 (healed)", "fsync2", "fsync fd1", "fsync after", "fsync after msync", "msync",
      "msync2":
      return [barrier("fd1")]
    case "fsync1 fd2(open before)", "fsync2 fd2", "fsync fd2": return [barrier("fd2")]
    case "fsync fd3(opened after)", "fsync fd3 (opened after failure, before any report)",
      "fsync fd4 (opened after report)", "fsync by fd opened after close of all",
      "fsync by fd opened after inode eviction":
      return [openAndSync(step)]
    case "syncfs (fd opened after)", "syncfs": return [syncfs(opening: true)]
    case "syncfs1", "syncfs2": return [syncfs(opening: false)]
    case "cache read", "cache read2", "read", "reopen read": return [read()]
    case "read after DONTNEED", "after DONTNEED (failing on)", "after drop_caches":
      if let handle = handles["fd1"] {
        try? world.adviseDontNeed(range: 0..<UInt64(1 << 30), of: handle)
      }
      return [read()]
    case "sync_file_range(7)": return [syncRange()]
    case "O_DSYNC write": return [synchronousWrite()]
    case "O_DIRECT write": return [directWrite()]
    case "rewrite": return [writeNew()]
    case "fsync other": return [syncOther()]
    case "fs", "fs end":
      tryChange()
      return nil
    case "power loss, pending lost", "power loss, pending kept": return afterPowerLoss(world.disk)
    case "after clean umount+mount":
      var disk = world.disk
      disk.apply(.synchronizeFileSystem)
      return afterPowerLoss(disk)
    default: return nil
    }
  }

  private func answer(_ body: () throws(Errno) -> Void) -> String {
    do throws(Errno) {
      try body()
      return "0"
    } catch {
      return "\(error)"
    }
  }

  /// Makes a call while the device fails as the run's failure has it.
  private func whileFailing(
    _ operation: FaultableOperation, _ body: () throws(Errno) -> Void
  ) -> String {
    let next = next
    attempts += 1
    if let after = next {
      let error: Errno = after == .ext4JournalAbort ? .readOnlyFileSystem : .ioError
      world.faults = FaultPlan([
        Fault(
          request: 0, operation: operation, role: FileRole(name: "*"), nth: 1, error: error,
          after: after)
      ])
    }
    defer { world.faults = FaultPlan() }
    return answer(body)
  }

  private func barrier(_ name: String) -> String {
    whileFailing(.fsync) { () throws(Errno) in
      guard let handle = handles[name] else { throw .badFileDescriptor }
      try world.synchronize(handle, dataOnly: false)
    }
  }

  private func openAndSync(_ name: String) -> String {
    let opening = answer { () throws(Errno) in
      handles[name] = try world.open(inode, truncating: false)
      if handles["fd1"] == nil { handles["fd1"] = handles[name] }
    }
    return opening == "0" ? barrier(name) : opening
  }

  private func syncfs(opening: Bool) -> String {
    if run.variant == "syncfs" && attempts == 0 { backgroundWriteBack() }
    if failure.strikesSyncfs {
      world.faults = FaultPlan([
        Fault(
          request: 0, operation: .syncfs, role: FileRole(name: "*"), nth: 1, error: .ioError)
      ])
      defer { world.faults = FaultPlan() }
      return answer { () throws(Errno) in try world.synchronizeFileSystem(handles["fd1"]) }
    }
    return whileFailing(.syncfs) { () throws(Errno) in
      let handle = opening ? try world.open(inode, truncating: false) : handles["fd1"]
      try world.synchronizeFileSystem(handle)
    }
  }

  private func syncRange() -> String {
    whileFailing(.syncRange) { () throws(Errno) in
      guard let handle = handles["fd1"] else { throw .badFileDescriptor }
      try world.writeBack(
        range: 0..<UInt64(1 << 20), of: handle, wait: [.waitBefore, .write, .waitAfter])
    }
  }

  private func synchronousWrite() -> String {
    var result = "0"
    _ = whileFailing(.write) { () throws(Errno) in result = writeNew(.synchronous) }
    return result
  }

  /// A direct write waits for its pages, and no more.
  private func directWrite() -> String {
    writeNew()
    return syncRange()
  }

  private func syncOther() -> String {
    whileFailing(.fsync) { () throws(Errno) in
      let other = try world.create(
        Array("other".utf8), in: .root, mode: 0o644, user: 0, group: 0)
      try world.synchronize(try world.openCreated(other), dataOnly: false)
    }
  }

  private func tryChange() {
    _ = try? world.create(
      Array("probe\(world.disk.operationCount)".utf8), in: .root, mode: 0o644, user: 0, group: 0)
  }

  private func read() -> String {
    let stat = answer { () throws(Errno) in try world.admit(.getattr, inode) }
    guard stat == "0" else { return stat }
    return Self.name(CrashView(disk: world.disk).read("f"))
  }

  private func afterPowerLoss(_ disk: Disk) -> Set<String> {
    var names: Set<String> = []
    let limits = ExplosionLimits(exhaustiveUpTo: 1 << 10, samplesPerPoint: 32)
    CrashStateEnumerator(disk: disk, limits: limits, seed: Seed(1))
      .forEachChoice(onlyNew: false) {
        names.insert(Self.name(CrashView(disk: disk.afterPowerLoss($0)).read("f")))
      }
    return names
  }

  /// A letter for each page, and how many there are.
  private static func name(_ bytes: [UInt8]?) -> String {
    guard let bytes else { return "absent" }
    if bytes.isEmpty { return "- size=0p" }
    let page = Naming.page
    let count = (bytes.count + page - 1) / page
    let letters = Naming.sectors(
      bytes, [("o", Naming.fill("o", count * page)), ("n", Naming.fill("n", count * page))],
      step: page
    ).map { "Ssm".contains($0) ? "X" : $0 }
    return String(letters) + " size=\(count)p"
  }
}
