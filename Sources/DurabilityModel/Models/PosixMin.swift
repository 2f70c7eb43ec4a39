extension PersistenceRules {
  /// `posix-min`: what POSIX promises, and nothing more.
  ///
  /// Unsynced data reaches the disk by sectors, any subset, in any order; a sector holds a snapshot
  /// of the cache. Sizes are independent of data: an append may be short at any byte, or leave
  /// zeros, holes or garbage of every kind below the size. A truncation may take effect without
  /// zeroing, or zero without taking effect; later appends may lie in the old size, and old bytes
  /// may show again when the file grows. Entry operations reach the disk in any order, but those on
  /// one name keep theirs. A barrier covers its own file or its own directory's entries and nothing
  /// else; syncfs is none (POSIX lets sync return before writing is done).
  ///
  /// Reasons: POSIX.1-2017, fsync and sync; Pillai et al., OSDI 2014 ("All File Systems Are Not
  /// Created Equal"), whose file systems between them show each of these. It is the superset of
  /// every other model (disk.md), and so forbids nothing that groundtruth saw on any file system.
  static let posixMin = PersistenceRules(
    names: .perName, fileBarrier: .itsDataAlone, directoryBarrier: .ownEntries,
    fileSystemBarrier: .nothing, dataUnit: .sector, tears: .anywhere, growth: .independent,
    truncation: .independent, renameOver: .nothing, preallocatedInOrder: false,
    showsGarbage: true)
}
