internal import StorageInterface

/// Reads a snapshot into an empty table, or makes the table stand on a mapping of it.
///
/// Everything but the vectors of a mapping is checked here; those are checked block by block before
/// they are first used.
struct SnapshotReader {
  let files: StoreFiles
  let path: String
  let checkpoint: UInt64
  /// The size in bytes from which on a snapshot is mapped where the storage can.
  let mapsFrom: Int

  /// Reads the file; the header is returned and the table filled.
  ///
  /// Fails with `corrupt` where a byte is not what was written, `unsupported` where the version or
  /// a feature is not known, and `invalid` when the dimension is not the table's.
  func load(into table: RecordTable) throws(StoreError) -> SnapshotHeader {
    let window = try FileWindow(path, files: files, limit: .max)
    let header = try header(window)
    try checkGaps(header, window)
    guard header.dimension == table.dimension else {
      throw .invalid(
        reason: "\(path) holds vectors of dimension \(header.dimension), not \(table.dimension)")
    }
    let isPlain = header.sections.allSatisfy { $0.codec == .plain }
    if isPlain, window.size >= mapsFrom, try map(header, window, table) { return header }
    try addNamespaces(
      read(header, header.section(.namespaces), window), header.section(.namespaces), table)
    table.makeRows(header.recordCount)
    let blockCount = table.blockCount
    for kind in [SnapshotSection.Kind.rows, .vectors] {
      try eachBlock(header, header.section(kind), window) { block, plain in
        let target =
          kind == .rows ? table.rowAddress(block * blockCount) : table.vector(block * blockCount)
        if let source = plain.baseAddress {
          target.copyMemory(from: source, byteCount: plain.count)
        }
      }
    }
    try readTexts(header, window, table)
    try finish(table)
    return header
  }

  /// Reads and checks the header.
  func header(_ window: FileWindow) throws(StoreError) -> SnapshotHeader {
    try window.need(LogFormat.snapshotHeaderBytes, at: 0)
    switch SnapshotHeader.decode(window.bytes, checkpoint: checkpoint, fileBytes: window.size) {
    case .success(let header): return header
    case .failure(.unknownVersion):
      throw .unsupported(reason: "\(path) has a version or features that are not known")
    case .failure(let failure):
      throw .corrupt(
        file: path, offset: 0, reason: "the snapshot had been synced, and \(failure.reason)")
    }
  }

  /// Fails unless the bytes between the sections, and between blocks and their tables, are zero.
  private func checkGaps(_ header: SnapshotHeader, _ window: FileWindow) throws(StoreError) {
    var end = LogFormat.snapshotHeaderBytes
    for section in header.sections {
      for gap in [
        end..<section.dataOffset, section.dataOffset + section.storedBytes..<section.tableOffset,
      ] where !gap.isEmpty {
        try window.need(gap.count, at: gap.lowerBound)
        let start = gap.lowerBound - window.start
        guard window.bytes.byteCount - start >= gap.count,
          window.bytes.extracting(start..<start + gap.count).isZero
        else {
          throw .corrupt(
            file: path, offset: UInt64(gap.lowerBound),
            reason: "the snapshot had been synced, and padding is not zero")
        }
      }
      end = section.end
    }
  }

  private func finish(_ table: RecordTable) throws(StoreError) {
    guard table.finishLoading() else {
      throw .corrupt(file: path, offset: 0, reason: "its checksums match but its rows do not")
    }
  }

  /// Makes the table stand on a mapping; false where the storage makes none.
  private func map(
    _ header: SnapshotHeader, _ window: FileWindow, _ table: RecordTable
  ) throws(StoreError) -> Bool {
    guard let mapping = try files.map(path, count: window.size) else { return false }
    let bytes = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(mapping))
    let vectors = header.section(.vectors)
    let rows = header.section(.rows)
    let texts = header.section(.texts)
    let unchecked: UncheckedBlocks
    do throws(StoreError) {
      // What is behind the last whole block is copied, so it need not be checked later.
      let sums = try blockTable(header, vectors, bytes).map(\.sum)
      unchecked = UncheckedBlocks(
        mapping, storage: files.storage, path: path, section: vectors, checkpoint: checkpoint,
        sums: sums)
    } catch {
      files.storage.unmap(mapping)
      throw error
    }
    for kind in [SnapshotSection.Kind.namespaces, .rows, .texts] {
      let section = header.section(kind)
      for (block, entry) in try blockTable(header, section, bytes).enumerated() {
        let range = section.plainRange(of: block)
        try verify(
          bytes.extracting(
            section.dataOffset + range.lowerBound..<section.dataOffset + range.upperBound),
          section, block, entry.sum, at: section.dataOffset + range.lowerBound)
      }
    }
    let names = header.section(.namespaces)
    try addNamespaces(
      [UInt8](bytes.extracting(names.dataOffset..<names.dataOffset + names.plainBytes)), names,
      table)
    guard let base = mapping.baseAddress else { return false }
    table.makeRows(
      header.recordCount, rows: base + rows.dataOffset, vectors: base + vectors.dataOffset,
      texts: UnsafeMutableRawBufferPointer(
        start: base + texts.dataOffset, count: texts.plainBytes), unchecked)
    let whole = header.recordCount / table.blockCount
    if whole * table.blockCount < header.recordCount {
      try unchecked.check(whole)
      for section in [rows, vectors] {
        let range = section.plainRange(of: whole)
        let first = whole * table.blockCount
        let target = section.kind == .rows ? table.rowAddress(first) : table.vector(first)
        target.copyMemory(
          from: base + section.dataOffset + range.lowerBound, byteCount: range.count)
      }
    }
    try finish(table)
    return true
  }

  /// The table of a section's blocks, checked.
  func blockTable(
    _ header: SnapshotHeader, _ section: SnapshotSection, _ bytes: RawSpan
  ) throws(StoreError) -> [(stored: Int, sum: UInt32)] {
    let table = bytes.extracting(section.tableOffset..<section.end)
    return try decodeTable(section, table)
  }

  private func decodeTable(
    _ section: SnapshotSection, _ table: RawSpan
  ) throws(StoreError) -> [(stored: Int, sum: UInt32)] {
    var crc = CRC32C()
    crc.combine(checkpoint, UInt64(section.kind.rawValue))
    crc.combine(table)
    var entries: [(stored: Int, sum: UInt32)] = []
    entries.reserveCapacity(section.blockCount)
    var total = 0
    for block in 0..<section.blockCount {
      let stored = Int(table.uint32(at: block * 8))
      let plain = section.plainRange(of: block).count
      guard stored <= plain, section.codec == .zstd || stored == plain else { break }
      total += stored
      entries.append((stored, table.uint32(at: block * 8 + 4)))
    }
    guard crc.finished == section.tableSum, total == section.storedBytes,
      entries.count == section.blockCount
    else {
      throw .corrupt(
        file: path, offset: UInt64(section.tableOffset),
        reason: "the snapshot had been synced, and its table of blocks is bad")
    }
    return entries
  }

  private func verify(
    _ stored: RawSpan, _ section: SnapshotSection, _ block: Int, _ sum: UInt32, at offset: Int
  ) throws(StoreError) {
    guard
      SnapshotSection.checksum(stored, checkpoint: checkpoint, kind: section.kind, block: block)
        == sum
    else {
      throw .corrupt(
        file: path, offset: UInt64(offset),
        reason: "the snapshot had been synced, and the checksum of this block does not match")
    }
  }

  /// Calls `body` with each block of a section, checked and decompressed.
  func eachBlock(
    _ header: SnapshotHeader, _ section: SnapshotSection, _ window: FileWindow,
    _ body: (Int, UnsafeRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    let scratch = LogBuffer()
    try eachStoredBlock(header, section, window) { block, _, stored, error throws(StoreError) in
      if let error { throw error }
      let plain = section.plainRange(of: block).count
      if stored.count == plain { return try body(block, stored) }
      scratch.truncate(to: 0)
      let target = UnsafeMutableRawBufferPointer(start: scratch.extend(by: plain), count: plain)
      guard Compression.decompress(RawSpan(_unsafeBytes: stored), into: target) else {
        throw .corrupt(
          file: path, offset: UInt64(section.dataOffset),
          reason: "the checksum of block \(block) matches but it cannot be decompressed")
      }
      try body(block, UnsafeRawBufferPointer(target))
    }
  }

  /// Calls `body` with each block as it is stored: its number, its offset, its bytes, and why they
  /// are bad. Fails with `corrupt` when the table of the blocks is.
  func eachStoredBlock(
    _ header: SnapshotHeader, _ section: SnapshotSection, _ window: FileWindow,
    _ body: (Int, Int, UnsafeRawBufferPointer, StoreError?) throws(StoreError) -> Void
  ) throws(StoreError) {
    let tableBytes = section.end - section.tableOffset
    try window.need(tableBytes, at: section.tableOffset)
    let start = section.tableOffset - window.start
    guard window.bytes.byteCount - start >= tableBytes else {
      throw .corrupt(file: path, offset: UInt64(section.tableOffset), reason: "the file ends here")
    }
    let entries = try decodeTable(
      section, window.bytes.extracting(start..<start + tableBytes))
    var offset = section.dataOffset
    for (block, entry) in entries.enumerated() {
      try window.need(entry.stored, at: offset)
      let at = offset - window.start
      guard window.bytes.byteCount - at >= entry.stored else {
        throw .corrupt(file: path, offset: UInt64(offset), reason: "the file ends here")
      }
      let stored = window.bytes.extracting(at..<at + entry.stored)
      var failure: StoreError?
      do throws(StoreError) {
        try verify(stored, section, block, entry.sum, at: offset)
      } catch {
        failure = error
      }
      try stored.withUnsafeBytes { (bytes) throws(StoreError) in
        try body(block, offset, bytes, failure)
      }
      offset += entry.stored
    }
  }

  /// Loads what is good: the rows and texts must be, blocks of vectors may be bad. Returns the
  /// header and the rows whose vectors were not loaded.
  func loadGoodBlocks(
    into table: RecordTable
  ) throws(StoreError) -> (header: SnapshotHeader, bad: [Range<Int>]) {
    let window = try FileWindow(path, files: files, limit: .max)
    let header = try header(window)
    try addNamespaces(
      read(header, header.section(.namespaces), window), header.section(.namespaces), table)
    table.makeRows(header.recordCount)
    let count = table.blockCount
    try eachBlock(header, header.section(.rows), window) { block, plain in
      if let source = plain.baseAddress {
        table.rowAddress(block * count).copyMemory(from: source, byteCount: plain.count)
      }
    }
    try readTexts(header, window, table)
    let bad = try loadGoodVectors(header, window, table)
    try finish(table)
    return (header, bad)
  }

  private func loadGoodVectors(
    _ header: SnapshotHeader, _ window: FileWindow, _ table: RecordTable
  ) throws(StoreError) -> [Range<Int>] {
    let section = header.section(.vectors)
    let count = table.blockCount
    var bad: [Range<Int>] = []
    try eachStoredBlock(header, section, window) { block, _, stored, error in
      let plain = section.plainRange(of: block).count
      let rows = block * count..<min(header.recordCount, (block + 1) * count)
      let target = UnsafeMutableRawBufferPointer(
        start: table.vector(rows.lowerBound), count: plain)
      if error == nil, stored.count == plain {
        target.copyMemory(from: stored)
      } else if error != nil
        || !Compression.decompress(RawSpan(_unsafeBytes: stored), into: target)
      {
        bad.append(rows)
      }
    }
    return bad
  }

  private func read(
    _ header: SnapshotHeader, _ section: SnapshotSection, _ window: FileWindow
  ) throws(StoreError) -> [UInt8] {
    var bytes: [UInt8] = []
    try eachBlock(header, section, window) { _, plain in bytes.append(contentsOf: plain) }
    return bytes
  }

  private func addNamespaces(
    _ bytes: [UInt8], _ section: SnapshotSection, _ table: RecordTable
  ) throws(StoreError) {
    var offset = 0
    var next: UInt32 = 1
    while offset < bytes.count {
      let isWhole = bytes.count - offset >= 8
      let count = isWhole ? Int(bytes.span.bytes.uint32(at: offset)) : 0
      let end = LogFormat.aligned(offset + 4 + count)
      guard isWhole, count > 0, count <= LogFormat.maximumNameBytes, end <= bytes.count,
        table.addNamespace(Array(bytes[offset + 4..<offset + 4 + count])) == next
      else {
        throw .corrupt(
          file: path, offset: UInt64(section.dataOffset + offset),
          reason: "its checksum matches but its namespaces make no sense")
      }
      next += 1
      offset = end
    }
  }

  private func readTexts(
    _ header: SnapshotHeader, _ window: FileWindow, _ table: RecordTable
  ) throws(StoreError) {
    let section = header.section(.texts)
    let piece = TextPlacement.pieceBytes
    var target: UnsafeMutableRawPointer?
    var room = 0
    var done = 0
    try eachBlock(header, section, window) { _, plain in
      // A piece is a whole number of blocks.
      if room == 0 {
        room = min(piece, section.plainBytes - done)
        target = table.makeText(room).address
      }
      if let source = plain.baseAddress { target?.copyMemory(from: source, byteCount: plain.count) }
      target = target.map { $0 + plain.count }
      room -= plain.count
      done += plain.count
    }
  }
}
