import DurabilityModel
import FoundationEssentials
import Glibc
import StorageInterface

/// Makes a disk of a directory that `ImageWriter` wrote: the kept crash state of a failure, all of
/// it durable.
///
/// Times, owners and hard links are not in such a directory; what a store reads back is.
enum ImageReader {
  /// The disk with what stands below `path`.
  static func disk(
    _ path: String, parameters: DiskParameters
  ) throws(RunError) -> Disk {
    let world = World(disk: Disk(parameters: parameters))
    try fill(.root, from: path, world)
    world.synchronizeEverything()
    return world.disk
  }

  private static func fill(
    _ directory: InodeNumber, from path: String, _ world: World
  ) throws(RunError) {
    for name in Files.names(in: path) {
      let below = path + "/" + name
      do throws(Errno) {
        try add(Array(name.utf8), at: below, in: directory, world)
      } catch {
        throw .usage("\(below): the kept disk image cannot be read: \(error)")
      }
      if let inode = try? world.lookup(Array(name.utf8), in: directory),
        (try? world.attributes(inode))?.kind == .directory
      {
        try fill(inode, from: below, world)
      }
    }
  }

  private static func add(
    _ name: [UInt8], at path: String, in directory: InodeNumber, _ world: World
  ) throws(Errno) {
    var information = stat()
    guard lstat(path, &information) == 0 else { throw Errno(rawValue: errno) }
    switch information.st_mode & S_IFMT {
    case S_IFDIR:
      _ = try world.makeDirectory(
        name, in: directory, mode: 0o755, user: geteuid(), group: getegid())
    case S_IFLNK:
      var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = target.withUnsafeMutableBytes { buffer -> Int in
        guard let base = buffer.baseAddress else { return -1 }
        return readlink(path, base, buffer.count)
      }
      guard count >= 0 else { throw Errno(rawValue: errno) }
      _ = try world.makeSymbolicLink(
        name, in: directory, target: Array(target[..<count]), user: geteuid(), group: getegid())
    default:
      guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw .ioError }
      let inode = try world.create(
        name, in: directory, mode: 0o644, user: geteuid(), group: getegid())
      let handle = try world.openCreated(inode)
      defer { world.release(handle) }
      var offset = 0
      let bytes = [UInt8](data)
      while offset < bytes.count {
        let start = offset
        let written = bytes.withUnsafeBytes { all -> Result<Int, Errno> in
          let piece = UnsafeRawBufferPointer(rebasing: all[start..<min(start + 65_536, all.count)])
          do throws(Errno) {
            return .success(try world.write(handle, at: UInt64(start), piece, .volatile))
          } catch {
            return .failure(error)
          }
        }
        offset += try written.get()
      }
    }
  }
}
