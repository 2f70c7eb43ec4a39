import CLevelDBShims
import Glibc

/// LevelDB, written with or without `WriteOptions.sync`.
final class LevelDBStore: KeyValueStore {
  private var handle: OpaquePointer?
  private let syncs: Bool

  /// The least table in memory that LevelDB accepts, so that short lives change logs and compact.
  private static let tableBytes = 64 << 10

  init(_ directory: String, syncs: Bool) throws(DatabaseError) {
    self.syncs = syncs
    try Self.check(cleveldb_open(directory, Self.tableBytes, &handle))
  }

  deinit { close() }

  func write(_ changes: [KeyValueChange]) throws(DatabaseError) {
    try write(changes, syncs: syncs)
  }

  private func write(_ changes: [KeyValueChange], syncs: Bool) throws(DatabaseError) {
    let batch = cleveldb_batch_create()
    defer { cleveldb_batch_destroy(batch) }
    for change in changes {
      switch change {
      case .put(let key, let value):
        cleveldb_batch_put(batch, key, key.count, value, value.count)
      case .delete(let key): cleveldb_batch_delete(batch, key, key.count)
      }
    }
    try Self.check(cleveldb_write(handle, batch, syncs ? 1 : 0))
  }

  func get(_ key: [UInt8]) throws(DatabaseError) -> [UInt8]? {
    var value: UnsafeMutableRawPointer?
    var count = 0
    let status = cleveldb_get(handle, key, key.count, &value, &count)
    if status.kind == cleveldb_absent {
      free(status.message)
      return nil
    }
    try Self.check(status)
    defer { free(value) }
    return Array(UnsafeRawBufferPointer(start: value, count: count))
  }

  func visit(
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    let iterator = cleveldb_iterator_create(handle)
    do throws(DatabaseError) {
      while cleveldb_iterator_is_valid(iterator) != 0 {
        var keyCount = 0
        var valueCount = 0
        let key = cleveldb_iterator_key(iterator, &keyCount)
        let value = cleveldb_iterator_value(iterator, &valueCount)
        try body(
          UnsafeRawBufferPointer(start: key, count: keyCount),
          UnsafeRawBufferPointer(start: value, count: valueCount))
        cleveldb_iterator_next(iterator)
      }
    } catch {
      free(cleveldb_iterator_destroy(iterator).message)
      throw error
    }
    try Self.check(cleveldb_iterator_destroy(iterator))
  }

  /// A synchronous write, of nothing: what came before it is then as safe as it is
  /// (doc/index.md, "every Nth write is synchronous").
  func flush() throws(DatabaseError) { try write([], syncs: true) }

  func checkpoint() throws(DatabaseError) { cleveldb_compact(handle) }

  func close() {
    if let handle { cleveldb_close(handle) }
    handle = nil
  }

  private static func check(_ status: cleveldb_status) throws(DatabaseError) {
    guard let message = status.message else { return }
    throw DatabaseError(
      message, isCorrupt: status.kind == cleveldb_corrupt,
      isInvalid: status.kind == cleveldb_invalid)
  }
}
