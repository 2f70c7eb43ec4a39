/// When mutations are made durable. The table in `ReferenceStore.md` says what each promises.
public enum SyncPolicy: Equatable, Sendable {
  /// Before the call that makes a mutation returns. Threads that wait at once share a barrier.
  case everyWrite
  /// With every N-th mutation: at any moment all that returned but the last N − 1 are durable.
  case every(Int)
  /// By the first mutation, or call of `synchronizeIfDue`, this many milliseconds after the last
  /// barrier.
  case interval(milliseconds: Int)
  /// By `flush`, `checkpoint` and `close` only.
  case onFlush
  /// By `checkpoint` only, for bulk loading; `flush` and `close` write, without a barrier.
  case never
}

/// How a store is opened.
public struct StoreOptions: Equatable, Sendable {
  /// What a put into a namespace that is not there does.
  public enum UnknownNamespaces: Equatable, Sendable {
    /// It fails with `notFound`.
    case refused
    /// It makes the namespace.
    case created
  }

  /// The number of components of every vector (1 to 2²⁰); fixed for the life of the store.
  public var dimension: Int
  /// The size in bytes beyond which a segment takes no further record (128 to 2³⁰). A longer record
  /// gets a segment of its own. May change from one open to the next, as all that follow may.
  public var segmentBytes: Int
  /// When mutations are made durable.
  public var sync = SyncPolicy.everyWrite
  /// Whether room for a whole segment is reserved when it is started, where the storage can, and,
  /// under `everyWrite` and `every`, zeros are written ahead of the records, up to a MiB at a time:
  /// then most barriers change no sizes and no extents, and take a third less time.
  public var preallocates = false
  /// How many segments that nothing needs any more are kept to be written over (0 to 64).
  public var spareSegments = 0
  /// A checkpoint is made once this many mutations were made since the last one; nil for never.
  public var checkpointAfterMutations: Int?
  /// A checkpoint is made once the log has this many bytes; nil for never.
  public var checkpointAfterLogBytes: Int?
  /// How many checkpoints are kept (1 to 1,000). The newest counts; `torture inspect --salvage` can
  /// read the others.
  public var keptCheckpoints = 1
  /// The level (1 to 19) at which checkpoints are compressed by Zstandard; nil for none. What is
  /// compressed cannot be mapped.
  public var compression: Int?
  /// Whether segments that a checkpoint replaces stay, for `LogReplay`, until `truncate`.
  public var retainsLog = false
  /// The size in bytes from which a checkpoint is mapped instead of read, where the storage can.
  public var mapsSnapshotsFrom = 1 << 20
  /// What a put into a namespace that is not there does.
  public var unknownNamespaces = UnknownNamespaces.refused
  /// Whether a directory without a store becomes one; else opening fails with `notFound`.
  public var createsStore = true
  /// A number of the caller's that a new store gets, and that an old one must have; nil for any.
  public var identity: UInt64?

  /// Makes options.
  public init(dimension: Int, segmentBytes: Int = 64 << 20) {
    self.dimension = dimension
    self.segmentBytes = segmentBytes
  }

  /// Fails with `invalid` when an option is out of range.
  func check() throws(StoreError) {
    func require(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(StoreError) {
      guard range.contains(value) else {
        throw .invalid(
          reason: "\(name) is \(value), not \(range.lowerBound) to \(range.upperBound)")
      }
    }
    try require("dimension", dimension, 1...LogFormat.maximumDimension)
    try require(
      "segmentBytes", segmentBytes, LogFormat.SegmentLimit.lowest...LogFormat.SegmentLimit.highest)
    try require("spareSegments", spareSegments, 0...64)
    try require("keptCheckpoints", keptCheckpoints, 1...1000)
    if let compression { try require("compression", compression, Compression.levels) }
    if let count = checkpointAfterMutations {
      try require("checkpointAfterMutations", count, 1...Int.max)
    }
    if let bytes = checkpointAfterLogBytes {
      try require("checkpointAfterLogBytes", bytes, 1...Int.max)
    }
    try require("mapsSnapshotsFrom", mapsSnapshotsFrom, 0...Int.max)
    switch sync {
    case .every(let count): try require("the count of every", count, 1...(1 << 30))
    case .interval(let milliseconds):
      try require("the milliseconds of an interval", milliseconds, 1...(1 << 30))
    case .everyWrite, .onFlush, .never: break
    }
  }
}
