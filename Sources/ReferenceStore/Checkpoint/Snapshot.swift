internal import StorageInterface

/// What a snapshot says about itself and the log: everything but the records.
///
/// Layout of the file, in bytes: 0 magic (8), 8 version (4), 12 dimension (4), 16 checkpoint (8),
/// 24 last LSN (8), 32 next LSN (8), 40 next segment (8), 48 position: segment (8), 56 position: end
/// (8), 64 position: tag (4), 68 zero (4), 72 count of records (8), 80 bytes of entries (8), 88 the
/// entries, then checksum over all before it (4), zero (4).
struct SnapshotHeader: Equatable {
  /// The number of components of every vector.
  var dimension: Int
  /// The checkpoint's number, the same as in the file's name.
  var checkpoint: UInt64
  /// The LSN up to which the records hold every mutation.
  var lastLSN: LSN
  /// Above every LSN given so far, also to mutations that failed.
  var nextLSN: LSN
  /// Above every segment seen so far; segments below it are not needed any more.
  var nextSegment: SegmentNumber
  /// Where the log stood; the next segment's header says the same.
  var position: LogPosition
  /// How many records follow.
  var recordCount: Int
  /// How many bytes their entries take.
  var entryBytes: Int

  /// The bytes of the header.
  func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: LogFormat.snapshotMagic)
    bytes.append(littleEndian: LogFormat.version)
    bytes.append(littleEndian: UInt32(dimension))
    bytes.append(littleEndian: checkpoint)
    bytes.append(littleEndian: lastLSN.rawValue)
    bytes.append(littleEndian: nextLSN.rawValue)
    bytes.append(littleEndian: nextSegment.rawValue)
    bytes.append(littleEndian: position.segment.rawValue)
    bytes.append(littleEndian: position.end)
    bytes.append(littleEndian: position.tag)
    bytes.append(littleEndian: UInt32(0))
    bytes.append(littleEndian: UInt64(recordCount))
    bytes.append(littleEndian: UInt64(entryBytes))
    precondition(bytes.count == LogFormat.snapshotHeaderBytes, "the offset table is kept")
    return bytes
  }

  /// Reads the header of the whole file's `bytes` and checks everything but the entries' content.
  static func decode(
    _ bytes: RawSpan, checkpoint: UInt64
  ) -> Result<SnapshotHeader, DecodingFailure> {
    let trailer = bytes.byteCount - LogFormat.snapshotTrailerBytes
    guard trailer >= LogFormat.snapshotHeaderBytes else { return .failure(.truncated) }
    guard bytes.uint64(at: 0) == LogFormat.snapshotMagic else { return .failure(.badMagic) }
    guard CRC32C.checksum(bytes.extracting(0..<trailer)) == bytes.uint32(at: trailer) else {
      return .failure(.checksumMismatch)
    }
    guard bytes.uint32(at: 8) == LogFormat.version else { return .failure(.unknownVersion) }
    guard bytes.uint64(at: 16) == checkpoint else { return .failure(.foreign) }
    let header = SnapshotHeader(
      dimension: Int(bytes.uint32(at: 12)), checkpoint: checkpoint,
      lastLSN: LSN(rawValue: bytes.uint64(at: 24)), nextLSN: LSN(rawValue: bytes.uint64(at: 32)),
      nextSegment: SegmentNumber(rawValue: bytes.uint64(at: 40)),
      position: LogPosition(
        segment: SegmentNumber(rawValue: bytes.uint64(at: 48)), end: bytes.uint64(at: 56),
        tag: bytes.uint32(at: 64)),
      recordCount: Int(truncatingIfNeeded: bytes.uint64(at: 72)),
      entryBytes: Int(truncatingIfNeeded: bytes.uint64(at: 80)))
    guard header.dimension > 0, header.dimension <= LogFormat.maximumDimension,
      header.lastLSN < header.nextLSN, header.position.segment < header.nextSegment,
      bytes.uint32(at: 68) == 0, bytes.uint32(at: trailer + 4) == 0,
      header.entryBytes == trailer - LogFormat.snapshotHeaderBytes,
      header.recordCount >= 0,
      header.recordCount <= header.entryBytes / LogFormat.entryHeaderBytes
    else { return .failure(.malformed) }
    return .success(header)
  }
}

/// Writes a snapshot beside, syncs it, gives it its name and makes the name durable.
struct SnapshotWriter {
  /// The bytes that are gathered before they are written.
  private static let chunkBytes = 256 << 10

  let files: StoreFiles

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
      try write(header, table, to: file, path: temporary)
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

  private func write(
    _ header: SnapshotHeader, _ table: RecordTable, to file: FileID, path: String
  ) throws(StoreError) {
    var crc = CRC32C()
    var offset: UInt64 = 0
    var buffer = header.encoded()
    for index in 0..<table.count {
      table.append(entry: index, to: &buffer)
      if buffer.count >= Self.chunkBytes {
        crc.combine(buffer.span.bytes)
        try files.write(buffer.span.bytes, to: file, at: offset, path: path)
        offset += UInt64(buffer.count)
        buffer.removeAll(keepingCapacity: true)
      }
    }
    crc.combine(buffer.span.bytes)
    buffer.append(littleEndian: crc.finished)
    buffer.append(littleEndian: UInt32(0))
    try files.write(buffer.span.bytes, to: file, at: offset, path: path)
    let entries =
      Int(offset) + buffer.count - LogFormat.snapshotTrailerBytes
      - LogFormat.snapshotHeaderBytes
    precondition(entries == header.entryBytes, "the header says how many bytes of entries follow")
  }
}
