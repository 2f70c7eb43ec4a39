// What loading a snapshot needs, and what makes room again.
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
