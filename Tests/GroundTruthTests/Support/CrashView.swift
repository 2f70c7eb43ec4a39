@testable import DurabilityModel

/// What somebody reads who mounts the disk after a crash.
struct CrashView {
  /// The disk after the crash.
  let disk: Disk

  /// The content of a file, or nil when there is no such name (`rd`).
  func read(_ path: String) -> [UInt8]? {
    guard let number = inode(path), let inode = disk[number], inode.kind == .regular else {
      return nil
    }
    return [UInt8](unsafeUninitializedCapacity: Int(inode.cachedSize)) { buffer, count in
      count = Int(inode.cachedSize)
      inode.cached.read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// Whether there is such a name.
  func exists(_ path: String) -> Bool { inode(path) != nil }

  /// Whether the name leads to a directory.
  func isDirectory(_ path: String) -> Bool {
    inode(path).flatMap { disk[$0] }?.kind == .directory
  }

  /// How many names the file has, by its own count.
  func linkCount(_ path: String) -> Int? { inode(path).flatMap { disk[$0] }?.names }

  private func inode(_ path: String) -> InodeNumber? {
    var number = InodeNumber.root
    for name in path.split(separator: "/") {
      guard let next = disk[number]?.cachedEntries[Array(name.utf8)] else { return nil }
      number = next
    }
    return number
  }
}
