import DurabilityModel
import StorageInterface

/// `Storage` over a world in this process: the target `sim`, without a kernel.
///
/// It makes the calls on the world that `PosixStorage` makes on the mount, so that both targets see
/// the same mutating operations; like it, it repeats interrupted calls, except barriers. It decides
/// nothing.
final class SimulatedStorage: Storage {
  private let world: World
  private let mappings: SimulatedMappings
  /// Whether the directory itself is open, and whether it has been listed: as `PosixStorage` keeps
  /// one descriptor of it.
  private var rootIsOpen = false
  private var rootWasListed = false

  /// A storage whose directory is the root of `world`; `mappings` gets what it maps shared.
  init(world: World, mappings: SimulatedMappings = SimulatedMappings()) {
    self.world = world
    self.mappings = mappings
  }

  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> FileID {
    try repeated { () throws(Errno) in try openOnce(path, mode) }
  }

  private func openOnce(_ path: String, _ mode: OpenMode) throws(Errno) -> FileID {
    let (parent, name) = try resolveParent(path)
    let inode: InodeNumber
    switch mode {
    case .read, .readWrite: inode = try lookup(name, in: parent)
    case .create:
      if let existing = try? world.lookup(name, in: parent) {
        inode = existing
      } else {
        inode = try world.create(name, in: parent, mode: 0o644, user: 0, group: 0)
        return FileID(rawValue: Int32(bitPattern: try world.openCreated(inode).rawValue))
      }
    case .createNew:
      inode = try world.create(name, in: parent, mode: 0o644, user: 0, group: 0)
      return FileID(rawValue: Int32(bitPattern: try world.openCreated(inode).rawValue))
    }
    return FileID(rawValue: Int32(bitPattern: try world.open(inode, truncating: false).rawValue))
  }

  func close(_ file: FileID) { world.release(handle(file)) }

  func read(
    _ file: FileID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    try repeated { () throws(Errno) in try world.read(handle(file), at: offset, into: buffer) }
  }

  func write(
    _ file: FileID, at offset: UInt64, _ bytes: UnsafeRawBufferPointer
  ) throws(Errno) -> Int {
    try repeated { () throws(Errno) in
      try world.write(handle(file), at: offset, bytes, .volatile)
    }
  }

  func size(_ file: FileID) throws(Errno) -> UInt64 { try world.size(of: handle(file)) }

  func truncate(_ file: FileID, to size: UInt64) throws(Errno) {
    try repeated { () throws(Errno) in try world.setSize(handle(file), to: size) }
  }

  func allocate(_ file: FileID, size: UInt64) throws(Errno) {
    try repeated { () throws(Errno) in
      try world.allocate(handle(file), at: 0, length: size, .extend)
    }
  }

  func synchronize(_ file: FileID, dataOnly: Bool) throws(Errno) {
    try world.synchronize(handle(file), dataOnly: dataOnly)
  }

  func synchronizeDirectory(_ path: String) throws(Errno) {
    let directory = try resolve(path)
    if path.isEmpty { try openRoot() } else { try openDirectory(directory) }
    try world.synchronizeDirectory(directory, dataOnly: false)
  }

  func lockDirectory() throws(Errno) { try openRoot() }

  private func openRoot() throws(Errno) {
    if rootIsOpen { return }
    try openDirectory(.root)
    rootIsOpen = true
  }

  /// A call of its own for a program, and one that can fail.
  private func openDirectory(_ directory: InodeNumber) throws(Errno) {
    try repeated { () throws(Errno) in try world.admit(.opendir, directory) }
  }

  func rename(_ source: String, to target: String) throws(Errno) {
    let (parent, name) = try resolveParent(source)
    let (newParent, newName) = try resolveParent(target)
    try repeated { () throws(Errno) in
      try world.rename(name, in: parent, to: newName, in: newParent, .replace)
    }
  }

  func remove(_ path: String) throws(Errno) {
    let (parent, name) = try resolveParent(path)
    try repeated { () throws(Errno) in try world.unlink(name, in: parent) }
  }

  func makeDirectory(_ path: String) throws(Errno) {
    let (parent, name) = try resolveParent(path)
    _ = try world.makeDirectory(name, in: parent, mode: 0o755, user: 0, group: 0)
  }

  func list(_ path: String) throws(Errno) -> [String] {
    let directory = try resolve(path)
    if path.isEmpty, !rootWasListed {
      try openRoot()
      rootWasListed = true
    } else {
      try openDirectory(directory)
    }
    let entries = try repeated { () throws(Errno) in try world.entries(of: directory) }
    return entries.map { String(decoding: $0.name, as: UTF8.self) }
  }

  func mapShared(_ file: FileID, count: Int) throws(Errno) -> any MappedFile {
    let mapping = SimulatedMappedFile(world: world, handle: handle(file), count: count)
    mappings.add(mapping, of: file)
    return mapping
  }

  /// As the kernel does it: dirty pages of the range are written back before, and read anew after.
  func punchHole(_ file: FileID, at offset: UInt64, count: UInt64) throws(Errno) {
    let end = Int(clamping: offset + count)
    try mappings.around(file, Int(clamping: offset)..<end) { () throws(Errno) in
      try world.allocate(handle(file), at: offset, length: count, .punchHole)
    }
  }

  /// Calls `body` again while it is interrupted.
  private func repeated<Result>(_ body: () throws(Errno) -> Result) throws(Errno) -> Result {
    while true {
      do throws(Errno) {
        return try body()
      } catch {
        if error != .interrupted { throw error }
      }
    }
  }

  private func handle(_ file: FileID) -> HandleID { HandleID(UInt32(bitPattern: file.rawValue)) }

  private func lookup(_ name: [UInt8], in parent: InodeNumber) throws(Errno) -> InodeNumber {
    try world.lookup(name, in: parent)
  }

  private func resolve(_ path: String) throws(Errno) -> InodeNumber {
    if path.isEmpty { return .root }
    var inode = InodeNumber.root
    for component in path.utf8.split(separator: 0x2F) {
      inode = try world.lookup(Array(component), in: inode)
    }
    return inode
  }

  private func resolveParent(
    _ path: String
  ) throws(Errno) -> (parent: InodeNumber, name: [UInt8]) {
    var path = path
    let (bytes, slash) = path.withUTF8 { (Array($0), $0.lastIndex(of: 0x2F)) }
    guard let slash else { return (.root, bytes) }
    return (
      try resolve(String(decoding: bytes[..<slash], as: UTF8.self)), Array(bytes[(slash + 1)...])
    )
  }
}
