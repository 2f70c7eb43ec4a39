import Glibc
import SubjectProtocol

/// One change of a write batch.
enum KeyValueChange {
  case put(key: [UInt8], value: [UInt8])
  case delete(key: [UInt8])
}

/// What LevelDB and RocksDB have in common: ordered keys, and batches that are written as one.
protocol KeyValueStore: AnyObject {
  /// Writes a batch as the setting says.
  func write(_ changes: [KeyValueChange]) throws(DatabaseError)
  /// The value of `key`.
  func get(_ key: [UInt8]) throws(DatabaseError) -> [UInt8]?
  /// Gives every key and value to `body`, in the order of the keys.
  func visit(
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(DatabaseError) -> Void
  ) throws(DatabaseError)
  /// Makes what was written durable.
  func flush() throws(DatabaseError)
  /// Writes the table in memory out and makes the log short.
  func checkpoint() throws(DatabaseError)
  /// Closes the store.
  func close()
}

/// LevelDB and RocksDB behind the protocol: a namespace is a prefix of the keys, and to clear one
/// is a batch of deletions.
final class KeyValueEngine: Engine {
  private let store: any KeyValueStore

  init(_ store: any KeyValueStore) { self.store = store }

  func apply(_ mutations: [Mutation]) throws(DatabaseError) {
    try store.write(
      mutations.map { mutation in
        switch mutation {
        case .put(let key, let value):
          .put(key: Self.bytes(key), value: StoredRecord.encode(value))
        case .delete(let key): .delete(key: Self.bytes(key))
        }
      })
  }

  func begin(_ number: UInt64) throws(DatabaseError) { throw Self.noTransactions }
  func apply(_ mutation: Mutation, in number: UInt64) throws(DatabaseError) {
    throw Self.noTransactions
  }
  func commit(_ number: UInt64) throws(DatabaseError) { throw Self.noTransactions }
  func abort(_ number: UInt64) throws(DatabaseError) { throw Self.noTransactions }
  private static let noTransactions = DatabaseError.unsupported("batches only, no transactions")

  /// A prefix needs no creation.
  func createNamespace(_ namespace: [UInt8]) throws(DatabaseError) {}

  func dropNamespace(_ namespace: [UInt8]) throws(DatabaseError) { try clear(namespace) }

  func clear(_ namespace: [UInt8]?) throws(DatabaseError) {
    var changes: [KeyValueChange] = []
    try store.visit { (key, _) throws(DatabaseError) in
      let found = try Self.key(key).namespace
      if namespace == nil || found == namespace { changes.append(.delete(key: Array(key))) }
    }
    if !changes.isEmpty { try store.write(changes) }
  }

  func flush() throws(DatabaseError) { try store.flush() }
  func checkpoint() throws(DatabaseError) { try store.checkpoint() }

  func get(_ key: RecordKey, in number: UInt64?) throws(DatabaseError) -> RecordValue? {
    guard let value = try store.get(Self.bytes(key)) else { return nil }
    let record = value.withUnsafeBytes { buffer in
      Result { () throws(DatabaseError) in try StoredRecord.decode(buffer) }
    }
    return try record.get()
  }

  func dump() throws(DatabaseError) -> Dump {
    var dump = Dump()
    try store.visit { (key, value) throws(DatabaseError) in
      dump.append(try Self.key(key), try StoredRecord.decode(value))
    }
    return dump
  }

  func close() throws(DatabaseError) { store.close() }

  /// Two bytes of the namespace's length, the namespace and the id.
  private static func bytes(_ key: RecordKey) -> [UInt8] {
    [UInt8(key.namespace.count >> 8), UInt8(key.namespace.count & 0xFF)] + key.namespace + key.id
  }

  private static func key(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) -> RecordKey {
    guard bytes.count >= 2 else { throw .notARecord }
    let length = Int(bytes[0]) << 8 | Int(bytes[1])
    guard bytes.count - 2 >= length else { throw .notARecord }
    return RecordKey(
      namespace: try StoredRecord.name(Array(bytes[2..<2 + length])),
      id: try StoredRecord.id(Array(bytes[(2 + length)...])))
  }
}

extension DatabaseError {
  /// The error of LevelDB or RocksDB with the message `text`, which is freed; both keep nothing of
  /// errno but its words.
  init(_ text: UnsafeMutablePointer<CChar>, isCorrupt: Bool = false, isInvalid: Bool = false) {
    let message = String(cString: text)
    free(text)
    let isFull = [ENOSPC, EDQUOT].contains { message.contains(String(cString: strerror($0))) }
    let isReadOnly = message.contains(String(cString: strerror(EROFS)))
    let kind: FailureKind =
      if isFull {
        .full
      } else if isReadOnly {
        .readOnly
      } else if isCorrupt || message.hasPrefix("Corruption") {
        .corrupt
      } else if isInvalid || message.hasPrefix("Invalid argument") {
        .invalid
      } else {
        .io
      }
    self.init(kind: kind, message: message)
  }
}
