/// What a persistence model permits, as a value: the columns of disk.md's table.
///
/// Method. There is one `Disk.apply`, one composer, one enumerator and one `accepts`; a model is
/// the rules they consult, and each model's file says why its rules are what they are. Data, sizes
/// and names are three queues. `posix-min` lets each item of each queue go its own way; every other
/// model takes states away from it, by what it ties together and by what its barriers carry. So a
/// state of any model is one of `posix-min` (disk.md, "Models are a partial order").
struct PersistenceRules: Sendable, Equatable {
  /// The order in which entry operations reach the disk.
  enum Names {
    /// Any order; those on one name keep theirs.
    case perName
    /// A prefix of issue order, together with truncations: one journal. A rename across
    /// directories is one change.
    case issueOrder
    /// At once.
    case durableAtOnce
  }
  var names: Names

  /// What a successful barrier of a file makes durable beside its data and size.
  enum FileBarrier {
    /// Nothing.
    case itsDataAlone
    /// Every earlier entry operation and truncation of the file system: the journal is one. A
    /// barrier of data alone forces it only where size, allocation or name of the file changed.
    case earlierMetadata
    /// The names of the file and of its new directories, past earlier ones.
    case ownNames
  }
  var fileBarrier: FileBarrier

  /// What a successful barrier of a directory makes durable.
  enum DirectoryBarrier {
    /// Its own entries.
    case ownEntries
    /// Every earlier entry operation and truncation of the file system.
    case earlierMetadata
  }
  var directoryBarrier: DirectoryBarrier

  /// What syncfs and sync make durable.
  enum FileSystemBarrier {
    /// Nothing.
    case nothing
    /// Everything.
    case everything
    /// Everything where the log is dirty; else overwrites stay in the device's volatile cache.
    case everythingUnlessLogIsClean
  }
  var fileSystemBarrier: FileSystemBarrier

  /// The unit in which unsynced data reaches the disk, in any order.
  enum DataUnit {
    /// The device's sector.
    case sector
    /// The page: a snapshot of the cache's.
    case page
    /// None: all of it is lost.
    case nothing
  }
  var dataUnit: DataUnit

  /// Where part of a page may be old and part new.
  enum Tears {
    /// Wherever the knobs allow.
    case anywhere
    /// In one overwritten page, the one in flight, by sectors; never in new space.
    case pageInFlight
    /// Nowhere: pages are written to new places.
    case nowhere
  }
  var tears: Tears

  /// How a size that a write made relates to the data below it.
  enum Growth {
    /// Not at all; it may end at any byte.
    case independent
    /// It may lead the data; it ends where a write or a page ended.
    case mayLeadData
    /// It ends in data; holes before it are zeros. It ends where a write or a page ended.
    case endsInData
    /// All appends up to it are there; it ends where a write ended.
    case inOrder
  }
  var growth: Growth

  /// How a truncation relates to what it cut off.
  enum Truncation {
    /// Not at all.
    case independent
    /// What stays of the last page may be zeroed behind the new end, and hold later appends,
    /// before the size changes; when the size changed, all of it is zeros.
    case tailMayGoFirst
    /// Nothing before the size changes; then the rest of the last page may show its old bytes
    /// again, should the file grow.
    case tailMayStayOld
    /// At once.
    case durableAtOnce
  }
  var truncation: Truncation

  /// What a rename over an existing name brings along of a source that is not synced.
  enum RenameOver {
    /// Nothing.
    case nothing
    /// Its size.
    case size
    /// Its size and data, unless a barrier of the directory carries the name alone.
    case sizeAndData
  }
  var renameOver: RenameOver

  /// Whether writes into preallocated space reach the disk in order: no page without the earlier
  /// ones below it, and none torn.
  var preallocatedInOrder: Bool

  /// Whether never-synced space may show garbage; else it shows zeros.
  var showsGarbage: Bool
}

extension PersistenceModelName {
  /// What the model permits.
  var rules: PersistenceRules {
    switch self {
    case .posixMin: .posixMin
    case .ext4Ordered: .ext4Ordered
    case .xfs: .xfs
    case .btrfs: .btrfs
    case .lazyfs: .lazyfs
    }
  }

  /// What syncfs and sync make durable under it, in one line.
  public var syncfsSummary: String {
    switch rules.fileSystemBarrier {
    case .nothing: "nothing: no barrier, since POSIX lets sync return before writing is done"
    case .everything: "everything"
    case .everythingUnlessLogIsClean:
      "everything but overwrites while the file system's log is clean"
    }
  }
}
