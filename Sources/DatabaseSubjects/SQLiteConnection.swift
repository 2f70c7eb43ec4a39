import CSQLite
import SubjectProtocol

/// One connection to an SQLite database.
final class SQLiteConnection {
  private var handle: OpaquePointer?

  init(_ path: String) throws(DatabaseError) {
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    let status = sqlite3_open_v2(path, &handle, flags, nil)
    guard status == SQLITE_OK else {
      defer { sqlite3_close_v2(handle) }
      throw error(status)
    }
    sqlite3_extended_result_codes(handle, 1)
  }

  deinit { sqlite3_close_v2(handle) }

  func close() throws(DatabaseError) {
    let status = sqlite3_close(handle)
    guard status == SQLITE_OK else { throw error(status) }
    handle = nil
  }

  /// Runs statements that answer nothing.
  func run(_ sql: String) throws(DatabaseError) {
    let status = sqlite3_exec(handle, sql, nil, nil, nil)
    guard status == SQLITE_OK else { throw error(status) }
  }

  func commit() throws(DatabaseError) {
    do throws(DatabaseError) {
      try run("COMMIT")
    } catch {
      // Some errors end the transaction, others leave it open (lang_transaction.html).
      try? rollback()
      throw error
    }
  }

  func rollback() throws(DatabaseError) {
    if sqlite3_get_autocommit(handle) == 0 { try run("ROLLBACK") }
  }

  /// The first column of the first row.
  ///
  /// The statement runs to its end: what it changes is committed behind its last row, and only then
  /// is it said that it was not (`PRAGMA journal_mode=wal` answers `wal` first).
  func text(_ sql: String) throws(DatabaseError) -> String? {
    let statement = try prepare(sql)
    guard try statement.step() else { return nil }
    let text = String(decoding: statement.bytes(0), as: UTF8.self)
    while try statement.step() {}
    return text
  }

  func prepare(_ sql: String) throws(DatabaseError) -> SQLiteStatement {
    var statement: OpaquePointer?
    let status = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
    guard status == SQLITE_OK, let statement else { throw error(status) }
    return SQLiteStatement(statement, of: self)
  }

  /// The namespaces, by the names of their tables.
  func tables() throws(DatabaseError) -> [[UInt8]] {
    let statement = try prepare("SELECT substr(name, 2) FROM sqlite_schema WHERE type = 'table'")
    var tables: [[UInt8]] = []
    while try statement.step() { tables.append(try Self.namespace(of: statement.bytes(0))) }
    return tables
  }

  /// The namespace whose bytes the hexadecimal `digits` are; a damaged file may hold any name.
  private static func namespace(of digits: [UInt8]) throws(DatabaseError) -> [UInt8] {
    guard digits.count % 2 == 0 else { throw .notARecord }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)
      else { throw .notARecord }
      bytes.append(byte)
    }
    return try StoredRecord.name(bytes)
  }

  func checkpoint() throws(DatabaseError) {
    let status = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    guard status == SQLITE_OK else { throw error(status) }
  }

  /// The protocol's error for a result code.
  func error(_ status: Int32) -> DatabaseError {
    let kind: FailureKind =
      switch status & 0xFF {
      case SQLITE_FULL: .full
      case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
      case SQLITE_READONLY: .readOnly
      case SQLITE_BUSY, SQLITE_LOCKED: .conflict
      case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISUSE, SQLITE_ERROR: .invalid
      // IOERR, CANTOPEN, NOMEM, PROTOCOL: what the system would not do.
      default: .io
      }
    return DatabaseError(
      kind: kind, message: "\(String(cString: sqlite3_errmsg(handle))) (\(status))")
  }
}

/// One prepared statement.
final class SQLiteStatement {
  private let handle: OpaquePointer
  private let connection: SQLiteConnection

  init(_ handle: OpaquePointer, of connection: SQLiteConnection) {
    self.handle = handle
    self.connection = connection
  }

  deinit { sqlite3_finalize(handle) }

  func bind(_ index: Int32, _ bytes: [UInt8]) throws(DatabaseError) {
    let status = bytes.withUnsafeBytes {
      csqlite_bind_blob(handle, index, $0.baseAddress, Int32($0.count))
    }
    guard status == SQLITE_OK else { throw connection.error(status) }
  }

  /// Goes to the next row; false where there is none.
  func step() throws(DatabaseError) -> Bool {
    let status = sqlite3_step(handle)
    switch status {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw connection.error(status)
    }
  }

  /// The bytes of a column.
  func bytes(_ column: Int32) -> [UInt8] {
    // The bytes before their count (sqlite3_column_blob's page): the other order may convert.
    let start = sqlite3_column_blob(handle, column)
    let count = Int(sqlite3_column_bytes(handle, column))
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// The record in the given columns.
  func record(vector: Int32, metadata: Int32) throws(DatabaseError) -> RecordValue {
    let stored = bytes(vector)
    // A Result, since withUnsafeBytes does not pass typed errors on.
    let components = stored.withUnsafeBytes { buffer in
      Result { () throws(DatabaseError) in try StoredRecord.vector(buffer) }
    }
    return RecordValue(
      vector: try components.get(), metadata: try StoredRecord.metadata(bytes(metadata)))
  }
}
