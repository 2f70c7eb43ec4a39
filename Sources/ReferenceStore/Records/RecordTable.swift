/// Every record in memory: columns of rows, vectors and texts, and a hash table from key to row.
///
/// The components of all vectors lie in blocks one behind the other, so a search walks memory once.
/// Loading a record allocates nothing of its own. A row's number does not change while the record
/// is there, and the order of rows depends only on the history of mutations, never on hashing.
///
/// A table can stand on a mapped snapshot: then its first blocks are the snapshot's, private to
/// this process, and a block of vectors is checked before it is first used.
final class RecordTable {
  /// What the table says of one record; the layout of the snapshot's rows.
  struct Row {
    /// Where the id begins among the texts; the metadata follows it. In a free row: the next free
    /// row plus one.
    var text: UInt64
    /// The store's clock when the record was last put.
    var time: UInt64
    /// The number of its namespace.
    var namespace: UInt32
    /// The length of the id; 0 in a free row.
    var idCount: UInt32
    /// The length of the metadata.
    var metadataCount: UInt32
    /// Zero.
    var reserved: UInt32 = 0

    /// Whether a record is here.
    @inline(__always)
    var isLive: Bool { idCount != 0 }
    /// The length of id and metadata.
    @inline(__always)
    var textCount: Int { Int(idCount) + Int(metadataCount) }
  }

  /// The bytes of a row.
  static let rowBytes = 32

  /// The number of components of every vector.
  let dimension: Int
  /// The namespaces.
  private(set) var namespaces = NamespaceTable()
  /// How many records there are.
  private(set) var count = 0
  /// How many rows are in use or free; every row's number is below.
  private(set) var rowCount = 0
  /// The bytes of the texts of all records.
  private(set) var textBytes = 0
  /// The blocks of vectors that are not yet checked; nil when there is no mapping.
  private(set) var unchecked: UncheckedBlocks?

  private var rows: BlockColumn
  private var vectors: BlockColumn
  private var texts = TextHeap()
  private var index = KeyIndex()
  private var firstFree = 0
  private var freeCount = 0

  /// An empty table.
  init(dimension: Int) {
    self.dimension = dimension
    precondition(MemoryLayout<Row>.size == Self.rowBytes, "rows are as the snapshot has them")
    let shift = BlockColumn.shift(stride: dimension * 4)
    rows = BlockColumn(stride: Self.rowBytes, shift: shift)
    vectors = BlockColumn(stride: dimension * 4, shift: shift)
  }

  deinit {
    rows.deallocate()
    vectors.deallocate()
    texts.deallocate()
  }

  /// How many records a block of vectors has.
  var blockCount: Int { vectors.blockCount }

  /// Row `number`.
  @inline(__always)
  func row(_ number: Int) -> Row { rows.address(number).load(as: Row.self) }

  @inline(__always)
  private func setRow(_ number: Int, _ row: Row) {
    rows.address(number).storeBytes(of: row, as: Row.self)
  }

  /// The id of a row.
  @inline(__always)
  func id(_ row: Row) -> UnsafeRawBufferPointer { texts.text(Int(row.text), Int(row.idCount)) }

  /// The metadata of a row.
  @inline(__always)
  func metadata(_ row: Row) -> UnsafeRawBufferPointer {
    texts.text(Int(row.text) + Int(row.idCount), Int(row.metadataCount))
  }

  /// The id and metadata of a row.
  @inline(__always)
  func text(_ row: Row) -> UnsafeRawBufferPointer { texts.text(Int(row.text), row.textCount) }

  /// The components of row `number`, after `check`.
  @inline(__always)
  func vector(_ number: Int) -> UnsafeMutableRawPointer { vectors.address(number) }

  /// Makes sure that the vector of row `number` is what was written: fails with `corrupt` when a
  /// mapped snapshot's block is not.
  @inline(__always)
  func check(_ number: Int) throws(StoreError) {
    if let unchecked { try unchecked.check(number >> vectors.shift) }
  }

  /// Makes room for `count` more records.
  func reserve(_ more: Int) { index.reserve(count + more) }

  /// The row of a key, or nil.
  @inline(__always)
  func find(namespace: RawSpan, id: RawSpan) -> Int? {
    guard let number = namespaces.number(namespace) else { return nil }
    return find(namespace: number, id: id, hash: KeyHash.hash(namespace: number, id: id))
  }

  /// The row of a key, or nil.
  func find(_ key: Store.Key) -> Int? {
    find(namespace: key.namespace.span.bytes, id: key.id.span.bytes)
  }

  @inline(__always)
  private func find(namespace: UInt32, id: RawSpan, hash: UInt32) -> Int? {
    var probe = index.firstProbe(hash)
    while let entry = index.entry(at: probe) {
      if entry.hash == hash {
        let row = row(entry.row)
        if row.namespace == namespace, Int(row.idCount) == id.byteCount,
          RawSpan(_unsafeBytes: self.id(row)).sameBytes(as: id)
        {
          return entry.row
        }
      }
      probe = index.nextProbe(probe)
    }
    return nil
  }
}

extension RecordTable {
  /// Applies every entry in `range` of `bytes`; false when they make no sense (then some may have
  /// been applied). Fails with `corrupt` when a block that it changes is damaged, which `check` on
  /// the same records rules out.
  @inline(__always)
  func apply(_ bytes: RawSpan, in range: Range<Int>, time: UInt64) throws(StoreError) -> Bool {
    var offset = range.lowerBound
    while offset < range.upperBound {
      guard let entry = Entry(bytes, at: offset, limit: range.upperBound, dimension: dimension)
      else { return false }
      switch entry.kind {
      case .put: try put(entry, in: bytes, time: time)
      case .delete: try delete(entry, in: bytes)
      case .createNamespace: _ = namespaces.create(bytes.extracting(entry.namespace))
      case .dropNamespace: clear(bytes.extracting(entry.namespace), dropping: true)
      case .clear: clear(bytes.extracting(entry.namespace), dropping: false)
      case .clearAll: clearAll()
      }
      offset = entry.end
    }
    return true
  }

  @inline(__always)
  private func put(_ entry: Entry, in bytes: RawSpan, time: UInt64) throws(StoreError) {
    let namespace = namespaces.create(bytes.extracting(entry.namespace))
    let id = bytes.extracting(entry.id)
    let hash = KeyHash.hash(namespace: namespace, id: id)
    let number: Int
    if let found = find(namespace: namespace, id: id, hash: hash) {
      try check(found)
      number = found
      replaceText(found, entry, in: bytes, time: time)
    } else {
      number = takeRow()
      let place = bytes.extracting(entry.text).withUnsafeBytes { texts.append($0) }
      textBytes += entry.text.count
      setRow(
        number,
        Row(
          text: UInt64(place), time: time, namespace: namespace, idCount: UInt32(entry.idCount),
          metadataCount: UInt32(entry.metadataCount)))
      index.insert(number, hash: hash)
      namespaces.add(1, to: namespace)
      count += 1
    }
    bytes.extracting(entry.components).withUnsafeBytes { source in
      guard let start = source.baseAddress else { return }
      #if _endian(little)
        vectors.address(number).copyMemory(from: start, byteCount: source.count)
      #else
        for component in 0..<dimension {
          vectors.address(number).storeBytes(
            of: UInt32(
              littleEndian: start.loadUnaligned(fromByteOffset: component * 4, as: UInt32.self)),
            toByteOffset: component * 4, as: UInt32.self)
        }
      #endif
    }
  }

  private func replaceText(_ number: Int, _ entry: Entry, in bytes: RawSpan, time: UInt64) {
    var row = row(number)
    row.time = time
    let metadata = bytes.extracting(entry.metadata)
    if !RawSpan(_unsafeBytes: self.metadata(row)).sameBytes(as: metadata) {
      textBytes += entry.text.count - row.textCount
      row.text = UInt64(bytes.extracting(entry.text).withUnsafeBytes { texts.append($0) })
      row.metadataCount = UInt32(entry.metadataCount)
      setRow(number, row)
      collectGarbage()
    } else {
      setRow(number, row)
    }
  }

  @inline(__always)
  private func takeRow() -> Int {
    if firstFree != 0 {
      let number = firstFree - 1
      firstFree = Int(row(number).text)
      freeCount -= 1
      return number
    }
    rowCount += 1
    rows.reserve(rowCount)
    vectors.reserve(rowCount)
    return rowCount - 1
  }

  private func delete(_ entry: Entry, in bytes: RawSpan) throws(StoreError) {
    let id = bytes.extracting(entry.id)
    guard let number = find(namespace: bytes.extracting(entry.namespace), id: id) else { return }
    try check(number)
    remove(number)
    collectGarbage()
  }

  /// Removes the record of a row. The row is free for the next record, unless its block is not
  /// checked: changing that would change what its checksum says.
  private func remove(_ number: Int) {
    var row = row(number)
    let hash = KeyHash.hash(namespace: row.namespace, id: RawSpan(_unsafeBytes: id(row)))
    index.remove(number, hash: hash)
    namespaces.add(-1, to: row.namespace)
    textBytes -= row.textCount
    count -= 1
    row.idCount = 0
    row.metadataCount = 0
    if unchecked?.isUnchecked(number >> vectors.shift) ?? false {
      row.text = 0
    } else {
      row.text = UInt64(firstFree)
      firstFree = number + 1
      freeCount += 1
    }
    setRow(number, row)
  }

  private func clear(_ name: RawSpan, dropping: Bool) {
    guard let namespace = namespaces.number(name) else { return }
    if dropping { namespaces.drop(namespace) }
    let records = namespaces.all[Int(namespace)].records
    if records == count {
      removeAllRecords()
      return
    }
    if records == 0 { return }
    for number in 0..<rowCount {
      let row = row(number)
      if row.isLive, row.namespace == namespace { remove(number) }
    }
    collectGarbage()
  }

  private func clearAll() { removeAllRecords() }

  private func removeAllRecords() {
    rows.deallocate()
    vectors.deallocate()
    texts.deallocate()
    texts = TextHeap()
    index.removeAll()
    namespaces.removeRecords()
    unchecked = nil
    count = 0
    rowCount = 0
    textBytes = 0
    firstFree = 0
    freeCount = 0
  }

  /// Rewrites the texts once more than half of their bytes belong to nobody.
  private func collectGarbage() {
    let garbage = texts.end - textBytes
    guard garbage > 4096, garbage > texts.end / 2 else { return }
    var compacted = TextHeap()
    for number in 0..<rowCount {
      var row = row(number)
      guard row.isLive else { continue }
      row.text = UInt64(compacted.append(text(row)))
      setRow(number, row)
    }
    texts.deallocate()
    texts = compacted
  }
}

extension RecordTable {
  /// Moves the last records into free rows, when a quarter of the rows is free, and gives the
  /// memory behind them back. Rows that stand on a mapping stay.
  func compact() {
    guard unchecked == nil, freeCount > 64, freeCount * 4 > rowCount else { return }
    var gap = 0
    while true {
      while gap < rowCount, row(gap).isLive { gap += 1 }
      while rowCount > gap, !row(rowCount - 1).isLive { rowCount -= 1 }
      if gap >= rowCount { break }
      let last = rowCount - 1
      let moved = row(last)
      index.move(
        last, to: gap,
        hash: KeyHash.hash(namespace: moved.namespace, id: RawSpan(_unsafeBytes: id(moved))))
      setRow(gap, moved)
      vectors.address(gap).copyMemory(from: vectors.address(last), byteCount: dimension * 4)
      rowCount -= 1
    }
    firstFree = 0
    freeCount = 0
    rows.shrink(to: rowCount)
    vectors.shrink(to: rowCount)
  }

  // What loading a snapshot needs.

  /// Makes a namespace, and returns its number.
  func addNamespace(_ name: [UInt8]) -> UInt32 { namespaces.create(name.span.bytes) }

  /// Makes `count` rows, whose content the caller fills in before `finishLoading`.
  func makeRows(_ count: Int) {
    precondition(rowCount == 0, "a snapshot is loaded into an empty table")
    rowCount = count
    rows.reserve(count)
    vectors.reserve(count)
  }

  /// Makes `count` rows that stand on a mapped snapshot up to its last whole block; the caller
  /// fills in the rest.
  func makeRows(
    _ count: Int, rows mappedRows: UnsafeMutableRawPointer,
    vectors mappedVectors: UnsafeMutableRawPointer,
    texts mappedTexts: UnsafeMutableRawBufferPointer,
    _ unchecked: UncheckedBlocks
  ) {
    precondition(rowCount == 0, "a snapshot is loaded into an empty table")
    rowCount = count
    rows.adopt(mappedRows, blocks: count >> rows.shift)
    vectors.adopt(mappedVectors, blocks: count >> vectors.shift)
    rows.reserve(count)
    vectors.reserve(count)
    texts = TextHeap(mapped: mappedTexts)
    self.unchecked = unchecked
  }

  /// Where row `number` is, to be filled in.
  func rowAddress(_ number: Int) -> UnsafeMutableRawPointer { rows.address(number) }

  /// Makes room for `count` bytes of text and returns their place; they are filled in by the
  /// caller.
  func makeText(_ count: Int) -> (place: Int, address: UnsafeMutableRawPointer?) {
    let place = texts.reserve(count)
    return (place, count == 0 ? nil : texts.address(place))
  }

  /// Indexes the rows that were filled in; false when one makes no sense.
  func finishLoading() -> Bool {
    let rows = rows
    let texts = texts
    let places = texts.end
    let namespaceCount = namespaces.all.count
    var records = [Int](repeating: 0, count: namespaceCount)
    var hashes: [UInt32] = []
    hashes.reserveCapacity(rowCount)
    var bytes = 0
    for number in 0..<rowCount {
      let row = rows.address(number).load(as: Row.self)
      guard row.isLive, row.reserved == 0, Int(row.namespace) < namespaceCount,
        row.idCount <= LogFormat.maximumNameBytes,
        row.metadataCount <= LogFormat.maximumMetadataBytes,
        row.text <= UInt64(places), row.textCount <= places - Int(row.text),
        Int(row.text) / TextPlacement.pieceBytes
          == (Int(row.text) + row.textCount - 1) / TextPlacement.pieceBytes
      else { return false }
      hashes.append(
        KeyHash.hash(
          namespace: row.namespace,
          id: RawSpan(_unsafeBytes: texts.text(Int(row.text), Int(row.idCount)))))
      records[Int(row.namespace)] += 1
      bytes += row.textCount
    }
    for (number, count) in records.enumerated() { namespaces.add(count, to: UInt32(number)) }
    index.fill(hashes)
    textBytes = bytes
    count = rowCount
    return true
  }
}
