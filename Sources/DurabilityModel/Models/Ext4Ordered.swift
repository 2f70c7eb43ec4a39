extension PersistenceRules {
  /// `ext4-ordered`: ext4 with `data=ordered` and delayed allocation, as mounted by default.
  ///
  /// **Data** is written by pages, any subset in any order (groundtruth, row b: all 8 subsets of
  /// three). An overwritten page may be torn by sectors while it is in flight. Pages of new space
  /// are unwritten extents until their write is done: zeros or whole, never torn and never garbage
  /// (stale bytes: 0 of half a million images).
  ///
  /// **Growth** is independent of data: the size is journalled when blocks are allocated, or at
  /// once where the block was there, so it may lead the data: zeros in the last page or in whole
  /// pages, a hole and then data (row a). It ends where a write or a page ended.
  ///
  /// **Truncation** goes through the journal in order with names. The rest of the last page is
  /// zeroed as data and may be there first, with later appends in it (row g: 642 of 1535); when the
  /// truncation is there, so are its zeros (`data=ordered`).
  ///
  /// **Names and truncations** are one journal: a prefix of issue order (row f: 16,700 of 16,700),
  /// and an fsync of any file or directory commits all earlier ones. fdatasync and O_DSYNC commit
  /// it only where the file's size, blocks or name changed (`i_datasync_tid`,
  /// `ext4_fsync_journal`).
  ///
  /// **Rename over** an existing name allocates the source's blocks (`auto_da_alloc`): its size
  /// comes along, its data may be zeros (row d: 8 of 3760; after a directory's fsync 39 of 777).
  ///
  /// **Preallocated space** is converted in order (row b: OOO, NOO, NNO, NNN). The laboratory wrote
  /// rising offsets in rising order; either order alone is permitted.
  ///
  /// **syncfs** is a barrier for everything (row j).
  static let ext4Ordered = PersistenceRules(
    names: .issueOrder, fileBarrier: .earlierMetadata, directoryBarrier: .earlierMetadata,
    fileSystemBarrier: .everything, dataUnit: .page, tears: .pageInFlight, growth: .mayLeadData,
    truncation: .tailMayGoFirst, renameOver: .size, preallocatedInOrder: true,
    showsGarbage: false)
}
