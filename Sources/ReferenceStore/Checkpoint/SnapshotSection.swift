/// One part of a snapshot: blocks of the same size (the last may be shorter), each with a checksum
/// that is bound to its place, and behind them the table of the blocks.
///
/// Descriptor, in bytes: 0 kind (4), 4 codec (4), 8 plain bytes (8), 16 offset of the first block
/// (8), 24 stored bytes of all blocks (8), 32 plain bytes of a block (4), 36 checksum of the table
/// (4). The table begins at the next multiple of 8 behind the blocks and has 8 bytes a block:
/// stored bytes (4), checksum of what is stored (4).
struct SnapshotSection: Equatable {
  /// What it holds; numbers on disk, and the order in the file.
  enum Kind: UInt32, CaseIterable {
    /// The names of the namespaces but the default one: length (4), bytes, zeros up to 8; the first
    /// has the number 1.
    case namespaces = 1
    /// The rows (`RecordTable.Row`): text (8), time (8), namespace (4), id length (4), metadata
    /// length (4), zero (4).
    case rows = 2
    /// Ids and metadata, where the rows say.
    case texts = 3
    /// The components of the rows' vectors, in the order of the rows.
    case vectors = 4
  }

  /// How its blocks are stored; numbers on disk.
  enum Codec: UInt32 {
    /// As they are.
    case plain = 0
    /// Each one a frame of Zstandard, except those whose stored size is the plain one.
    case zstd = 1
  }

  /// The bytes of a descriptor.
  static let descriptorBytes = 40
  /// The bytes of a section's first place that no other has: vectors start at a cache line.
  static let placeAlignment = 64
  /// The plain bytes of a block of texts or namespaces.
  static let textBlockBytes = 256 << 10
  /// The most plain bytes of a block: one vector of the highest dimension.
  static let maximumBlockBytes = LogFormat.maximumDimension * 4

  /// What it holds.
  var kind: Kind
  /// How its blocks are stored.
  var codec: Codec
  /// The bytes of all blocks before they were compressed.
  var plainBytes: Int
  /// Where the first block is.
  var dataOffset: Int
  /// The bytes of all blocks in the file.
  var storedBytes = 0
  /// The plain bytes of every block but the last.
  var blockBytes: Int
  /// The checksum of the table.
  var tableSum: UInt32 = 0

  /// How many blocks there are.
  var blockCount: Int { (plainBytes + blockBytes - 1) / blockBytes }
  /// Where the table is.
  var tableOffset: Int { LogFormat.aligned(dataOffset + storedBytes) }
  /// The offset behind the table.
  var end: Int { tableOffset + blockCount * 8 }

  /// Where a section begins that follows what ends at `end`.
  static func place(behind end: Int) -> Int { (end + placeAlignment - 1) & ~(placeAlignment - 1) }

  /// Where block `number` lies among the plain bytes.
  func plainRange(of number: Int) -> Range<Int> {
    number * blockBytes..<min(plainBytes, (number + 1) * blockBytes)
  }

  /// Appends the descriptor.
  func encode(to bytes: LogBuffer) {
    bytes.append(kind.rawValue)
    bytes.append(codec.rawValue)
    bytes.append(UInt64(plainBytes))
    bytes.append(UInt64(dataOffset))
    bytes.append(UInt64(storedBytes))
    bytes.append(UInt32(blockBytes))
    bytes.append(tableSum)
  }

  /// Reads the descriptor at `offset` of a file of `fileBytes`; nil when it makes no sense.
  init?(_ bytes: RawSpan, at offset: Int, fileBytes: Int) {
    guard let kind = Kind(rawValue: bytes.uint32(at: offset)),
      let codec = Codec(rawValue: bytes.uint32(at: offset + 4)),
      let plain = Int(exactly: bytes.uint64(at: offset + 8)),
      let data = Int(exactly: bytes.uint64(at: offset + 16)),
      let stored = Int(exactly: bytes.uint64(at: offset + 24))
    else { return nil }
    self.init(
      kind: kind, codec: codec, plainBytes: plain, dataOffset: data, storedBytes: stored,
      blockBytes: Int(bytes.uint32(at: offset + 32)), tableSum: bytes.uint32(at: offset + 36))
    // Every block has 8 bytes of table, so what is allocated for it is bounded by the file's size.
    guard blockBytes > 0, blockBytes <= Self.maximumBlockBytes,
      plain <= (fileBytes / 8 + 1) * blockBytes,
      data >= LogFormat.snapshotHeaderBytes, data % Self.placeAlignment == 0, data <= fileBytes,
      stored <= fileBytes - data, blockCount <= fileBytes / 8, end <= fileBytes,
      codec == .zstd || stored == plain
    else { return nil }
  }

  /// A section that is being written.
  init(
    kind: Kind, codec: Codec, plainBytes: Int, dataOffset: Int, storedBytes: Int = 0,
    blockBytes: Int, tableSum: UInt32 = 0
  ) {
    self.kind = kind
    self.codec = codec
    self.plainBytes = plainBytes
    self.dataOffset = dataOffset
    self.storedBytes = storedBytes
    self.blockBytes = blockBytes
    self.tableSum = tableSum
  }

  /// The checksum of a block as it is stored. It covers the checkpoint, the section and the block's
  /// number first, so that a block of another place does not validate.
  static func checksum(
    _ stored: RawSpan, checkpoint: UInt64, kind: Kind, block: Int
  ) -> UInt32 {
    var crc = CRC32C()
    crc.combine(checkpoint, UInt64(kind.rawValue) << 56 | UInt64(block))
    crc.combine(stored)
    return crc.finished
  }
}

/// What a snapshot says about itself and the log: everything but the records.
///
/// Layout, in bytes: 0 magic (8), 8 version (4), 12 dimension (4), 16 checkpoint (8), 24 last LSN
/// (8), 32 next LSN (8), 40 next segment (8), 48 position: segment (8), 56 position: end (8), 64
/// position: tag (4), 68 zero (4), 72 count of records (8), 80 the store's identity (8), 88 time
/// (8), 96 required features (4), 100 hints (4), 104 bytes of the file (8), 112 four descriptors of
/// sections (160), 272 zero (44), 316 checksum over all before it (4).
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
  /// How many records there are.
  var recordCount: Int
  /// Which store it belongs to.
  var identity: UInt64
  /// The store's clock when it was made; 0 without one.
  var time: UInt64
  /// The bytes of the file.
  var fileBytes = 0
  /// Its parts, in the order of their kinds.
  var sections: [SnapshotSection] = []

  /// The bytes of the header.
  func encoded() -> LogBuffer {
    let bytes = LogBuffer(capacity: LogFormat.snapshotHeaderBytes)
    bytes.append(LogFormat.snapshotMagic)
    bytes.append(LogFormat.version)
    bytes.append(UInt32(dimension))
    bytes.append(checkpoint)
    bytes.append(lastLSN.rawValue)
    bytes.append(nextLSN.rawValue)
    bytes.append(nextSegment.rawValue)
    bytes.append(position.segment.rawValue)
    bytes.append(position.end)
    bytes.append(position.tag)
    bytes.append(UInt32(0))
    bytes.append(UInt64(recordCount))
    bytes.append(identity)
    bytes.append(time)
    let isCompressed = sections.contains { $0.codec == .zstd }
    bytes.append(isCompressed ? LogFormat.Feature.compressed : 0)
    bytes.append(UInt32(0))
    bytes.append(UInt64(fileBytes))
    precondition(sections.map(\.kind) == SnapshotSection.Kind.allCases, "every section is there")
    for section in sections { section.encode(to: bytes) }
    bytes.appendZeros(LogFormat.snapshotHeaderBytes - 4 - bytes.count)
    bytes.append(CRC32C.checksum(bytes.bytes))
    return bytes
  }

  /// Reads the header of a file of `fileBytes`.
  ///
  /// Every version keeps the magic, the version at 8 and the checksum at 316 over bytes 0 to 315.
  static func decode(
    _ bytes: RawSpan, checkpoint: UInt64, fileBytes: Int
  ) -> Result<SnapshotHeader, DecodingFailure> {
    let last = LogFormat.snapshotHeaderBytes - 4
    guard bytes.byteCount >= LogFormat.snapshotHeaderBytes else { return .failure(.truncated) }
    guard bytes.uint64(at: 0) == LogFormat.snapshotMagic else { return .failure(.badMagic) }
    guard CRC32C.checksum(bytes.extracting(0..<last)) == bytes.uint32(at: last) else {
      return .failure(.checksumMismatch)
    }
    guard bytes.uint32(at: 8) == LogFormat.version,
      bytes.uint32(at: 96) & ~LogFormat.requiredFeatures == 0
    else { return .failure(.unknownVersion) }
    guard bytes.uint64(at: 16) == checkpoint else { return .failure(.foreign) }
    var header = SnapshotHeader(
      dimension: Int(bytes.uint32(at: 12)), checkpoint: checkpoint,
      lastLSN: LSN(rawValue: bytes.uint64(at: 24)), nextLSN: LSN(rawValue: bytes.uint64(at: 32)),
      nextSegment: SegmentNumber(rawValue: bytes.uint64(at: 40)),
      position: LogPosition(
        segment: SegmentNumber(rawValue: bytes.uint64(at: 48)), end: bytes.uint64(at: 56),
        tag: bytes.uint32(at: 64)),
      recordCount: Int(truncatingIfNeeded: bytes.uint64(at: 72)), identity: bytes.uint64(at: 80),
      time: bytes.uint64(at: 88))
    guard bytes.uint64(at: 104) <= UInt64(fileBytes) else { return .failure(.truncated) }
    header.fileBytes = Int(bytes.uint64(at: 104))
    for (index, kind) in SnapshotSection.Kind.allCases.enumerated() {
      guard
        let section = SnapshotSection(
          bytes, at: 112 + index * SnapshotSection.descriptorBytes, fileBytes: header.fileBytes),
        section.kind == kind
      else { return .failure(.malformed) }
      header.sections.append(section)
    }
    return header.isSensible(fileBytes) ? .success(header) : .failure(.malformed)
  }

  /// Whether the numbers fit one another and a file of `found` bytes.
  private func isSensible(_ found: Int) -> Bool {
    guard dimension > 0, dimension <= LogFormat.maximumDimension, lastLSN < nextLSN,
      nextLSN < LSN.highest, position.segment < nextSegment, fileBytes == found, recordCount >= 0,
      recordCount <= LogFormat.maximumRecords
    else { return false }
    // Sections follow one another, so that no byte of the file belongs to none.
    var end = LogFormat.snapshotHeaderBytes
    for section in sections {
      guard section.dataOffset == SnapshotSection.place(behind: end) else { return false }
      end = section.end
    }
    guard end == fileBytes else { return false }
    let rows = section(.rows)
    let vectors = section(.vectors)
    let blockCount = 1 << BlockColumn.shift(stride: dimension * 4)
    return rows.plainBytes == recordCount * RecordTable.rowBytes
      && vectors.plainBytes == recordCount * dimension * 4
      && rows.blockBytes == blockCount * RecordTable.rowBytes
      && vectors.blockBytes == blockCount * dimension * 4
      && section(.texts).blockBytes == SnapshotSection.textBlockBytes
      && section(.namespaces).blockBytes == SnapshotSection.textBlockBytes
  }

  /// The section of a kind.
  func section(_ kind: SnapshotSection.Kind) -> SnapshotSection { sections[Int(kind.rawValue) - 1] }
}
