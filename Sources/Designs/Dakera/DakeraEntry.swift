/// One entry of a dakera-storage log.
enum DakeraEntry: Equatable {
  case upsert(namespace: [UInt8], vectors: [DakeraVector])
  case delete(namespace: [UInt8], ids: [[UInt8]])
  case createNamespace([UInt8])
  case deleteNamespace([UInt8])
  case checkpoint(lsn: UInt64)
  case beginTransaction(UInt64)
  case commitTransaction(UInt64)
  case rollbackTransaction(UInt64)

  /// Whether recovery leaves it out: markers are no part of what it returns.
  var isMarker: Bool {
    switch self {
    case .upsert, .delete, .createNamespace, .deleteNamespace: false
    case .checkpoint, .beginTransaction, .commitTransaction, .rollbackTransaction: true
    }
  }

  /// The entry's JSON.
  var json: [UInt8] { SerdeWriter.text(value) }

  private var value: SerdeValue {
    switch self {
    case .upsert(let namespace, let vectors):
      Self.variant(
        "Upsert", [("namespace", .string(namespace)), ("vectors", .array(vectors.map(\.value)))])
    case .delete(let namespace, let ids):
      Self.variant(
        "Delete",
        [("namespace", .string(namespace)), ("ids", .array(ids.map { SerdeValue.string($0) }))])
    case .createNamespace(let name):
      Self.variant("CreateNamespace", [("namespace", .string(name))])
    case .deleteNamespace(let name):
      Self.variant("DeleteNamespace", [("namespace", .string(name))])
    case .checkpoint(let lsn): Self.variant("Checkpoint", [("lsn", .unsigned(lsn))])
    case .beginTransaction(let number): Self.variant("TxnBegin", [("txn_id", .unsigned(number))])
    case .commitTransaction(let number): Self.variant("TxnCommit", [("txn_id", .unsigned(number))])
    case .rollbackTransaction(let number):
      Self.variant("TxnRollback", [("txn_id", .unsigned(number))])
    }
  }

  private static func variant(_ name: String, _ fields: [(String, SerdeValue)]) -> SerdeValue {
    let members = fields.map { (key: Array($0.0.utf8), value: $0.1) }
    return .object([(key: Array(name.utf8), value: .object(members))])
  }

  /// Reads an entry's JSON.
  init(parsing json: [UInt8]) throws(SerdeFailure) {
    let (name, content) = try SerdeParser.parse(json).asVariant()
    guard let content else { throw .unexpectedType }
    switch String(decoding: name, as: UTF8.self) {
    case "Upsert":
      let namespace = try content.required("namespace").asString()
      var vectors: [DakeraVector] = []
      for element in try content.required("vectors").asArray() {
        vectors.append(try DakeraVector(element))
      }
      self = .upsert(namespace: namespace, vectors: vectors)
    case "Delete":
      let namespace = try content.required("namespace").asString()
      var ids: [[UInt8]] = []
      for element in try content.required("ids").asArray() { ids.append(try element.asString()) }
      self = .delete(namespace: namespace, ids: ids)
    case "CreateNamespace":
      self = .createNamespace(try content.required("namespace").asString())
    case "DeleteNamespace":
      self = .deleteNamespace(try content.required("namespace").asString())
    case "Checkpoint": self = .checkpoint(lsn: try content.required("lsn").asUnsigned())
    case "TxnBegin": self = .beginTransaction(try content.required("txn_id").asUnsigned())
    case "TxnCommit": self = .commitTransaction(try content.required("txn_id").asUnsigned())
    case "TxnRollback": self = .rollbackTransaction(try content.required("txn_id").asUnsigned())
    default: throw .unknownVariant
    }
  }
}

/// A vector in an upsert; its metadata is a string.
struct DakeraVector: Equatable {
  var id: [UInt8]
  var values: [Float]
  var metadata: [UInt8]?

  init(id: [UInt8], values: [Float], metadata: [UInt8]?) {
    self.id = id
    self.values = values
    self.metadata = metadata
  }

  init(_ json: SerdeValue) throws(SerdeFailure) {
    id = try json.required("id").asString()
    values = try json.required("values").asFloats()
    if let text = try json.member("metadata") {
      if case .null = text { metadata = nil } else { metadata = try text.asString() }
    }
  }

  var value: SerdeValue {
    .object([
      (key: Array("id".utf8), value: .string(id)),
      (key: Array("values".utf8), value: .array(values.map { SerdeValue.single($0) })),
      (key: Array("metadata".utf8), value: metadata.map { .string($0) } ?? .null),
    ])
  }
}
