extension PersistenceRules {
  /// `btrfs`: Btrfs with copy-on-write data and its tree log, as mounted by default.
  ///
  /// **Data** goes to new places: within a page old or new, never torn (groundtruth, row b: tears
  /// 0); larger writes by pages in any order. One write was whole or missing in every image (k1),
  /// which is not promised: across writes NOO and NNO were seen.
  ///
  /// **Growth** is in order: a prefix of the appends, at a write's boundary, with all their data
  /// (row a: nothing else in 2,737 images).
  ///
  /// **Truncation** commits in order with names, and nothing of it shows before: old or final (row
  /// g). The rest of the last page is zeroed later: should the file grow again, it may show its old
  /// bytes (35 of 1818).
  ///
  /// **Names and truncations** commit as a prefix of issue order. An fsync writes the log of its
  /// own file instead: the file's names and its new directories', past earlier operations, which it
  /// does not carry (row f: 1921 not a prefix; row c: 0 of 1783 lost, nested new directories too).
  /// An fsync of a directory logs its entries, and new files in it without their data (row d:
  /// target empty 566 of 665).
  ///
  /// **Rename over** an unsynced source starts its write-back, and a commit carries both: old or
  /// new (row d: 0 of 2532 else). After a directory's fsync the name is there alone.
  ///
  /// **syncfs** commits everything (row j: 0 lost).
  static let btrfs = PersistenceRules(
    names: .issueOrder, fileBarrier: .ownNames, directoryBarrier: .ownEntries,
    fileSystemBarrier: .everything, dataUnit: .page, tears: .nowhere, growth: .inOrder,
    truncation: .tailMayStayOld, renameOver: .sizeAndData, preallocatedInOrder: true,
    showsGarbage: false)
}
