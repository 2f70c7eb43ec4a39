/// Writes requests as lines of protocol version 1.
public enum RequestEncoder {
  /// The line of `request`, its newline included; with `number`, the `request` field has it.
  public static func line(_ request: Request, number: UInt64?) -> [UInt8] {
    var out: [UInt8] = []
    append(request, number: number, to: &out)
    out.append(0x0A)
    return out
  }

  /// Appends the JSON text of `request` without a newline.
  ///
  /// The `op` field is written first, so that a reader knows what the others mean.
  public static func append(_ request: Request, number: UInt64?, to out: inout [UInt8]) {
    out.appendText("{\"op\":\"")
    out.append(contentsOf: request.name.rawValue.utf8)
    out.append(0x22)
    if let number {
      out.appendText(",\"request\":")
      out.appendUnsigned(number)
    }
    switch request {
    case .hello(let options):
      out.appendText(",\"protocol\":1,\"options\":")
      out.appendJSON(options)
    case .open(let directory, let dimension, let options):
      out.appendText(",\"directory\":")
      out.appendJSONString(directory.utf8)
      out.appendText(",\"dimension\":")
      out.appendUnsigned(UInt64(max(0, dimension)))
      out.appendText(",\"options\":")
      out.appendJSON(options)
    case .mutate(let mutation, let transaction):
      out.appendFields(of: mutation)
      out.appendTransaction(transaction)
    case .batch(let mutations):
      out.appendText(",\"operations\":[")
      for (index, mutation) in mutations.enumerated() {
        out.appendText(index > 0 ? ",{\"op\":\"" : "{\"op\":\"")
        out.append(contentsOf: Request.mutate(mutation, transaction: nil).name.rawValue.utf8)
        out.append(0x22)
        out.appendFields(of: mutation)
        out.append(0x7D)
      }
      out.append(0x5D)
    case .begin(let transaction), .commit(let transaction), .abort(let transaction):
      out.appendTransaction(transaction)
    case .createNamespace(let namespace), .dropNamespace(let namespace):
      out.appendNamespace(namespace, isNamedAlways: true)
    case .clear(let namespace):
      if let namespace { out.appendNamespace(namespace, isNamedAlways: true) }
    case .get(let key, let transaction):
      out.appendFields(of: key)
      out.appendTransaction(transaction)
    case .search(let query):
      out.appendText(",\"vector\":")
      out.appendVector(query.vector)
      out.appendText(",\"count\":")
      out.appendUnsigned(UInt64(max(0, query.count)))
      out.appendText(",\"metric\":\"")
      out.append(contentsOf: query.metric.rawValue.utf8)
      out.append(0x22)
      out.appendNamespace(query.namespace)
    case .flush, .checkpoint, .dump, .stats, .close: break
    }
    out.append(0x7D)
  }
}

extension [UInt8] {
  /// Appends `,"id":…` and, unless it is the default one, `,"namespace":…`.
  fileprivate mutating func appendFields(of key: RecordKey) {
    appendText(",\"id\":")
    appendJSONString(key.id)
    appendNamespace(key.namespace)
  }

  /// Appends the fields of a put or delete.
  fileprivate mutating func appendFields(of mutation: Mutation) {
    appendFields(of: mutation.key)
    if case .put(_, let value) = mutation {
      appendText(",\"vector\":")
      appendVector(value.vector)
      appendMetadata(value.metadata)
    }
  }

  fileprivate mutating func appendTransaction(_ transaction: UInt64?) {
    guard let transaction else { return }
    appendText(",\"transaction\":")
    appendUnsigned(transaction)
  }

  /// Appends `,"namespace":…`; nothing for the default one, unless it is always named.
  mutating func appendNamespace(
    _ namespace: some Collection<UInt8>, isNamedAlways: Bool = false
  ) {
    guard isNamedAlways || !namespace.isEmpty else { return }
    appendText(",\"namespace\":")
    appendJSONString(namespace)
  }

  /// Appends `,"metadata":…`; nothing where it is empty, which is the same.
  mutating func appendMetadata(_ metadata: Metadata) {
    guard !metadata.canonical.isEmpty else { return }
    appendText(",\"metadata\":")
    append(contentsOf: metadata.canonical)
  }

  /// Appends a vector as an array.
  mutating func appendVector(_ vector: some Sequence<Float>) {
    append(0x5B)
    var isFirst = true
    for component in vector {
      if !isFirst { append(0x2C) }
      isFirst = false
      appendComponent(component)
    }
    append(0x5D)
  }
}
