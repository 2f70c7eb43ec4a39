import Glibc
import StorageInterface
import SubjectProtocol

/// Stores bytes through a shared mapping of a file, as one planted bug does: only on a real mount,
/// where a file's identifier is its descriptor.
enum MappedStore {
  /// Stores `bytes` at `offset` of `file`, which is long enough; no barrier.
  static func store(
    _ bytes: [UInt8], in file: FileID, at offset: UInt64
  ) throws(MinimalStore.Failure) {
    let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
    let start = offset / page * page
    let length = Int(offset - start) + bytes.count
    let address = mmap(
      nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file.rawValue, off_t(start))
    guard let address, address != MAP_FAILED else {
      throw MinimalStore.Failure(kind: .io, message: "mmap: \(Errno(rawValue: errno))")
    }
    bytes.withUnsafeBytes { source in
      (address + Int(offset - start)).copyMemory(
        from: source.baseAddress ?? UnsafeRawPointer(address), byteCount: source.count)
    }
    munmap(address, length)
  }
}
