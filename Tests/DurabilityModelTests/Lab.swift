import Determinism
@testable import DurabilityModel
import StorageInterface

/// A recorded world and the calls that tests make on it.
struct Lab {
  let world: World

  init(_ parameters: DiskParameters = DiskParameters(), faults: [Fault] = []) {
    world = World(disk: Disk(parameters: parameters), recording: true, faults: FaultPlan(faults))
  }

  /// A world after a crash, with no faults left.
  init(_ disk: Disk) { world = World(disk: disk, recording: true) }

  var disk: Disk { world.disk }

  @discardableResult
  func create(_ name: String, in parent: InodeNumber = .root) throws(Errno) -> InodeNumber {
    try world.create(Array(name.utf8), in: parent, mode: 0o644, user: 0, group: 0)
  }

  @discardableResult
  func makeDirectory(_ name: String, in parent: InodeNumber = .root) throws(Errno) -> InodeNumber {
    try world.makeDirectory(Array(name.utf8), in: parent, mode: 0o755, user: 0, group: 0)
  }

  func open(_ inode: InodeNumber) throws(Errno) -> HandleID {
    try world.open(inode, truncating: false)
  }

  func open(_ name: String) throws(Errno) -> HandleID {
    try open(try world.lookup(Array(name.utf8), in: .root))
  }

  func write(
    _ handle: HandleID, _ bytes: [UInt8], at offset: UInt64,
    _ durability: WriteDurability = .volatile
  ) throws(Errno) {
    var result: Result<Int, Errno> = .success(0)
    bytes.withUnsafeBytes { buffer in
      do throws(Errno) {
        result = .success(try world.write(handle, at: offset, buffer, durability))
      } catch {
        result = .failure(error)
      }
    }
    _ = try result.get()
  }

  func sync(_ handle: HandleID) throws(Errno) { try world.synchronize(handle, dataOnly: true) }

  func syncRoot() throws(Errno) { try world.synchronizeDirectory(.root, dataOnly: false) }

  func rename(
    _ name: String, in parent: InodeNumber = .root, to newName: String,
    into newParent: InodeNumber = .root, _ mode: RenameMode = .replace
  ) throws(Errno) {
    try world.rename(Array(name.utf8), in: parent, to: Array(newName.utf8), in: newParent, mode)
  }

  func unlink(_ name: String, in parent: InodeNumber = .root) throws(Errno) {
    try world.unlink(Array(name.utf8), in: parent)
  }

  /// A file whose name and content are durable.
  func durableFile(
    _ name: String, _ bytes: [UInt8]
  ) throws(Errno) -> (inode: InodeNumber, handle: HandleID) {
    let inode = try create(name)
    let handle = try open(inode)
    try write(handle, bytes, at: 0)
    try world.synchronize(handle, dataOnly: false)
    try syncRoot()
    return (inode, handle)
  }
}

extension Disk {
  /// The content of a file as the cache shows it.
  func bytes(_ number: InodeNumber) -> [UInt8] {
    guard let inode = self[number] else { return [] }
    var buffer = [UInt8](repeating: 0, count: Int(inode.cachedSize))
    buffer.withUnsafeMutableBytes { inode.cached.read(at: 0, into: $0) }
    return buffer
  }

  /// Every path with its content; directories end in a slash.
  var tree: [String: [UInt8]] {
    var result: [String: [UInt8]] = [:]
    var queue: [(number: InodeNumber, prefix: String)] = [(.root, "")]
    while let next = queue.popLast() {
      for entry in self[next.number]?.cachedEntries.entries ?? [] {
        let path = next.prefix + String(decoding: entry.name, as: UTF8.self)
        if self[entry.inode]?.kind == .directory {
          result[path + "/"] = []
          queue.append((entry.inode, path + "/"))
        } else {
          result[path] = bytes(entry.inode)
        }
      }
    }
    return result
  }

  /// The names in the world's root.
  var names: [String] {
    (self[.root]?.cachedEntries.entries ?? []).map { String(decoding: $0.name, as: UTF8.self) }
  }

  /// The choices that the enumerator lists here.
  func choices(
    _ limits: ExplosionLimits = ExplosionLimits(exhaustiveUpTo: 1 << 12), seed: Seed = Seed(1),
    onlyNew: Bool = false
  ) -> [PowerLossChoice] {
    var result: [PowerLossChoice] = []
    CrashStateEnumerator(disk: self, limits: limits, seed: seed)
      .forEachChoice(onlyNew: onlyNew) { result.append($0) }
    return result
  }

  /// The states that the enumerator lists here.
  func states() -> [Disk] { choices().map(afterPowerLoss) }

  /// The different trees among the states.
  var trees: Set<[String: [UInt8]]> { Set(states().map(\.tree)) }

  /// The different sets of names among the states.
  var nameSets: Set<[String]> { Set(states().map(\.names)) }

  /// What is pending of each file, all of it kept or none.
  func choice(keepingAll: Bool) -> PowerLossChoice {
    PowerLossChoice(
      names: Array(repeating: keepingAll, count: pendingNames.count),
      files: inodes.indices.compactMap { index in
        let inode = inodes[index]
        guard inode.isAlive, !inode.pendingData.isEmpty || !inode.pendingSizes.isEmpty else {
          return nil
        }
        return PowerLossChoice.FileChoice(
          inode: InodeNumber(UInt32(index)),
          data: Array(repeating: keepingAll ? .all : .none, count: inode.pendingData.count),
          size: keepingAll ? inode.pendingSizes.count : 0)
      })
  }

  /// The state with this of the one file that has something pending, and every pending name.
  func keeping(
    _ data: [PowerLossChoice.KeptData], size: Int, exactSize: UInt64? = nil,
    garbage: GarbageKind = .zeros, garbageSeed: UInt64 = 0
  ) -> Disk {
    var choice = choice(keepingAll: true)
    choice.files[0].data = data
    choice.files[0].size = size
    choice.files[0].exactSize = exactSize
    choice.files[0].garbage = garbage
    choice.files[0].garbageSeed = garbageSeed
    precondition(accepts(choice), "a test's choice is one for its disk")
    return afterPowerLoss(choice)
  }
}

/// `count` bytes of `value`.
func filled(_ value: UInt8, _ count: Int) -> [UInt8] { [UInt8](repeating: value, count: count) }

/// The error that `body` throws, or nil.
func failure(_ body: () throws -> Void) -> Errno? {
  do {
    try body()
    return nil
  } catch {
    return error as? Errno
  }
}
