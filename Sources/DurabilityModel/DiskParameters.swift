/// The assumptions about a disk that a verdict names: the persistence model and its knobs.
public struct DiskParameters: Sendable, Equatable {
  /// What a power cut may do to pending operations.
  public var model: PersistenceModelName = .posixMin
  /// The unit the device writes atomically, in bytes: 512 or 4096.
  public var sectorSize: Int = 512
  /// The ways in which a write may be torn; none of them: no write is.
  public var tears: [TearShape] = [.bytePrefix, .sectorPrefix, .anySectors]
  /// Whether a torn write damages no byte that it does not cover (SQLite's
  /// `SQLITE_IOCAP_POWERSAFE_OVERWRITE`). Without it the sector in flight may be lost as a whole:
  /// also what a barrier covered there. Matters with `TearShape.garbageSector`.
  public var powerSafeOverwrite = true
  /// A write that lies within one aligned block of this many bytes is never torn (NVMe's atomic
  /// write unit); 0 for no such promise beyond the sector.
  public var atomicWriteSize = 0
  /// The order in which pending operations reach the medium, beyond what the model says.
  public var ordering = WriteOrdering.any
  /// What never-synced space may hold when its size reached the disk and its data did not.
  public var garbage: [GarbageKind] = GarbageKind.allCases
  /// What a failed fsync leaves behind; nil for what the model says.
  public var afterFailedBarrier: AfterFailedBarrier?
  /// How many bytes the files may take; nil for no limit.
  public var quota: Quota?
  /// Barriers return and nothing becomes durable: a lying disk, the positive control.
  public var liesAboutBarriers = false

  /// What a failed fsync leaves behind where a fault does not say.
  public var afterState: AfterFailedBarrier { afterFailedBarrier ?? .standard(for: model) }

  /// Whether a knob forbids states that the strata of `posix-min` list.
  var hasNarrowingKnobs: Bool { ordering != .any || atomicWriteSize > 0 }

  /// The default: `posix-min` with 512-byte sectors, every tear that keeps sectors whole, and every
  /// garbage.
  public init() {}

  /// The defaults of `model`: 512-byte sectors, and every tear and garbage that it knows.
  public init(model: PersistenceModelName) { self.model = model }
}

/// The persistence models by the names of disk.md.
public enum PersistenceModelName: String, Sendable, CaseIterable {
  /// What POSIX promises, and nothing more: the superset of every other model.
  case posixMin = "posix-min"
  /// ext4 with `data=ordered`, its default.
  case ext4Ordered = "ext4-ordered"
  /// XFS.
  case xfs
  /// Btrfs.
  case btrfs
  /// LazyFS after its `clear-cache` fault: unsynced data is lost, and nothing else.
  case lazyfs

  /// What it stands for, in one line.
  public var summary: String {
    switch self {
    case .posixMin:
      "what POSIX promises and nothing more: any subset of unsynced sectors, sizes and names"
    case .ext4Ordered:
      "ext4 with data=ordered: any pages, names in issue order, sizes may lead data with zeros"
    case .xfs: "XFS: any pages, names in issue order, no size without the data at its end"
    case .btrfs: "Btrfs: appends in order, names in issue order but for what an fsync carries"
    case .lazyfs: "LazyFS: all unsynced data is lost; names and truncations are durable at once"
    }
  }
}

/// The order in which a device brings pending operations to the medium.
public enum WriteOrdering: String, Sendable, CaseIterable {
  /// As the persistence model has it.
  case any
  /// A prefix of issue order, over all files and names; the newest may be kept in part.
  case issue
}

/// A way in which only part of a write reaches the disk.
public enum TearShape: String, Sendable, CaseIterable {
  /// An appended range ends at any byte.
  case bytePrefix = "byte-prefix"
  /// The first sectors only.
  case sectorPrefix = "sector-prefix"
  /// Any subset of the sectors.
  case anySectors = "any-sectors"
  /// One sector, the one in flight, holds garbage where it was being written. Not among the
  /// defaults: a device whose sectors are atomic does not do it. Under `posix-min` alone; the
  /// laboratory tore by sectors, and file systems with checksums never show it.
  case garbageSector = "garbage-sector"
}

/// What a range holds whose size is durable and whose data never was.
public enum GarbageKind: String, Sendable, CaseIterable {
  /// Zeros.
  case zeros
  /// Bytes from the seed.
  case random
  /// 0xFF, as erased flash reads.
  case ones
  /// The newest earlier content of the same place: this file's before a truncation, or a freed
  /// file's.
  case staleNewest = "stale-newest"
  /// The oldest earlier content of the same place.
  case staleOldest = "stale-oldest"
  /// The subject's own bytes from another, sector-aligned offset of the same file.
  case ownRecords = "own-records"
}
