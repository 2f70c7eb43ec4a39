/// Room for the parts of one record, reused from record to record.
struct ScratchRecord {
  /// The key of the member that is being read.
  var key: [UInt8] = []
  /// The id.
  var id: [UInt8] = []
  /// The namespace.
  var namespace: [UInt8] = []
  /// The canonical metadata.
  var metadata: [UInt8] = []

  /// Empties all parts and keeps their room.
  mutating func clear() {
    id.removeAll(keepingCapacity: true)
    namespace.removeAll(keepingCapacity: true)
    metadata.removeAll(keepingCapacity: true)
  }
}

extension Dump {
  /// Appends the answer's fields: `,"records":[…]` and `,"namespaces":[…]` where there are some.
  func append(to out: inout [UInt8]) {
    out.appendText(",\"records\":[")
    for index in 0..<count {
      out.appendText(index > 0 ? ",{\"id\":" : "{\"id\":")
      withColumns(of: index) { namespace, id, vector, metadata in
        out.appendJSONString(id)
        out.appendText(",\"vector\":")
        out.appendVector(vector)
        if !metadata.isEmpty {
          out.appendText(",\"metadata\":")
          out.append(contentsOf: metadata)
        }
        out.appendNamespace(namespace)
      }
      out.append(0x7D)
    }
    out.append(0x5D)
    guard let namespaces else { return }
    out.appendText(",\"namespaces\":[")
    for (index, namespace) in namespaces.enumerated() {
      if index > 0 { out.append(0x2C) }
      out.appendJSONString(namespace)
    }
    out.append(0x5D)
  }
}
