import CLMDB
import Determinism
import SubjectProtocol

/// LMDB: a namespace is a database of the environment, and what is no transaction of its own is one
/// of one request.
final class LMDBEngine: Engine {
  private var environment: OpaquePointer?
  private var databases: [[UInt8]: MDB_dbi] = [:]
  private var transaction: (number: UInt64, handle: OpaquePointer)?

  /// The size of the map: room for every life that a scenario has.
  private static let mapBytes = 16 << 20
  private static let namespaceLimit: MDB_dbi = 64

  /// Opens the environment in `directory`, making it where there is none; `mode` is empty,
  /// `writemap`, `nometasync` or `nosync`.
  ///
  /// MDB_NOLOCK, since this process is alone: the table of readers has process numbers and
  /// addresses in it, so that no two runs would write the same bytes; it is rebuilt at each open
  /// and belongs to no promise.
  init(_ directory: String, mode: String) throws(DatabaseError) {
    let flags: Int32 =
      switch mode {
      case "writemap": MDB_WRITEMAP
      case "nometasync": MDB_NOMETASYNC
      case "nosync": MDB_NOSYNC
      default: 0
      }
    try Self.check(mdb_env_create(&environment))
    do throws(DatabaseError) {
      try Self.check(mdb_env_set_mapsize(environment, Self.mapBytes))
      try Self.check(mdb_env_set_maxdbs(environment, Self.namespaceLimit))
      try Self.check(
        mdb_env_open(environment, directory, UInt32(flags | MDB_NOLOCK | MDB_NOTLS), 0o644))
      try openDatabases()
    } catch {
      shut()
      throw error
    }
  }

  deinit { shut() }

  func apply(_ mutations: [Mutation]) throws(DatabaseError) {
    try atomically { handle throws(DatabaseError) in
      for mutation in mutations { try perform(mutation, handle) }
    }
  }

  func begin(_ number: UInt64) throws(DatabaseError) {
    transaction = (number, try beginWriting())
  }

  func apply(_ mutation: Mutation, in number: UInt64) throws(DatabaseError) {
    try perform(mutation, try opened(number))
  }

  func commit(_ number: UInt64) throws(DatabaseError) {
    let handle = try opened(number)
    transaction = nil
    // A commit that fails frees the transaction as well (lmdb.h).
    try Self.check(mdb_txn_commit(handle))
  }

  func abort(_ number: UInt64) throws(DatabaseError) {
    mdb_txn_abort(try opened(number))
    transaction = nil
  }

  func createNamespace(_ namespace: [UInt8]) throws(DatabaseError) {
    guard databases[namespace] == nil else { return }
    try changeDatabases { handle throws(DatabaseError) in
      var database: MDB_dbi = 0
      try Self.check(mdb_dbi_open(handle, Self.name(namespace), UInt32(MDB_CREATE), &database))
    }
  }

  func dropNamespace(_ namespace: [UInt8]) throws(DatabaseError) {
    // The default one needs no creation, so it stays.
    if namespace.isEmpty { return try clear(namespace) }
    guard let database = databases[namespace] else { return }
    try changeDatabases { handle throws(DatabaseError) in
      try Self.check(mdb_drop(handle, database, 1))
    }
  }

  func clear(_ namespace: [UInt8]?) throws(DatabaseError) {
    try atomically { handle throws(DatabaseError) in
      for (name, database) in databases where namespace == nil || name == namespace {
        try Self.check(mdb_drop(handle, database, 0))
      }
    }
  }

  func flush() throws(DatabaseError) { try Self.check(mdb_env_sync(environment, 1)) }

  func checkpoint() throws(DatabaseError) { throw .unsupported("LMDB has no log") }

  func get(_ key: RecordKey, in number: UInt64?) throws(DatabaseError) -> RecordValue? {
    guard let database = databases[key.namespace] else { return nil }
    let handle = if let number { try opened(number) } else { try beginReading() }
    defer { if number == nil { mdb_txn_abort(handle) } }
    var value = MDB_val()
    let status = Self.withValue(LMDBRecord.key(key.id)) { mdb_get(handle, database, &$0, &value) }
    if status == MDB_NOTFOUND { return nil }
    try Self.check(status)
    return try LMDBRecord.decode(Self.bytes(value)).value
  }

  func dump() throws(DatabaseError) -> Dump {
    let handle = try beginReading()
    defer { mdb_txn_abort(handle) }
    var dump = Dump()
    for (namespace, database) in databases.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) })
    {
      try Self.visit(handle, database) { (_, value) throws(DatabaseError) in
        let record = try LMDBRecord.decode(value)
        dump.append(RecordKey(namespace: namespace, id: record.id), record.value)
      }
    }
    return dump
  }

  func close() throws(DatabaseError) { shut() }

  private func shut() {
    if let transaction { mdb_txn_abort(transaction.handle) }
    transaction = nil
    if let environment { mdb_env_close(environment) }
    environment = nil
  }

  // MARK: Transactions

  private func opened(_ number: UInt64) throws(DatabaseError) -> OpaquePointer {
    guard let transaction, transaction.number == number else { throw .noTransaction(number) }
    return transaction.handle
  }

  private func beginReading() throws(DatabaseError) -> OpaquePointer {
    try begin(flags: UInt32(MDB_RDONLY))
  }

  private func beginWriting() throws(DatabaseError) -> OpaquePointer {
    // Within one thread LMDB would wait for itself.
    if let transaction { throw .writerBusy(transaction.number) }
    return try begin(flags: 0)
  }

  private func begin(flags: UInt32) throws(DatabaseError) -> OpaquePointer {
    var handle: OpaquePointer?
    try Self.check(mdb_txn_begin(environment, nil, flags, &handle))
    guard let handle else { throw DatabaseError(kind: .io, message: "no transaction was made") }
    return handle
  }

  private func atomically(
    _ body: (OpaquePointer) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    let handle = try beginWriting()
    do throws(DatabaseError) {
      try body(handle)
    } catch {
      mdb_txn_abort(handle)
      throw error
    }
    try Self.check(mdb_txn_commit(handle))
  }

  private func perform(_ mutation: Mutation, _ handle: OpaquePointer) throws(DatabaseError) {
    let key = LMDBRecord.key(mutation.key.id)
    let database = databases[mutation.key.namespace]
    switch mutation {
    case .put(let name, let value):
      guard let database else {
        throw DatabaseError(kind: .notFound, message: "the namespace was never created")
      }
      let status = Self.withValue(key) { key in
        Self.withValue(LMDBRecord.encode(name.id, value)) {
          mdb_put(handle, database, &key, &$0, 0)
        }
      }
      try Self.check(status)
    case .delete:
      guard let database else { return }
      let status = Self.withValue(key) { mdb_del(handle, database, &$0, nil) }
      if status != MDB_NOTFOUND { try Self.check(status) }
    }
  }

  // MARK: Databases

  /// Changes which databases there are. Handles live as long as their transaction is good, so they
  /// are opened anew either way.
  private func changeDatabases(
    _ body: (OpaquePointer) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    defer { try? openDatabases() }
    try atomically(body)
  }

  /// Opens every database there is, and makes the default one where there is none.
  private func openDatabases() throws(DatabaseError) {
    var found: [[UInt8]: MDB_dbi] = [:]
    // A writing transaction that writes nothing leaves nothing.
    try atomically { handle throws(DatabaseError) in
      var main: MDB_dbi = 0
      try Self.check(mdb_dbi_open(handle, nil, 0, &main))
      var names: [[UInt8]] = [[]]
      try Self.visit(handle, main) { (name, _) throws(DatabaseError) in
        if let namespace = Self.namespace(name), !namespace.isEmpty { names.append(namespace) }
      }
      for name in names {
        var database: MDB_dbi = 0
        try Self.check(mdb_dbi_open(handle, Self.name(name), UInt32(MDB_CREATE), &database))
        found[name] = database
      }
    }
    databases = found
  }

  /// The name of a namespace's database: its bytes in hexadecimal, since C strings have an end.
  private static func name(_ namespace: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return "n" + String(namespace.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  private static func namespace(_ name: UnsafeRawBufferPointer) -> [UInt8]? {
    let text = String(decoding: name.dropFirst(), as: UTF8.self)
    guard name.first == UInt8(ascii: "n"), text.utf8.count % 2 == 0 else { return nil }
    var digits = Substring(text)
    var namespace: [UInt8] = []
    while !digits.isEmpty {
      guard let byte = UInt8(digits.prefix(2), radix: 16) else { return nil }
      namespace.append(byte)
      digits = digits.dropFirst(2)
    }
    return namespace
  }

  private static func visit(
    _ handle: OpaquePointer, _ database: MDB_dbi,
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    var cursor: OpaquePointer?
    try check(mdb_cursor_open(handle, database, &cursor))
    defer { mdb_cursor_close(cursor) }
    var key = MDB_val()
    var value = MDB_val()
    while true {
      let status = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
      if status == MDB_NOTFOUND { return }
      try check(status)
      try body(bytes(key), bytes(value))
    }
  }

  private static func bytes(_ value: MDB_val) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)
  }

  private static func withValue<Result>(
    _ bytes: [UInt8], _ body: (inout MDB_val) -> Result
  ) -> Result {
    bytes.withUnsafeBytes { buffer in
      var value = MDB_val(
        mv_size: buffer.count, mv_data: UnsafeMutableRawPointer(mutating: buffer.baseAddress))
      return body(&value)
    }
  }

  private static func check(_ status: Int32) throws(DatabaseError) {
    if status != MDB_SUCCESS { throw DatabaseError(lmdb: status) }
  }
}
