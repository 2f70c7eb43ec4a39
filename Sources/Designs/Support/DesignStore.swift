internal import StorageInterface
internal import SubjectProtocol

/// The records of a store.
typealias Records = [RecordKey: RecordValue]

/// A design with the application around it: what an `open` request makes.
///
/// What a design has no way to say stays `unsupported`.
protocol DesignStore: AnyObject {
  /// What is visible outside of transactions.
  func visibleRecords() throws(DesignError) -> Records
  /// One record of them.
  func visibleRecord(_ key: RecordKey) throws(DesignError) -> RecordValue?

  /// One put or delete.
  func mutate(_ mutation: Mutation) throws(DesignError)
  /// Several of them.
  func batch(_ mutations: [Mutation]) throws(DesignError)

  func begin(_ transaction: UInt64) throws(DesignError)
  func mutate(_ mutation: Mutation, in transaction: UInt64) throws(DesignError)
  func commit(_ transaction: UInt64) throws(DesignError)
  func abort(_ transaction: UInt64) throws(DesignError)
  /// What an open transaction has changed, oldest first; nil when it is not open.
  func changes(in transaction: UInt64) -> [Mutation]?

  func createNamespace(_ namespace: [UInt8]) throws(DesignError)
  func dropNamespace(_ namespace: [UInt8]) throws(DesignError)
  func clear() throws(DesignError)

  func flush() throws(DesignError)
  func checkpoint() throws(DesignError)
  func close() throws(DesignError)

  func stats() -> Stats
}

extension DesignStore {
  func begin(_ transaction: UInt64) throws(DesignError) { throw Self.unsupported }
  func mutate(_ mutation: Mutation, in transaction: UInt64) throws(DesignError) {
    throw Self.unsupported
  }
  func commit(_ transaction: UInt64) throws(DesignError) { throw Self.unsupported }
  func abort(_ transaction: UInt64) throws(DesignError) { throw Self.unsupported }
  func changes(in transaction: UInt64) -> [Mutation]? { nil }
  func createNamespace(_ namespace: [UInt8]) throws(DesignError) { throw Self.unsupported }
  func dropNamespace(_ namespace: [UInt8]) throws(DesignError) { throw Self.unsupported }
  func clear() throws(DesignError) { throw Self.unsupported }
  func stats() -> Stats { Stats() }

  private static var unsupported: DesignError { DesignError(.unsupported, "not supported") }
}

extension Records {
  /// Shows `mutation`.
  mutating func apply(_ mutation: Mutation) {
    switch mutation {
    case .put(let key, let value): self[key] = value
    case .delete(let key): self[key] = nil
    }
  }
}
