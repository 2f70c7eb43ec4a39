/// Where the parts of one entry lie in the bytes of a payload.
///
/// The same bytes that were logged are applied, live and in recovery: there is one way into the
/// records.
///
/// Layout, in bytes: 0 kind (1), 1 zero (3), 4 namespace length (4), 8 id length (4), 12 metadata
/// length (4), 16 components (4 each; only in a put), namespace, id, metadata, zeros up to 8.
struct Entry {
  /// What an entry does; numbers on disk.
  enum Kind: UInt8 {
    /// Stores a record; its namespace comes to be if it is not there.
    case put = 1
    /// Removes a record.
    case delete = 2
    /// Makes a namespace.
    case createNamespace = 3
    /// Removes a namespace and its records.
    case dropNamespace = 4
    /// Removes the records of one namespace.
    case clear = 5
    /// Removes the records of every namespace.
    case clearAll = 6

    /// Whether it concerns one record, by its id.
    var hasID: Bool { self == .put || self == .delete }
  }

  /// What it does.
  var kind: Kind
  /// The offset of the first component.
  var vector: Int
  /// The offset of the namespace; the id follows, then the metadata.
  var names: Int
  /// The length of the namespace.
  var namespaceCount: Int
  /// The length of the id.
  var idCount: Int
  /// The length of the metadata.
  var metadataCount: Int
  /// The offset behind the entry and its padding.
  var end: Int

  /// The bytes of the namespace.
  var namespace: Range<Int> { names..<names + namespaceCount }
  /// The bytes of the id.
  var id: Range<Int> { names + namespaceCount..<names + namespaceCount + idCount }
  /// The bytes of the metadata.
  var metadata: Range<Int> { id.upperBound..<id.upperBound + metadataCount }
  /// The bytes of id and metadata, one behind the other.
  var text: Range<Int> { id.lowerBound..<metadata.upperBound }
  /// The bytes of the components.
  var components: Range<Int> { vector..<names }

  /// Finds the parts of the entry at `offset`, or returns nil when there is none that makes sense
  /// within `limit`.
  @inline(__always)
  init?(_ bytes: RawSpan, at offset: Int, limit: Int, dimension: Int) {
    guard limit - offset >= LogFormat.entryHeaderBytes,
      let kind = Kind(rawValue: bytes.uint8(at: offset)),
      bytes.uint32(at: offset) >> 8 == 0
    else { return nil }
    self.kind = kind
    namespaceCount = Int(bytes.uint32(at: offset + 4))
    idCount = Int(bytes.uint32(at: offset + 8))
    metadataCount = Int(bytes.uint32(at: offset + 12))
    guard namespaceCount <= LogFormat.maximumNameBytes,
      idCount <= LogFormat.maximumNameBytes, (idCount > 0) == kind.hasID,
      metadataCount <= LogFormat.maximumMetadataBytes,
      kind == .put || metadataCount == 0,
      kind != .clearAll || namespaceCount == 0,
      namespaceCount > 0 || (kind != .createNamespace && kind != .dropNamespace)
    else { return nil }
    vector = offset + LogFormat.entryHeaderBytes
    names = vector + (kind == .put ? dimension * 4 : 0)
    let last = names + namespaceCount + idCount + metadataCount
    end = LogFormat.aligned(last)
    guard end <= limit, bytes.extracting(last..<end).isZero else { return nil }
  }
}

extension LogBuffer {
  /// Appends the entry of one mutation, which was checked before.
  func append(entryOf mutation: Store.Mutation) {
    precondition(count % LogFormat.alignment == 0, "entries start at the alignment")
    switch mutation {
    case .put(let key, let vector, let metadata):
      append(entry: .put, key.namespace, key.id, metadataCount: metadata.count)
      append(vector: vector)
      append(key.namespace)
      append(key.id)
      append(metadata)
      padToAlignment()
    case .delete(let key):
      append(entry: .delete, key.namespace, key.id, metadataCount: 0)
      append(key.namespace)
      append(key.id)
      padToAlignment()
    }
  }

  /// Appends an entry that concerns a namespace, or all of them.
  func append(_ kind: Entry.Kind, namespace: [UInt8]) {
    precondition(!kind.hasID, "it concerns no record")
    append(entry: kind, namespace, [], metadataCount: 0)
    append(namespace)
    padToAlignment()
  }

  @inline(__always)
  private func append(
    entry kind: Entry.Kind, _ namespace: [UInt8], _ id: [UInt8], metadataCount: Int
  ) {
    append(UInt32(kind.rawValue))
    append(UInt32(namespace.count))
    append(UInt32(id.count))
    append(UInt32(metadataCount))
  }
}
