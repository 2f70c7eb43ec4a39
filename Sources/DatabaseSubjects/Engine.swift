import SubjectProtocol

/// A database behind the protocol: what each of the four does in its own way.
///
/// A call returns once the promise of its setting holds.
protocol Engine: AnyObject {
  /// Applies `mutations` as one write, all or nothing.
  func apply(_ mutations: [Mutation]) throws(DatabaseError)
  /// Begins the transaction `number`.
  func begin(_ number: UInt64) throws(DatabaseError)
  /// Applies `mutation` inside the transaction `number`.
  func apply(_ mutation: Mutation, in number: UInt64) throws(DatabaseError)
  /// Commits the transaction `number`.
  func commit(_ number: UInt64) throws(DatabaseError)
  /// Aborts the transaction `number`.
  func abort(_ number: UInt64) throws(DatabaseError)
  /// Makes a namespace; making one that is there is no error.
  func createNamespace(_ namespace: [UInt8]) throws(DatabaseError)
  /// Removes a namespace and its records.
  func dropNamespace(_ namespace: [UInt8]) throws(DatabaseError)
  /// Removes the records of a namespace, of all when nil.
  func clear(_ namespace: [UInt8]?) throws(DatabaseError)
  /// The database's own way to make what was written durable.
  func flush() throws(DatabaseError)
  /// The database's own way to make its log short.
  func checkpoint() throws(DatabaseError)
  /// Reads a record, as the transaction sees it when one is given.
  func get(_ key: RecordKey, in number: UInt64?) throws(DatabaseError) -> RecordValue?
  /// Reads every committed record.
  func dump() throws(DatabaseError) -> Dump
  /// Closes the database; afterwards nothing else is called.
  func close() throws(DatabaseError)
}

/// Why a request failed: the protocol's kind, and the database's words.
struct DatabaseError: Error {
  var kind: FailureKind
  var message: String

  /// A request that this database has no answer to.
  static func unsupported(_ what: String) -> DatabaseError {
    DatabaseError(kind: .unsupported, message: what)
  }

  /// A transaction that is not open.
  static func noTransaction(_ number: UInt64) -> DatabaseError {
    DatabaseError(kind: .invalid, message: "no transaction \(number) is open")
  }

  /// A request that an open transaction stands in the way of: these databases have one writer.
  static func writerBusy(_ number: UInt64) -> DatabaseError {
    DatabaseError(kind: .conflict, message: "transaction \(number) is the one writer there can be")
  }

  /// A stored value that is none.
  static let notARecord = DatabaseError(kind: .corrupt, message: "a stored value is no record")
}
