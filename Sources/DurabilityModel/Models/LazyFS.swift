extension PersistenceRules {
  /// `lazyfs`: LazyFS after its fault `clear-cache`, over a file system that loses nothing.
  ///
  /// LazyFS keeps written data in a cache of its own until fsync or fdatasync of the file, and
  /// passes every other call on at once. So all unsynced data is lost, the sizes that only it made
  /// with it, and nothing else: names and truncations are durable when they are done (disk.md's
  /// table). There is one crash state at each point. syncfs is not its call, and no barrier here.
  ///
  /// One deviation: where a truncation cuts through a sector that holds unsynced bytes before the
  /// cut and synced ones behind it, the sector is durable as the cache had it. LazyFS would lose
  /// those bytes and keep the cut, which no cache of sectors could.
  static let lazyfs = PersistenceRules(
    names: .durableAtOnce, fileBarrier: .itsDataAlone, directoryBarrier: .ownEntries,
    fileSystemBarrier: .nothing, dataUnit: .nothing, tears: .nowhere, growth: .inOrder,
    truncation: .durableAtOnce, renameOver: .nothing, preallocatedInOrder: false,
    showsGarbage: false)
}
