import Determinism

/// 4 KiB of file content, shared by every disk that holds the same bytes until one of them writes.
///
/// A page belongs to one thread: nothing reference-counted is shared between workers.
final class Page {
  /// The size of a page in bytes; also the block size of the modelled file systems.
  static let size = 4096

  private let storage: UnsafeMutableRawPointer
  private var cachedDigest = Digest.zero
  private var cachedLength = -1

  private init(uninitialized: Void) {
    storage = UnsafeMutableRawPointer.allocate(byteCount: Page.size, alignment: 16)
  }

  deinit { storage.deallocate() }

  /// A page of zeros.
  static func zeros() -> Page {
    let page = Page(uninitialized: ())
    page.storage.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    return page
  }

  /// A page of its own with the same bytes.
  func copy() -> Page {
    let page = Page(uninitialized: ())
    page.storage.copyMemory(from: storage, byteCount: Page.size)
    return page
  }

  /// The bytes, for reading.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: Page.size) }

  /// Replaces bytes from `offset` on; the page must be held by nobody else.
  func replace(at offset: Int, with source: UnsafeRawBufferPointer) {
    precondition(offset >= 0 && offset + source.count <= Page.size, "a write within one page")
    cachedLength = -1
    guard let base = source.baseAddress else { return }
    storage.advanced(by: offset).copyMemory(from: base, byteCount: source.count)
  }

  /// Zeros `count` bytes from `offset` on; the page must be held by nobody else.
  func zero(at offset: Int, count: Int) {
    precondition(offset >= 0 && offset + count <= Page.size, "zeros within one page")
    cachedLength = -1
    storage.advanced(by: offset).initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }

  /// The digest of the first `length` bytes, computed once while the page does not change.
  func digest(length: Int) -> Digest {
    if cachedLength == length { return cachedDigest }
    var hasher = DigestHasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(start: storage, count: length))
    cachedDigest = hasher.finish()
    cachedLength = length
    return cachedDigest
  }
}
