extension Workload {
  /// Every workload of the data file.
  static let all: [Workload] = appends + overwrites + names + sizes + others

  private static let appends = [
    append("a1 append 300Bx20 nosync", record: 300),
    append("a2 append 300Bx20 fdatasync/5", record: 300, every: 5, .fdatasync),
    append("a3 append 3000Bx20 nosync", record: 3000),
    append("a4 append 3000Bx20 fdatasync/5", record: 3000, every: 5, .fdatasync),
    append("h1 append 300Bx20 O_DSYNC", record: 300, .synchronousWrites),
    append("j1 append 3000Bx20 sync_file_range/5", record: 3000, every: 5, .writeBack),
    append("j2 append 3000Bx20 syncfs/5", record: 3000, every: 5, .syncfs),
    directAppend("h6 append O_DIRECT nosync", isSynced: false),
    directAppend("h7 append O_DIRECT + fdatasync at 4", isSynced: true),
  ]

  private static let spread = [0, 5, 10]

  private static let overwrites = [
    overwrite("b1 overwrite 3 separate pages", pages: spread),
    overwrite("b2 overwrite 3 adjacent pages", pages: [4, 5, 6]),
    overwrite("b3 overwrite 3 pages of fallocated(unwritten) file", pages: spread, .unwritten),
    overwrite("b4 overwrite 3 pages + fdatasync", pages: spread, .written, .fdatasync),
    overwrite("b5 unwritten 3 pages + fdatasync", pages: spread, .unwritten, .fdatasync),
    overwrite("h2 overwrite O_DSYNC", pages: spread, .written, .synchronous),
    overwrite("h2u unwritten O_DSYNC", pages: spread, .unwritten, .synchronous),
    overwrite("h3 overwrite O_DIRECT nosync", pages: spread, .written, .direct),
    overwrite("h3u unwritten O_DIRECT nosync", pages: spread, .unwritten, .direct),
    overwrite("h4 mmap no msync", pages: spread, .written, .mapped),
    overwrite("h5 mmap + msync(MS_SYNC)", pages: spread, .written, .mappedThenMsync),
    overwrite("j3 overwrite + sync_file_range(7)", pages: spread, .written, .writeBack),
    overwrite("j4 overwrite + syncfs each", pages: spread, .written, .syncfs),
    overwrite(
      "j5 sync_file_range(7) then syncfs each", pages: spread, .written, .writeBackThenSyncfs),
    oneWrite("k1 one 256KB overwrite", at: 8192, length: 262_144, total: 300_000),
    oneWrite(
      "k2 100B overwrite across a 512B sector edge", at: 5 * 4096 + 470, length: 100,
      total: 12 * 4096),
    oneWrite(
      "k3 600B overwrite across a page edge", at: 5 * 4096 - 300, length: 600, total: 12 * 4096),
  ]

  private static let names = [
    creation("c1 create+write+fsync(file)", .root),
    creation("c2 same in new dir", .newDirectory),
    creation("c3 same in new nested dirs", .nestedNewDirectory),
    creation("c4 create+write nosync", .root, isSynced: false),
    renameOver("d1 rename over, tmp fsynced, no dir fsync", syncsFile: true),
    renameOver("d2 rename over, tmp NOT fsynced"),
    renameOver(
      "d3 rename over, tmp fsynced, fsync(dir)", syncsFile: true, syncsDirectory: true),
    renameOver("d4 rename over, tmp NOT fsynced, fsync(dir)", syncsDirectory: true),
    renameOver("d5 rename over, tmp NOT fsynced, 60KB", old: 60000, new: 60000),
    nameChange("e rename a->b (new name), no sync", .rename),
    nameChange("e unlink, no sync", .unlink),
    nameChange("e link a->b, no sync", .link),
    nameChange("e unlink + fsync(dir)", .unlink, isSynced: true),
    nameChange("e link + fsync(file)", .link, isSynced: true),
    nameChange("e rename a->b + fsync(file b)", .rename, isSynced: true),
    renameToNewName("e7 write tmp unsynced, rename to NEW name, fsync(dir)"),
    order("f1 order of 4 ops, same dir, no sync", inFourDirectories: false),
    order("f2 order, 4 dirs, no sync", inFourDirectories: true),
    order(
      "f3 order, same dir, fsync(unrelated) after op3", inFourDirectories: false, .unrelated,
      after: 3),
    order(
      "f4 order, 4 dirs, fsync(unrelated) after op3", inFourDirectories: true, .unrelated,
      after: 3),
    order(
      "f5 order, same dir, write+fsync(b) after op2", inFourDirectories: false, .created,
      after: 2),
    order(
      "f6 order, 4 dirs, write+fsync(b) after op2", inFourDirectories: true, .created, after: 2),
    order(
      "f7 order, same dir, write+fsync(d) after op3", inFourDirectories: false, .renamed,
      after: 3),
    order(
      "f8 order, 4 dirs, write+fsync(d) after op3", inFourDirectories: true, .renamed, after: 3),
  ]

  private static let sizes = SizeChange.allCases.flatMap {
    [size($0, isSynced: false), size($0, isSynced: true)]
  }

  private static let others = [
    twoFiles("i1 overwrite A, overwrite B, fsync(B)", replacing: true),
    twoFiles("i2 append A, append B, fsync(B)", replacing: false),
  ]
}
