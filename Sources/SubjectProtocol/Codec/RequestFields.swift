/// A field of a request.
enum RequestField: UInt16, CaseIterable {
  case op, request, id, namespace, vector, metadata, transaction, operations, directory
  case dimension, options, count, metric, version

  /// The field with this key.
  init?(key: [UInt8]) {
    guard let field = Self.allCases.first(where: { key.isName($0.name) }) else { return nil }
    self = field
  }

  /// The key.
  var name: StaticString {
    switch self {
    case .op: "op"
    case .request: "request"
    case .id: "id"
    case .namespace: "namespace"
    case .vector: "vector"
    case .metadata: "metadata"
    case .transaction: "transaction"
    case .operations: "operations"
    case .directory: "directory"
    case .dimension: "dimension"
    case .options: "options"
    case .count: "count"
    case .metric: "metric"
    case .version: "protocol"
    }
  }

  /// Its bit in a set of fields.
  var bit: UInt16 { 1 << rawValue }

  /// The fields that `operation` has; all others are unknown to it, and ignored.
  static func fields(of operation: OperationName) -> UInt16 {
    let own: [RequestField] =
      switch operation {
      case .hello: [.options, .version]
      case .open: [.directory, .dimension, .options]
      case .put: [.id, .namespace, .vector, .metadata, .transaction]
      case .delete, .get: [.id, .namespace, .transaction]
      case .batch: [.operations]
      case .begin, .commit, .abort: [.transaction]
      case .createNamespace, .dropNamespace, .clear: [.namespace]
      case .search: [.vector, .count, .metric, .namespace]
      case .flush, .checkpoint, .dump, .stats, .close: []
      }
    return own.reduce(RequestField.op.bit | RequestField.request.bit) { $0 | $1.bit }
  }
}

/// The fields of one request as they were read.
struct RequestFields {
  /// Where the request's object starts.
  var start: Int
  /// Which fields there were, `null` included.
  var seen: UInt16 = 0
  var request: UInt64?
  var id: [UInt8] = []
  var namespace: [UInt8]?
  var vector: [Float] = []
  var metadata: [UInt8] = []
  var transaction: UInt64?
  var operations: [Mutation] = []
  var directory: [UInt8] = []
  var dimension = 0
  var options = JSONValue.emptyObject
  var count = 0
  var metric = SearchQuery.Metric.l2
  var version: UInt64 = 1

  init(start: Int) { self.start = start }

  /// An error unless all of `fields` were there.
  func require(_ fields: RequestField...) throws(JSONError) {
    for field in fields where seen & field.bit == 0 {
      throw JSONError(offset: start, reason: .missingField(field.name.description))
    }
  }

  /// The record that a request is about.
  func key() throws(JSONError) -> RecordKey {
    try require(.id)
    return RecordKey(namespace: namespace ?? [], id: id)
  }

  /// The put or delete that these fields are.
  func mutation(_ operation: OperationName) throws(JSONError) -> Mutation {
    let key = try key()
    if operation == .delete { return .delete(key) }
    try require(.vector)
    return .put(key, RecordValue(vector: vector, metadata: Metadata(alreadyCanonical: metadata)))
  }

  /// The request that these fields are.
  func request(_ operation: OperationName) throws(JSONError) -> Request {
    switch operation {
    case .hello: return .hello(options: options)
    case .open:
      try require(.directory, .dimension)
      let directory = String(decoding: directory, as: UTF8.self)
      return .open(directory: directory, dimension: dimension, options: options)
    case .put, .delete: return .mutate(try mutation(operation), transaction: transaction)
    case .batch:
      try require(.operations)
      return .batch(operations)
    case .begin: return .begin(transaction: try namedTransaction())
    case .commit: return .commit(transaction: try namedTransaction())
    case .abort: return .abort(transaction: try namedTransaction())
    case .createNamespace: return .createNamespace(try namedNamespace())
    case .dropNamespace: return .dropNamespace(try namedNamespace())
    case .clear: return .clear(namespace: namespace)
    case .flush: return .flush
    case .checkpoint: return .checkpoint
    case .get: return .get(try key(), transaction: transaction)
    case .search:
      try require(.vector, .count, .metric)
      return .search(
        SearchQuery(vector: vector, count: count, metric: metric, namespace: namespace ?? []))
    case .dump: return .dump
    case .stats: return .stats
    case .close: return .close
    }
  }

  private func namedTransaction() throws(JSONError) -> UInt64 {
    guard let transaction else {
      throw JSONError(offset: start, reason: .missingField("transaction"))
    }
    return transaction
  }

  private func namedNamespace() throws(JSONError) -> [UInt8] {
    guard let namespace else {
      throw JSONError(offset: start, reason: .missingField("namespace"))
    }
    return namespace
  }
}
