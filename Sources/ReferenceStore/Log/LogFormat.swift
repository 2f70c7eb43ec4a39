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
  static let version: UInt32 = 1

  /// The bytes of a segment's header.
  static let segmentHeaderBytes = 64
  /// The bytes of a record's frame before its payload.
  static let frameHeaderBytes = 32
  /// The bytes of an entry (one put or delete) before its variable part.
  static let entryHeaderBytes = 16
  /// The bytes of a snapshot's header.
  static let snapshotHeaderBytes = 88
  /// The bytes of a snapshot's trailer.
  static let snapshotTrailerBytes = 8

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
  /// The longest segment that is read, in bytes: the highest limit that options allow, and one
  /// record beyond it.
  static let maximumSegmentBytes = SegmentLimit.highest + maximumPayloadBytes + 4096

  /// The range of the option `segmentBytes`.
  enum SegmentLimit {
    static let lowest = 128
    static let highest = 1 << 30
  }

  /// `count` rounded up to the alignment.
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
  // 5, 6 and 7 are kept for: create a namespace, drop one, clear.
  /// No mutation and no LSN of its own: proof that all before it had been synced.
  case mark = 8
}
