/// The constants of the files; `log-format.md` has the offset tables and says why.
///
/// Every number on disk is little-endian, every structure starts at a multiple of 8, padding is
/// zero.
enum LogFormat {
  /// The first bytes of a segment: `WALSEGM` and a zero.
  static let segmentMagic: UInt64 = 0x004D_4745_534C_4157
  /// The first bytes of a snapshot: `WALSNAP` and a zero.
  static let snapshotMagic: UInt64 = 0x0050_414E_534C_4157
  /// The version of both formats.
  static let version: UInt32 = 2
  /// The features that this code knows of those that a reader must know.
  static let requiredFeatures: UInt32 = Feature.compressed
  /// The features a file may need its reader to know.
  enum Feature {
    /// Blocks of a snapshot may be compressed by Zstandard.
    static let compressed: UInt32 = 1 << 0
  }
  /// What a file says of itself that no reader has to know.
  enum Hint {
    /// The segment's file held another segment before: stale records may stand behind the last one.
    static let recycled: UInt32 = 1 << 0
    /// Room for the whole segment was reserved: zeros stand behind the last record.
    static let preallocated: UInt32 = 1 << 1
  }

  /// The bytes of a segment's header.
  static let segmentHeaderBytes = 96
  /// The bytes of a record's frame before its payload.
  static let frameHeaderBytes = 40
  /// The bytes of an entry before its variable part.
  static let entryHeaderBytes = 16
  /// The bytes of a snapshot's header.
  static let snapshotHeaderBytes = 320

  /// What records, entries and payloads are aligned to.
  static let alignment = 8

  /// The longest id or namespace, in bytes.
  static let maximumNameBytes = 64 << 10
  /// The longest metadata, in bytes.
  static let maximumMetadataBytes = 16 << 20
  /// The highest dimension.
  static let maximumDimension = 1 << 20
  /// The longest payload of one record, in bytes; a batch or transaction beyond it is refused.
  static let maximumPayloadBytes = 64 << 20
  /// The most records: row numbers take 32 bits.
  static let maximumRecords = Int(UInt32.max) - 1
  /// The longest segment that is read, in bytes: the highest limit that options allow, and one
  /// record beyond it.
  static let maximumSegmentBytes = SegmentLimit.highest + maximumPayloadBytes + 4096

  /// The range of the option `segmentBytes`.
  enum SegmentLimit {
    static let lowest = 128
    static let highest = 1 << 30
  }

  /// `count` rounded up to the alignment.
  @inline(__always)
  static func aligned(_ count: Int) -> Int { (count + alignment - 1) & ~(alignment - 1) }
}

/// What a record of the log is. Numbers on disk; 0 is never given, so zeros are no record.
enum RecordType: UInt8, Sendable {
  /// One put.
  case put = 1
  /// One delete.
  case delete = 2
  /// Several puts and deletes as one mutation.
  case batch = 3
  /// The mutations of one transaction, written at its commit.
  case commit = 4
  /// A namespace comes to be.
  case createNamespace = 5
  /// A namespace goes, with all its records.
  case dropNamespace = 6
  /// All records go, of one namespace or of every one; the namespaces stay.
  case clear = 7
  /// No mutation and no LSN of its own: proof that all before it had been synced.
  case mark = 8
}
