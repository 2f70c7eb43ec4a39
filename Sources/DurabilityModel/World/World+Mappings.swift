public import StorageInterface

// What the kernel does with pages of a shared mapping, for a target that has no kernel.
extension World {
  /// Copies what a mapping shows at `offset` into `buffer`, zeros behind the end of the file. No
  /// fault meets it: a failed page fault is a signal, which nobody can send here.
  public func loadMapped(
    _ handle: HandleID, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) {
    let number = try description(handle).inode
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
    let inode = try inode(number)
    guard offset < inode.cachedSize else { return }
    let count = min(buffer.count, Int(clamping: inode.cachedSize - offset))
    inode.cached.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
  }
}
