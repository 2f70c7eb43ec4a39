import Determinism

/// 4 KiB of file content, shared by every disk that holds the same bytes until one of them writes.
///
/// A page belongs to one thread: nothing reference-counted is shared between workers. Header and
/// bytes are two allocations, because of what one would cost: allocators with size classes give
/// 5,120 bytes (jemalloc) where 4,096 and a header are asked for. The bytes of large writes lie in
/// a pool.
final class Page: ManagedBuffer<Page.Header, UInt8> {
  /// What stands before the bytes.
  struct Header {
    /// The digest of the first `length` bytes, or of nothing where `length` is negative.
    var digest = Digest.zero
    var length = -1
    /// Where the bytes are.
    let storage: UnsafeMutableRawPointer
    /// What gave room for them, where they are not the page's own.
    let pool: PagePool?
  }

  /// The size of a page in bytes; also the block size of the modelled file systems.
  static let size = 4096

  private static func uninitialized() -> Page {
    let storage = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    return unsafeDowncast(
      Page.create(minimumCapacity: 0) { _ in Header(storage: storage, pool: nil) }, to: Page.self)
  }

  // Through a pointer: each access to `header`, a property of a class, is checked for exclusivity.
  private var cached: UnsafeMutablePointer<Header> { withUnsafeMutablePointerToHeader { $0 } }

  private var storage: UnsafeMutableRawPointer { cached.pointee.storage }

  /// A page of zeros.
  static func zeros() -> Page {
    let page = uninitialized()
    page.storage.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    return page
  }

  /// A page with these bytes, of which there must be `Page.size`.
  static func copying(_ source: UnsafeRawBufferPointer) -> Page {
    precondition(source.count == size, "a page is filled whole")
    let page = uninitialized()
    if let base = source.baseAddress { page.storage.copyMemory(from: base, byteCount: size) }
    return page
  }

  /// The same in room that `pool` gives.
  static func copying(_ source: UnsafeRawBufferPointer, in pool: PagePool) -> Page {
    precondition(source.count == size, "a page is filled whole")
    let storage = pool.take()
    if let base = source.baseAddress { storage.copyMemory(from: base, byteCount: size) }
    return unsafeDowncast(
      Page.create(minimumCapacity: 0) { _ in Header(storage: storage, pool: pool) }, to: Page.self)
  }

  deinit {
    let storage = cached.pointee.storage
    if let pool = cached.pointee.pool { pool.give(storage) } else { storage.deallocate() }
  }

  /// A page of its own with the same bytes.
  func copy() -> Page { Page.copying(bytes) }

  /// The bytes, for reading.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: Page.size) }

  /// Replaces bytes from `offset` on; the page must be held by nobody else.
  func replace(at offset: Int, with source: UnsafeRawBufferPointer) {
    precondition(offset >= 0 && offset + source.count <= Page.size, "a write within one page")
    cached.pointee.length = -1
    guard let base = source.baseAddress else { return }
    storage.advanced(by: offset).copyMemory(from: base, byteCount: source.count)
  }

  /// Zeros `count` bytes from `offset` on; the page must be held by nobody else.
  func zero(at offset: Int, count: Int) {
    precondition(offset >= 0 && offset + count <= Page.size, "zeros within one page")
    cached.pointee.length = -1
    storage.advanced(by: offset).initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }

  /// The digest of the first `length` bytes, computed once while the page does not change.
  func digest(length: Int) -> Digest {
    if cached.pointee.length == length { return cached.pointee.digest }
    var hasher = DigestHasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(start: storage, count: length))
    let digest = hasher.finish()
    cached.pointee.digest = digest
    cached.pointee.length = length
    return digest
  }
}
