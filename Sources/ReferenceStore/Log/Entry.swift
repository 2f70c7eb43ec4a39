/// Where the parts of one entry (a put or a delete) lie in the bytes of a payload or a snapshot.
///
/// The same bytes that were logged are applied, live and in recovery: there is one way into the
/// records.
///
/// Layout, in bytes: 0 kind (1), 1 zero (3), 4 namespace length (4), 8 id length (4), 12 metadata
/// length (4), 16 components (4 each; only in a put), namespace, id, metadata, zeros up to 8.
struct Entry {
  /// What an entry does; numbers on disk.
  enum Kind: UInt8 {
    /// Stores a record.
    case put = 1
    /// Removes a record.
    case delete = 2
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
  /// The bytes of namespace, id and metadata, one behind the other.
  var text: Range<Int> { names..<names + namespaceCount + idCount + metadataCount }
  /// The bytes of the components.
  var components: Range<Int> { vector..<names }

  /// Finds the parts of the entry at `offset`, or returns nil when there is none that makes sense
  /// within `limit`.
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
      idCount > 0, idCount <= LogFormat.maximumNameBytes,
      metadataCount <= LogFormat.maximumMetadataBytes,
      kind == .put || metadataCount == 0
    else { return nil }
    vector = offset + LogFormat.entryHeaderBytes
    names = vector + (kind == .put ? dimension * 4 : 0)
    let last = names + namespaceCount + idCount + metadataCount
    end = LogFormat.aligned(last)
    guard end <= limit, bytes.extracting(last..<end).isZero else { return nil }
  }
}

extension [UInt8] {
  /// Appends the entry of one mutation, which was checked before.
  mutating func append(entryOf mutation: Store.Mutation) {
    precondition(count % LogFormat.alignment == 0, "entries start at the alignment")
    switch mutation {
    case .put(let key, let vector, let metadata):
      append(entry: .put, key, metadataCount: metadata.count)
      append(vector: vector)
      append(contentsOf: key.namespace)
      append(contentsOf: key.id)
      append(contentsOf: metadata)
    case .delete(let key):
      append(entry: .delete, key, metadataCount: 0)
      append(contentsOf: key.namespace)
      append(contentsOf: key.id)
    }
    padToAlignment()
  }

  private mutating func append(entry kind: Entry.Kind, _ key: Store.Key, metadataCount: Int) {
    append(littleEndian: UInt32(kind.rawValue))
    append(littleEndian: UInt32(key.namespace.count))
    append(littleEndian: UInt32(key.id.count))
    append(littleEndian: UInt32(metadataCount))
  }
}
