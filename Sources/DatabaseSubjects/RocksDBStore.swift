import CRocksDB
import Glibc

/// RocksDB, written with or without `WriteOptions.sync`, or without a log.
final class RocksDBStore: KeyValueStore {
  private var handle: OpaquePointer?
  private let options: OpaquePointer?
  private let writes: OpaquePointer?
  private let reads: OpaquePointer?
  private let hasLog: Bool

  init(_ directory: String, syncs: Bool, hasLog: Bool) throws(DatabaseError) {
    self.hasLog = hasLog
    options = rocksdb_options_create()
    rocksdb_options_set_create_if_missing(options, 1)
    // 64 MiB by default: more than a short life writes.
    rocksdb_options_set_write_buffer_size(options, 64 << 10)
    // The informational LOG has times of day in it, so that no two runs would write the same bytes;
    // it belongs to no promise, and goes to the scratch folder.
    if let scratch = getenv("TMPDIR") { rocksdb_options_set_db_log_dir(options, scratch) }
    writes = rocksdb_writeoptions_create()
    rocksdb_writeoptions_set_sync(writes, syncs ? 1 : 0)
    rocksdb_writeoptions_disable_WAL(writes, hasLog ? 0 : 1)
    reads = rocksdb_readoptions_create()
    var message: UnsafeMutablePointer<CChar>?
    handle = rocksdb_open(options, directory, &message)
    try Self.check(message)
  }

  deinit {
    close()
    rocksdb_readoptions_destroy(reads)
    rocksdb_writeoptions_destroy(writes)
    rocksdb_options_destroy(options)
  }

  func write(_ changes: [KeyValueChange]) throws(DatabaseError) {
    let batch = rocksdb_writebatch_create()
    defer { rocksdb_writebatch_destroy(batch) }
    for change in changes {
      switch change {
      case .put(let key, let value):
        Self.characters(key) { keyStart, keyCount in
          Self.characters(value) { start, count in
            rocksdb_writebatch_put(batch, keyStart, keyCount, start, count)
          }
        }
      case .delete(let key):
        Self.characters(key) { rocksdb_writebatch_delete(batch, $0, $1) }
      }
    }
    var message: UnsafeMutablePointer<CChar>?
    rocksdb_write(handle, writes, batch, &message)
    try Self.check(message)
  }

  func get(_ key: [UInt8]) throws(DatabaseError) -> [UInt8]? {
    var message: UnsafeMutablePointer<CChar>?
    var count = 0
    let value = Self.characters(key) { rocksdb_get(handle, reads, $0, $1, &count, &message) }
    try Self.check(message)
    guard let value else { return nil }
    defer { rocksdb_free(value) }
    return Array(UnsafeRawBufferPointer(start: value, count: count))
  }

  func visit(
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    let iterator = rocksdb_create_iterator(handle, reads)
    defer { rocksdb_iter_destroy(iterator) }
    rocksdb_iter_seek_to_first(iterator)
    while rocksdb_iter_valid(iterator) != 0 {
      var keyCount = 0
      var valueCount = 0
      let key = rocksdb_iter_key(iterator, &keyCount)
      let value = rocksdb_iter_value(iterator, &valueCount)
      try body(
        UnsafeRawBufferPointer(start: key, count: keyCount),
        UnsafeRawBufferPointer(start: value, count: valueCount))
      rocksdb_iter_next(iterator)
    }
    var message: UnsafeMutablePointer<CChar>?
    rocksdb_iter_get_error(iterator, &message)
    try Self.check(message)
  }

  /// `DB::FlushWAL(true)`; without a log there is only the table in memory to write out.
  func flush() throws(DatabaseError) {
    guard hasLog else { return try checkpoint() }
    var message: UnsafeMutablePointer<CChar>?
    rocksdb_flush_wal(handle, 1, &message)
    try Self.check(message)
  }

  /// `DB::Flush`: the table in memory becomes a file, and its log goes.
  func checkpoint() throws(DatabaseError) {
    let options = rocksdb_flushoptions_create()
    defer { rocksdb_flushoptions_destroy(options) }
    rocksdb_flushoptions_set_wait(options, 1)
    var message: UnsafeMutablePointer<CChar>?
    rocksdb_flush(handle, options, &message)
    try Self.check(message)
  }

  func close() {
    if let handle { rocksdb_close(handle) }
    handle = nil
  }

  private static func characters<Result>(
    _ bytes: [UInt8], _ body: (UnsafePointer<CChar>?, Int) -> Result
  ) -> Result {
    bytes.withUnsafeBytes { body($0.bindMemory(to: CChar.self).baseAddress, $0.count) }
  }

  private static func check(_ message: UnsafeMutablePointer<CChar>?) throws(DatabaseError) {
    if let message { throw DatabaseError(message) }
  }
}
