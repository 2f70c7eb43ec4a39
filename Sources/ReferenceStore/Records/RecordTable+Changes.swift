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
