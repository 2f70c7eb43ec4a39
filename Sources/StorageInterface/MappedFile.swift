/// A file in memory, shared with whoever else has it mapped or open: `Storage.mapShared` makes it.
///
/// What is stored here reaches the disk when the kernel likes, whole pages in any order, and is
/// durable only after `synchronize`. It survives the end of the process. A read error of the disk
/// arrives as a signal, not as an error.
public protocol MappedFile: AnyObject {
  /// How many bytes are mapped.
  var count: Int { get }

  /// The `count` bytes at `offset`, which lie within the mapping.
  func load(_ count: Int, at offset: Int) -> [UInt8]

  /// Stores `bytes` at `offset`, within the mapping. Volatile until `synchronize`.
  func store(_ bytes: [UInt8], at offset: Int)

  /// A barrier for what was stored: msync with `MS_SYNC`.
  func synchronize() throws(Errno)

  /// Ends the mapping; what was stored and not synchronised stays in the cache. No durability
  /// effect.
  func unmap()
}
