import Glibc
import StorageInterface

/// A shared mapping of the kernel's. It ends with `unmap`, or with the object.
final class PosixMappedFile: MappedFile {
  let count: Int
  private let address: UnsafeMutableRawPointer
  private var isMapped = true

  /// One `mmap` of the first `count` bytes of `file`.
  init(_ file: Int32, count: Int) throws(Errno) {
    let address = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
    guard let address, address != MAP_FAILED else { throw SystemCall.lastError }
    self.address = address
    self.count = count
  }

  func load(_ count: Int, at offset: Int) -> [UInt8] {
    check(offset, count)
    return Array(UnsafeRawBufferPointer(start: address + offset, count: count))
  }

  func store(_ bytes: [UInt8], at offset: Int) {
    check(offset, bytes.count)
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(start: address + offset, count: bytes.count)
        .copyMemory(from: source)
    }
  }

  /// One `msync` of the whole mapping.
  func synchronize() throws(Errno) {
    if msync(address, count, MS_SYNC) != 0 { throw SystemCall.lastError }
  }

  /// One `munmap`.
  func unmap() {
    guard isMapped else { return }
    isMapped = false
    munmap(address, count)
  }

  deinit { unmap() }

  private func check(_ offset: Int, _ count: Int) {
    precondition(isMapped, "the mapping has ended")
    precondition(offset >= 0 && count <= self.count - offset, "outside the mapping")
  }
}
