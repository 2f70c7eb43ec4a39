internal import StorageInterface

/// Writes a snapshot beside, syncs it, gives it its name and makes the name durable.
struct SnapshotWriter {
  let files: StoreFiles
  /// The level of compression; nil for none.
  let compression: Int?

  /// How far the snapshot got before the error.
  typealias Failure = SegmentWriter.Failure

  /// Writes the records of `table` as the checkpoint that `header` describes. When it returns, the
  /// snapshot is durable under its name.
  func write(_ header: SnapshotHeader, _ table: RecordTable) throws(Failure) {
    let temporary = StoreFileName.temporary(header.checkpoint).path
    let file: FileID
    do throws(StoreError) {
      file = try files.open(temporary, .createNew)
    } catch {
      throw .beforeBarrier(error)
    }
    do throws(StoreError) {
      let stream = SnapshotStream(
        files: files, file: file, path: temporary, checkpoint: header.checkpoint,
        compression: compression)
      try stream.write(header, table)
    } catch {
      files.storage.close(file)
      _ = files.discard(temporary)
      throw .beforeBarrier(error)
    }
    do throws(StoreError) {
      defer { files.storage.close(file) }
      try files.synchronize(file, path: temporary)
    } catch {
      throw .atBarrier(error)
    }
    do throws(StoreError) {
      try files.rename(temporary, to: StoreFileName.snapshot(header.checkpoint).path)
    } catch {
      throw .beforeBarrier(error)
    }
    do throws(StoreError) {
      try files.synchronizeDirectory()
    } catch {
      throw .atBarrier(error)
    }
  }
}

/// The bytes of a snapshot on their way into its file.
private final class SnapshotStream {
  /// The bytes that are gathered before they are written, and what the offsets of such writes are
  /// multiples of: the kernel keeps in one huge page what was written at once and aligned to one,
  /// and a search of the mapping is a tenth faster then (measured).
  private static let gatheredBytes = 2 << 20

  private let files: StoreFiles
  private let file: FileID
  private let path: String
  private let checkpoint: UInt64
  private let compression: Int?
  private let buffer = LogBuffer(capacity: 4096)
  /// What of the present block has been gathered.
  private let block = LogBuffer(capacity: 4096)
  private var table: [UInt32] = []
  /// The offset of the buffer's first byte.
  private var offset = 0
  private var sections: [SnapshotSection] = []

  init(files: StoreFiles, file: FileID, path: String, checkpoint: UInt64, compression: Int?) {
    self.files = files
    self.file = file
    self.path = path
    self.checkpoint = checkpoint
    self.compression = compression
  }

  private var position: Int { offset + buffer.count }

  func write(_ header: SnapshotHeader, _ records: RecordTable) throws(StoreError) {
    buffer.appendZeros(LogFormat.snapshotHeaderBytes)
    let numbers = try writeNamespaces(records)
    try writeRows(records, numbers)
    try writeTexts(records)
    try writeVectors(records)
    var header = header
    header.sections = sections
    header.fileBytes = position
    let bytes = header.encoded()
    if offset == 0 {
      buffer.replace(at: 0, with: bytes.bytes)
      try flush()
    } else {
      try flush()
      try files.write(bytes.bytes, to: file, at: 0, path: path)
    }
  }

  /// Writes the namespaces that are there, and returns the number that each has in the snapshot.
  private func writeNamespaces(_ records: RecordTable) throws(StoreError) -> [UInt32] {
    begin(.namespaces, blockBytes: SnapshotSection.textBlockBytes)
    var numbers = [UInt32](repeating: 0, count: records.namespaces.all.count)
    var next: UInt32 = 1
    for (number, namespace) in records.namespaces.all.enumerated()
    where number > 0 && namespace.exists {
      numbers[number] = next
      next += 1
      let entry = LogBuffer()
      entry.append(UInt32(namespace.name.count))
      entry.append(namespace.name)
      entry.padToAlignment()
      try entry.bytes.withUnsafeBytes { (bytes) throws(StoreError) in try add(bytes) }
    }
    try end()
    return numbers
  }

  private func writeRows(_ records: RecordTable, _ numbers: [UInt32]) throws(StoreError) {
    begin(.rows, blockBytes: records.blockCount * RecordTable.rowBytes)
    var place = TextPlacement()
    for number in 0..<records.rowCount {
      var row = records.row(number)
      guard row.isLive else { continue }
      row.text = UInt64(place.take(row.textCount).place)
      row.namespace = numbers[Int(row.namespace)]
      try add(row)
    }
    try end()
  }

  private func add(_ row: RecordTable.Row) throws(StoreError) {
    let count = block.count
    block.append(row.text)
    block.append(row.time)
    block.append(row.namespace)
    block.append(row.idCount)
    block.append(row.metadataCount)
    block.append(UInt32(0))
    section.plainBytes += block.count - count
    if block.count == section.blockBytes { try endBlock() }
  }

  private func writeTexts(_ records: RecordTable) throws(StoreError) {
    begin(.texts, blockBytes: SnapshotSection.textBlockBytes)
    var place = TextPlacement()
    for number in 0..<records.rowCount {
      let row = records.row(number)
      guard row.isLive else { continue }
      var padding = place.take(row.textCount).padding
      while padding > 0 {
        let zeros = [UInt8](repeating: 0, count: min(padding, 64 << 10))
        try zeros.span.bytes.withUnsafeBytes { (bytes) throws(StoreError) in try add(bytes) }
        padding -= zeros.count
      }
      try add(records.text(row))
    }
    try end()
  }

  private func writeVectors(_ records: RecordTable) throws(StoreError) {
    let stride = records.dimension * 4
    begin(.vectors, blockBytes: records.blockCount * stride)
    for number in 0..<records.rowCount where records.row(number).isLive {
      try records.check(number)
      try add(UnsafeRawBufferPointer(start: records.vector(number), count: stride))
    }
    try end()
  }

  /// The section that is being written.
  private var section: SnapshotSection {
    get { sections[sections.count - 1] }
    set { sections[sections.count - 1] = newValue }
  }

  private func begin(_ kind: SnapshotSection.Kind, blockBytes: Int) {
    let start = SnapshotSection.place(behind: position)
    buffer.appendZeros(start - position)
    sections.append(
      SnapshotSection(
        kind: kind, codec: compression == nil ? .plain : .zstd, plainBytes: 0, dataOffset: start,
        blockBytes: blockBytes))
    table.removeAll()
  }

  private func add(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = rest.prefix(section.blockBytes - block.count)
      block.append(UnsafeRawBufferPointer(rebasing: part))
      section.plainBytes += part.count
      rest = rest.dropFirst(part.count)
      if block.count == section.blockBytes { try endBlock() }
    }
  }

  private func endBlock() throws(StoreError) {
    if block.count == 0 { return }
    let block = block
    let packed = compression.flatMap { Compression.compress(block.bytes, level: $0) }
    let stored = packed ?? block
    let sum = SnapshotSection.checksum(
      stored.bytes, checkpoint: checkpoint, kind: section.kind, block: table.count / 2)
    table.append(UInt32(stored.count))
    table.append(sum)
    section.storedBytes += stored.count
    buffer.append(stored.bytes)
    block.truncate(to: 0)
    while buffer.count >= Self.gatheredBytes { try flush(Self.gatheredBytes) }
  }

  private func end() throws(StoreError) {
    try endBlock()
    let buffer = buffer
    buffer.appendZeros(section.tableOffset - position)
    var crc = CRC32C()
    let start = buffer.count
    for word in table { buffer.append(word) }
    crc.combine(checkpoint, UInt64(section.kind.rawValue))
    crc.combine(buffer.bytes.extracting(start..<buffer.count))
    section.tableSum = crc.finished
  }

  private func flush() throws(StoreError) { try flush(buffer.count) }

  /// Writes the first `count` bytes that are gathered.
  private func flush(_ count: Int) throws(StoreError) {
    let buffer = buffer
    try files.write(buffer.bytes.extracting(0..<count), to: file, at: UInt64(offset), path: path)
    offset += count
    buffer.removeFirst(count)
  }
}

/// Where texts lie in their section: one behind the other, none over a multiple of 2²⁵, so that a
/// reader can keep the section in pieces of that size.
struct TextPlacement {
  /// The bytes of a piece.
  static let pieceBytes = 1 << 25
  private var end = 0

  /// The place of the next text, of `count` bytes, and how many zeros stand before it.
  mutating func take(_ count: Int) -> (place: Int, padding: Int) {
    var padding = 0
    if end / Self.pieceBytes != (end + max(count, 1) - 1) / Self.pieceBytes {
      padding = Self.pieceBytes - end % Self.pieceBytes
    }
    let place = end + padding
    end = place + count
    return (place, padding)
  }
}
