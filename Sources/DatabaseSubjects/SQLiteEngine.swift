import CSQLite
import SubjectProtocol

/// SQLite: a namespace is a table, and what is no transaction of its own is one statement's.
///
/// One connection writes. While its transaction is open, reads that are none of the transaction's
/// go through a second connection: the first would show what is not committed.
final class SQLiteEngine: Engine {
  private let path: String
  private let writer: SQLiteConnection
  private var reader: SQLiteConnection?
  private var transaction: UInt64?
  private let journal: String

  /// Opens `DIRECTORY/data.db`, making it where there is none, with `PRAGMA journal_mode` and
  /// `PRAGMA synchronous` as given.
  init(_ directory: String, journal: String, synchronous: String) throws(DatabaseError) {
    path = directory + "/data.db"
    self.journal = journal
    writer = try SQLiteConnection(path)
    let mode = journal == "wal" ? "wal" : "delete"
    guard try writer.text("PRAGMA journal_mode=\(mode)") == mode else {
      throw DatabaseError(kind: .unsupported, message: "journal_mode=\(mode) is refused")
    }
    try writer.run("PRAGMA synchronous=\(synchronous)")
    if journal == "wal" {
      // 1000 pages by default: more than a short life writes, and then no checkpoint ever starts by
      // itself and no log is ever used again from its beginning.
      _ = try writer.text("PRAGMA wal_autocheckpoint=20")
    }
    try writer.run(Self.creation(of: []))
  }

  func apply(_ mutations: [Mutation]) throws(DatabaseError) {
    try atomically { () throws(DatabaseError) in
      for mutation in mutations { try perform(mutation) }
    }
  }

  func begin(_ number: UInt64) throws(DatabaseError) {
    if let transaction { throw .writerBusy(transaction) }
    try writer.run("BEGIN IMMEDIATE")
    transaction = number
  }

  func apply(_ mutation: Mutation, in number: UInt64) throws(DatabaseError) {
    guard transaction == number else { throw .noTransaction(number) }
    try perform(mutation)
  }

  func commit(_ number: UInt64) throws(DatabaseError) {
    guard transaction == number else { throw .noTransaction(number) }
    transaction = nil
    try writer.commit()
  }

  func abort(_ number: UInt64) throws(DatabaseError) {
    guard transaction == number else { throw .noTransaction(number) }
    transaction = nil
    try writer.rollback()
  }

  func createNamespace(_ namespace: [UInt8]) throws(DatabaseError) {
    try atomically { () throws(DatabaseError) in try writer.run(Self.creation(of: namespace)) }
  }

  func dropNamespace(_ namespace: [UInt8]) throws(DatabaseError) {
    // The default one needs no creation, so it stays.
    if namespace.isEmpty { return try clear(namespace) }
    try atomically { () throws(DatabaseError) in
      try writer.run("DROP TABLE IF EXISTS \(Self.table(namespace))")
    }
  }

  func clear(_ namespace: [UInt8]?) throws(DatabaseError) {
    try atomically { () throws(DatabaseError) in
      let tables = try writer.tables()
      for table in tables where namespace == nil || table == namespace {
        try writer.run("DELETE FROM \(Self.table(table))")
      }
    }
  }

  func flush() throws(DatabaseError) { throw .unsupported("SQLite has no flush") }

  func checkpoint() throws(DatabaseError) {
    guard journal == "wal" else { throw .unsupported("a rollback journal has no checkpoint") }
    if let transaction { throw .writerBusy(transaction) }
    try writer.checkpoint()
  }

  func get(_ key: RecordKey, in number: UInt64?) throws(DatabaseError) -> RecordValue? {
    if let number, transaction != number { throw .noTransaction(number) }
    let connection = number == nil ? try committed() : writer
    guard try connection.tables().contains(key.namespace) else { return nil }
    let statement = try connection.prepare(
      "SELECT vector, metadata FROM \(Self.table(key.namespace)) WHERE id = ?1")
    try statement.bind(1, key.id)
    return try statement.step() ? try statement.record(vector: 0, metadata: 1) : nil
  }

  func dump() throws(DatabaseError) -> Dump {
    let connection = try committed()
    var dump = Dump()
    // One read transaction, so that all tables are of one moment.
    try connection.run("BEGIN")
    defer { try? connection.rollback() }
    for namespace in try connection.tables() {
      let statement = try connection.prepare(
        "SELECT id, vector, metadata FROM \(Self.table(namespace))")
      while try statement.step() {
        let value = try statement.record(vector: 1, metadata: 2)
        let id = try StoredRecord.id(statement.bytes(0))
        dump.append(RecordKey(namespace: namespace, id: id), value)
      }
    }
    return dump
  }

  func close() throws(DatabaseError) {
    if transaction != nil { try? writer.rollback() }
    transaction = nil
    try reader?.close()
    try writer.close()
  }

  /// The connection that shows committed records only.
  private func committed() throws(DatabaseError) -> SQLiteConnection {
    guard transaction != nil else { return writer }
    if let reader { return reader }
    let made = try SQLiteConnection(path)
    reader = made
    return made
  }

  /// Runs `body` in a transaction of its own.
  private func atomically(_ body: () throws(DatabaseError) -> Void) throws(DatabaseError) {
    if let transaction { throw .writerBusy(transaction) }
    try writer.run("BEGIN IMMEDIATE")
    do throws(DatabaseError) {
      try body()
    } catch {
      try? writer.rollback()
      throw error
    }
    try writer.commit()
  }

  private func perform(_ mutation: Mutation) throws(DatabaseError) {
    let key = mutation.key
    let isThere = try writer.tables().contains(key.namespace)
    switch mutation {
    case .put(_, let value):
      guard isThere else {
        throw DatabaseError(kind: .notFound, message: "the namespace was never created")
      }
      let statement = try writer.prepare(
        "INSERT OR REPLACE INTO \(Self.table(key.namespace)) VALUES (?1, ?2, ?3)")
      try statement.bind(1, key.id)
      try statement.bind(2, StoredRecord.vectorBytes(value.vector))
      try statement.bind(3, value.metadata.canonical)
      _ = try statement.step()
    case .delete:
      guard isThere else { return }
      let statement = try writer.prepare(
        "DELETE FROM \(Self.table(key.namespace)) WHERE id = ?1")
      try statement.bind(1, key.id)
      _ = try statement.step()
    }
  }

  private static func creation(of namespace: [UInt8]) -> String {
    "CREATE TABLE IF NOT EXISTS \(table(namespace)) "
      + "(id BLOB PRIMARY KEY, vector BLOB, metadata BLOB) WITHOUT ROWID"
  }

  /// The table of a namespace: its bytes in hexadecimal, so that every one is a plain name.
  private static func table(_ namespace: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return "n" + String(namespace.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
