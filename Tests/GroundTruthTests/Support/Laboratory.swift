@testable import DurabilityModel
import StorageInterface

/// The calls of the laboratory's workloads, made on a world of the model, with its marks.
///
/// It keeps at which operation of the recording each mark was placed, so that every crash point
/// knows its marks and thereby its stage.
final class Laboratory {
  /// The world that the workload lives in.
  private(set) var world: World
  /// The marks, each with how many operations had been recorded when it was placed.
  private(set) var marks: [(position: Int, name: String)] = []
  /// The open files that disturbances may reach.
  private(set) var openFiles: [OpenFile] = []
  /// How many disturbances wrote to the unrelated file.
  var unrelatedWrites = 0
  private var noise: [Noise.Kind] = []

  /// An open file and its position.
  final class OpenFile {
    let handle: HandleID
    let inode: InodeNumber
    let isSynchronous: Bool
    var position: UInt64 = 0

    init(handle: HandleID, inode: InodeNumber, isSynchronous: Bool) {
      self.handle = handle
      self.inode = inode
      self.isSynchronous = isSynchronous
    }
  }

  /// An empty disk, on which a setup is made.
  init(_ parameters: DiskParameters) {
    world = World(disk: Disk(parameters: parameters))
  }

  /// Ends the setup: all of it is durable, nothing is open, and recording begins.
  func begin(_ noise: Noise) throws {
    for index in 1..<world.disk.nextInode.rawValue {
      let number = InodeNumber(index)
      switch world.disk[number]?.kind {
      case .regular: try world.synchronize(world.open(number, truncating: false), dataOnly: false)
      case .directory: try world.synchronizeDirectory(number, dataOnly: false)
      case .symbolicLink, .pipe, .socket, .characterDevice, .blockDevice, nil: break
      }
    }
    world = World(
      disk: world.disk.afterPowerLoss(PowerLossChoice(names: [], files: [])), recording: true)
    self.noise = noise.kinds
    openFiles = []
  }

  /// What the workload was recorded as.
  var recording: [RecordedOperation] { world.recording?.operations ?? [] }

  /// Places a mark: the call before it has returned.
  func mark(_ name: String) { marks.append((recording.count, name)) }

  // MARK: Files.

  /// Opens a file, creating it where there is none; `synchronous` is `O_DSYNC`.
  func open(
    _ path: String, truncating: Bool = false, synchronous: Bool = false
  ) throws -> OpenFile {
    let file = try openUnlisted(path, truncating: truncating, synchronous: synchronous)
    openFiles.append(file)
    return file
  }

  /// Opens a file that no disturbance reaches.
  func openUnlisted(
    _ path: String, truncating: Bool = false, synchronous: Bool = false
  ) throws -> OpenFile {
    let (parent, name) = try resolve(path)
    let inode: InodeNumber
    let handle: HandleID
    if let found = try? world.lookup(name, in: parent) {
      inode = found
      handle = try world.open(found, truncating: truncating)
    } else {
      inode = try world.create(name, in: parent, mode: 0o644, user: 0, group: 0)
      handle = try world.openCreated(inode)
    }
    return OpenFile(handle: handle, inode: inode, isSynchronous: synchronous)
  }

  /// The disturbance of this step.
  func nextNoise() -> Noise.Kind { noise.isEmpty ? .nothing : noise.removeFirst() }

  /// Closes a file.
  func close(_ file: OpenFile) {
    world.release(file.handle)
    openFiles.removeAll { $0 === file }
  }

  /// Writes at `offset`, or at the position, which it moves.
  ///
  /// A direct write and a store through a shared mapping are this too: neither is a barrier, and
  /// when the pages of a mapping are written back is the kernel's choice.
  func write(_ file: OpenFile, _ bytes: [UInt8], at offset: Int? = nil) throws {
    let start = offset.map(UInt64.init) ?? file.position
    var failure: Errno?
    bytes.withUnsafeBytes { buffer in
      do throws(Errno) {
        _ = try world.write(
          file.handle, at: start, buffer, file.isSynchronous ? .synchronous : .volatile)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    if offset == nil { file.position += UInt64(bytes.count) }
  }

  /// Sets the size.
  func truncate(_ file: OpenFile, to size: Int) throws {
    try world.setSize(file.handle, to: UInt64(size))
  }

  /// fsync.
  func fsync(_ file: OpenFile) throws { try world.synchronize(file.handle, dataOnly: false) }

  /// fdatasync. `msync(MS_SYNC)` is this too (disk.md, "What a barrier covers").
  func fdatasync(_ file: OpenFile) throws { try world.synchronize(file.handle, dataOnly: true) }

  /// fsync of the root directory.
  func fsyncRoot() throws { try world.synchronizeDirectory(.root, dataOnly: false) }

  /// Makes a file with `content`, as the setups do (`mk`).
  func make(_ path: String, _ content: [UInt8]) throws {
    let file = try open(path)
    try write(file, content)
    close(file)
  }

  // MARK: Names.

  /// Renames, replacing what the new name names.
  func rename(_ path: String, to newPath: String) throws {
    let (parent, name) = try resolve(path)
    let (newParent, newName) = try resolve(newPath)
    try world.rename(name, in: parent, to: newName, in: newParent, .replace)
  }

  /// Takes a name away.
  func unlink(_ path: String) throws {
    let (parent, name) = try resolve(path)
    try world.unlink(name, in: parent)
  }

  /// Gives a file one more name.
  func link(_ path: String, as newPath: String) throws {
    let (parent, name) = try resolve(path)
    let (newParent, newName) = try resolve(newPath)
    try world.link(world.lookup(name, in: parent), as: newName, in: newParent)
  }

  /// Makes a directory.
  func makeDirectory(_ path: String) throws {
    let (parent, name) = try resolve(path)
    _ = try world.makeDirectory(name, in: parent, mode: 0o755, user: 0, group: 0)
  }

  private func resolve(_ path: String) throws(Errno) -> (parent: InodeNumber, name: [UInt8]) {
    var parts = path.split(separator: "/").map { Array($0.utf8) }
    let name = parts.removeLast()
    var parent = InodeNumber.root
    for part in parts { parent = try world.lookup(part, in: parent) }
    return (parent, name)
  }
}
