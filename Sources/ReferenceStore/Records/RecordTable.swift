/// Every record in memory: one array a column, one hash table from key to row.
///
/// Components of all vectors lie one behind the other, so a search walks memory once; names and
/// metadata share an arena. Loading a record allocates nothing of its own. The order of rows
/// depends only on the history of mutations, never on hashing.
struct RecordTable {
  /// The number of components of every vector.
  let dimension: Int

  struct Row {
    var hash: UInt32
    /// Where namespace, id and metadata start in the arena.
    var start: Int
    var namespaceCount: Int32
    var idCount: Int32
    var metadataCount: Int32

    var namespace: Range<Int> { start..<start + Int(namespaceCount) }
    var id: Range<Int> { namespace.upperBound..<namespace.upperBound + Int(idCount) }
    var metadata: Range<Int> { id.upperBound..<id.upperBound + Int(metadataCount) }
    var text: Range<Int> { start..<metadata.upperBound }
  }

  private(set) var rows: [Row] = []
  private(set) var components: [Float] = []
  private(set) var arena: [UInt8] = []
  /// How many bytes of the arena belong to no row any more.
  private var garbageBytes = 0
  private var buckets = HashBuckets()

  /// An empty table.
  init(dimension: Int) { self.dimension = dimension }

  /// How many records there are.
  var count: Int { rows.count }

  /// Makes room for about `count` records with `bytes` bytes of names and metadata.
  mutating func reserve(_ count: Int, bytes: Int) {
    rows.reserveCapacity(count)
    components.reserveCapacity(count * dimension)
    arena.reserveCapacity(bytes)
    buckets.reserve(count, hashes: rows)
  }

  /// The row of a key, or nil.
  func row(namespace: RawSpan, id: RawSpan) -> Int? {
    find(namespace: namespace, id: id, hash: Self.hash(namespace: namespace, id: id))
  }

  /// Applies every entry in `range` of `bytes`; false when they make no sense (then some may have
  /// been applied).
  mutating func apply(_ bytes: RawSpan, in range: Range<Int>) -> Bool {
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard
        let entry = Entry(bytes, at: offset, limit: range.upperBound, dimension: dimension)
      else { return false }
      switch entry.kind {
      case .put: put(entry, in: bytes)
      case .delete: delete(entry, in: bytes)
      }
      offset = entry.end
    }
    return true
  }

  private mutating func put(_ entry: Entry, in bytes: RawSpan) {
    let namespace = bytes.extracting(entry.namespace)
    let id = bytes.extracting(entry.id)
    let hash = Self.hash(namespace: namespace, id: id)
    let text = bytes.extracting(entry.text)
    let vector = bytes.extracting(entry.components)
    if let index = find(namespace: namespace, id: id, hash: hash) {
      components.replace(from: index * dimension, with: vector)
      let old = rows[index].text
      let metadata = bytes.extracting(entry.id.upperBound..<entry.text.upperBound)
      if arena.span.bytes.extracting(rows[index].metadata).sameBytes(as: metadata) { return }
      rows[index].start = arena.count
      rows[index].metadataCount = Int32(entry.metadataCount)
      arena.append(text)
      garbageBytes += old.count
      collectGarbage()
    } else {
      let row = Row(
        hash: hash, start: arena.count, namespaceCount: Int32(entry.namespaceCount),
        idCount: Int32(entry.idCount), metadataCount: Int32(entry.metadataCount))
      rows.append(row)
      arena.append(text)
      components.append(contentsOf: repeatElement(0, count: dimension))
      components.replace(from: (rows.count - 1) * dimension, with: vector)
      buckets.insert(rows.count - 1, hashes: rows)
    }
  }

  private mutating func delete(_ entry: Entry, in bytes: RawSpan) {
    let namespace = bytes.extracting(entry.namespace)
    let id = bytes.extracting(entry.id)
    let hash = Self.hash(namespace: namespace, id: id)
    guard let index = find(namespace: namespace, id: id, hash: hash) else { return }
    buckets.remove(index, hashes: rows)
    garbageBytes += rows[index].text.count
    let last = rows.count - 1
    if index != last {
      // The last row moves into the gap, so that the columns stay dense.
      buckets.move(last, to: index, hashes: rows)
      rows[index] = rows[last]
      for component in 0..<dimension {
        components[index * dimension + component] = components[last * dimension + component]
      }
    }
    rows.removeLast()
    components.removeLast(dimension)
    collectGarbage()
  }

  private func find(namespace: RawSpan, id: RawSpan, hash: UInt32) -> Int? {
    var probe = buckets.firstProbe(hash)
    while let index = buckets.row(at: probe) {
      let row = rows[index]
      if row.hash == hash, arena.span.bytes.extracting(row.namespace).sameBytes(as: namespace),
        arena.span.bytes.extracting(row.id).sameBytes(as: id)
      {
        return index
      }
      probe = buckets.nextProbe(probe)
    }
    return nil
  }

  private static func hash(namespace: RawSpan, id: RawSpan) -> UInt32 {
    var crc = CRC32C()
    if namespace.byteCount > 0 { crc.combine(namespace) }
    // Without the length, ("a", "bc") and ("ab", "c") would always collide.
    crc.combine(UInt64(namespace.byteCount))
    crc.combine(id)
    return crc.finished
  }

  /// Rewrites the arena once more than half of it belongs to nobody.
  private mutating func collectGarbage() {
    guard garbageBytes > 4096, garbageBytes > arena.count / 2 else { return }
    var compacted: [UInt8] = []
    compacted.reserveCapacity(arena.count - garbageBytes)
    for index in rows.indices {
      let text = rows[index].text
      rows[index].start = compacted.count
      compacted.append(contentsOf: arena[text])
    }
    arena = compacted
    garbageBytes = 0
  }
}

extension RecordTable {
  /// How many bytes the entries of all records take.
  var encodedBytes: Int {
    let fixed = LogFormat.entryHeaderBytes + dimension * 4
    return rows.reduce(0) { $0 + LogFormat.aligned(fixed + $1.text.count) }
  }

  /// Appends the entry of record `index`, as a put.
  func append(entry index: Int, to buffer: inout [UInt8]) {
    let row = rows[index]
    buffer.append(littleEndian: UInt32(Entry.Kind.put.rawValue))
    buffer.append(littleEndian: UInt32(row.namespaceCount))
    buffer.append(littleEndian: UInt32(row.idCount))
    buffer.append(littleEndian: UInt32(row.metadataCount))
    for component in components[index * dimension..<(index + 1) * dimension] {
      buffer.append(littleEndian: component.bitPattern)
    }
    buffer.append(contentsOf: arena[row.text])
    buffer.padToAlignment()
  }
}
