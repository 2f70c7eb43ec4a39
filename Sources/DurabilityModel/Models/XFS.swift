extension PersistenceRules {
  /// `xfs`: XFS with delayed allocation, as mounted by default.
  ///
  /// **Data** is written by pages, any subset in any order, the page in flight torn by sectors
  /// where it is overwritten (groundtruth, row b). New space is unwritten until its write is done:
  /// zeros or whole, never garbage.
  ///
  /// **Growth** is logged when a write is done: a size ends in data that is there, at the end of a
  /// write or of a page. Zeros appear only as a hole before later data (row a: hole then data 75,
  /// zero tail 0).
  ///
  /// **Truncation** is logged in order with names; the zeroed rest of the last page is written
  /// before (row g: 474 of 1524 old size with it), and may hold later appends.
  ///
  /// **Names and truncations** are one log: a prefix of issue order (row f: 12,657 of 12,657), and
  /// an fsync forces all earlier ones. fdatasync forces it only where more than times changed
  /// (`XFS_ILOG_TIMESTAMP` is left out).
  ///
  /// **Rename over** brings nothing along: the target may be empty, short, or a hole and then data
  /// (row d: empty 227 of 2975; damaged 328 of 427 after a directory's fsync).
  ///
  /// **syncfs** writes everything, and forces the log only where it is dirty: on a clean log
  /// overwrites stay in the device's volatile cache (groundtruth, surprise 2: 40 of 40). Times
  /// alone may have dirtied it or not: the kernel stamps by ticks of its clock.
  static let xfs = PersistenceRules(
    names: .issueOrder, fileBarrier: .earlierMetadata, directoryBarrier: .earlierMetadata,
    fileSystemBarrier: .everythingUnlessLogIsClean, dataUnit: .page, tears: .pageInFlight,
    growth: .endsInData, truncation: .tailMayGoFirst, renameOver: .nothing,
    preallocatedInOrder: true, showsGarbage: false)
}
