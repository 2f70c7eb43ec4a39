import StorageInterface
import Testing

@testable import ReferenceStore

/// One test a row of the recovery table in `log-format.md`.
@Suite("The recovery table")
struct RecoveryTableTests {
  private let first = "wal-00000000000000000001.log"
  private let second = "wal-00000000000000000002.log"

  /// A disk whose store was dropped after `puts` puts.
  private func disk(puts: Int, segmentBytes: Int = 1 << 20) throws -> TestDisk {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: segmentBytes)
    for number in 0..<puts { try store.apply(samplePut("a\(number)", number)) }
    return disk.afterPowerLoss(.none)
  }

  private func ids(_ store: Store) throws -> Int { try store.figures().records }

  @Test("A: an empty directory is a new store, and nothing is written")
  func rowA() throws {
    let disk = TestDisk(files: [("lost+found", []), ("wal-1.log", [1])])
    let store = try openStore(disk)
    #expect(store.recovery.rows == .empty)
    #expect(disk.calls == [.list])
  }

  @Test("B: an unfinished snapshot is removed")
  func rowB() throws {
    let disk = TestDisk(files: [("snapshot-00000000000000000003.tmp", [1, 2, 3])])
    let store = try openStore(disk)
    #expect(store.recovery.rows == .temporaryRemoved)
    #expect(disk.names.isEmpty)
    try store.checkpoint()
    #expect(disk.files.map(\.name) == ["snapshot-00000000000000000004.snap"])
  }

  @Test("C, D: a snapshot is loaded, and refused when a byte of it is bad")
  func rowsCD() throws {
    let disk = TestDisk()
    let store = try openStore(disk)
    try store.apply(samplePut("a", 1))
    try store.checkpoint()
    var files = disk.files
    let opened = try openStore(TestDisk(files: files))
    #expect(opened.recovery.rows == .snapshotLoaded)
    #expect(try ids(opened) == 1)
    files[0].bytes[400] ^= 1
    let error = storeError { () throws(StoreError) in _ = try openStore(TestDisk(files: files)) }
    #expect(corruption(error)?.file == files[0].name)
  }

  @Test("E: what a snapshot replaces is ignored, whether it was never removed or came back")
  func rowE() throws {
    let disk = TestDisk()
    let store = try openStore(disk)
    try store.apply(samplePut("a", 1))
    try store.checkpoint()
    let old = disk.files
    try store.apply(samplePut("b", 2))
    var log = disk.files.filter { $0.name.hasPrefix("wal") }
    try store.delete(.init(id: Array("a".utf8)))
    try store.checkpoint()
    // Even bytes that make no sense: they are not read.
    log[0].bytes[120] ^= 0xFF
    let mixed = TestDisk(files: disk.files + old + log)
    let opened = try openStore(mixed)
    #expect(opened.recovery.rows == [.snapshotLoaded, .replacedIgnored])
    #expect(try state(of: opened) == state(of: store))
    #expect(mixed.files.count == 3, "removed by the next checkpoint, not before")
    try opened.checkpoint()
    #expect(mixed.files.map(\.name) == ["snapshot-00000000000000000003.snap"])
  }

  @Test("F: a segment that was never finished is ignored, whatever it holds")
  func rowF() throws {
    let whole = try disk(puts: 2, segmentBytes: 128)
    let files = whole.files
    #expect(files.map(\.name) == [first, second])
    let header = Array(files[1].bytes.prefix(LogFormat.segmentHeaderBytes))
    let contents: [[UInt8]] = [
      [], [1], Array(header.prefix(LogFormat.segmentHeaderBytes - 1)), header,
      [UInt8](repeating: 0, count: 500),
      [UInt8](repeating: 0xFF, count: 500), files[0].bytes,
      header + [UInt8](repeating: 7, count: 100),
    ]
    for content in contents {
      let disk = TestDisk(files: [files[0], (second, content)])
      let opened = try openStore(disk)
      #expect(opened.recovery.rows.contains(.unfinishedIgnored))
      #expect(try ids(opened) == 1)
      try opened.apply(samplePut("z", 1))
      #expect(disk.names["wal-00000000000000000003.log"] != nil, "its number is not used again")
      #expect(try ids(openStore(disk.afterPowerLoss(.none))) == 2)
    }
  }

  @Test("F: what seems to be records that would end behind the file is not searched for proof")
  func recordsBeyondTheEnd() throws {
    let whole = try disk(puts: 1)
    // Text of a recycled file: a length of 8,203,312 bytes, where the rest could be a record's.
    var place: [UInt8] = [0xAB, 0xAB, 0xAB, 0xAB, 0x30, 0x2C, 0x7D, 0x00]
    place += [1, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
    place += [UInt8](repeating: 0, count: 8)
    let recycled = [UInt8](repeating: 0xAB, count: 96) + (0..<8).flatMap { _ in place }
    let opened = try openStore(TestDisk(files: whole.files + [(second, recycled)]))
    #expect(opened.recovery.rows.contains(.unfinishedIgnored))
    #expect(try ids(opened) == 1)
  }

  @Test("G: a bad header with records behind it is damage")
  func rowG() throws {
    let whole = try disk(puts: 1)
    var files = whole.files
    files[0].bytes[20] ^= 1
    let error = storeError { () throws(StoreError) in _ = try openStore(TestDisk(files: files)) }
    #expect(corruption(error)?.offset == 0)
  }

  @Test("H, I: linked segments are applied, and one that is bad, missing or another is damage")
  func rowsHI() throws {
    let whole = try disk(puts: 3, segmentBytes: 128)
    let files = whole.files
    #expect(files.count == 3)
    let opened = try openStore(whole)
    #expect(opened.recovery.rows.contains(.linkApplied))
    #expect(try ids(opened) == 3)
    let another = try #require(
      try disk(puts: 2, segmentBytes: 128).files.first { $0.name == second })
    var alien = another
    alien.bytes[95] ^= 1
    for broken in [[files[0], files[2]], [files[0], alien, files[2]], [files[1], files[2]]] {
      let error = storeError { () throws(StoreError) in
        _ = try openStore(TestDisk(files: broken))
      }
      #expect(corruption(error) != nil)
    }
  }

  @Test("J: a tail that a mark or a later header proves is served, and nothing is written")
  func rowJ() throws {
    let disk = TestDisk()
    let store = try openStore(disk)
    for number in 0..<2 { try store.apply(samplePut("a\(number)", number)) }
    try store.close()
    disk.resetCalls()
    #expect(try openStore(disk).recovery.rows == .tailProven)
    #expect(disk.calls.allSatisfy { !$0.isMutating })

    let whole = try self.disk(puts: 2, segmentBytes: 128)
    let files = whole.files
    let started = TestDisk(files: [
      files[0], (second, Array(files[1].bytes.prefix(LogFormat.segmentHeaderBytes))),
    ])
    #expect(try openStore(started).recovery.rows == [.tailProven, .unfinishedIgnored])
    #expect(started.calls.allSatisfy { !$0.isMutating })
  }

  @Test("K: an unproven tail is copied to a new segment before it is served; then it is proven")
  func rowK() throws {
    for puts in 1...3 {
      let disk = try disk(puts: puts)
      let opened = try openStore(disk)
      #expect(opened.recovery.rows == .tailCarried)
      #expect(opened.recovery.carriedRecords == 1)
      #expect(disk.names[first] == nil || puts > 1, "a segment with nothing proven is let go")
      #expect(try ids(openStore(disk.afterPowerLoss(.none))) == puts)
      let again = disk.afterProcessCrash()
      #expect(try openStore(again).recovery.rows.contains(.tailProven))
      #expect(again.calls.allSatisfy { !$0.isMutating })
    }
  }

  @Test("L: a torn tail is cut, the cut is durable with the next record, and never comes back")
  func rowL() throws {
    let disk = TestDisk()
    let store = try openStore(disk)
    try store.apply(samplePut("a", 1))
    try store.close()
    var files = disk.files
    files[0].bytes += [UInt8](repeating: 0x5A, count: 40)
    let torn = TestDisk(files: files)
    let opened = try openStore(torn)
    #expect(opened.recovery.rows == [.tailProven, .tailCut])
    #expect(opened.recovery.cutBytes == 40)
    #expect(torn.calls.allSatisfy { !$0.isMutating })
    try opened.apply(samplePut("b", 2))
    #expect(torn.names[second] != nil, "nothing is written behind torn bytes")
    #expect(try ids(openStore(torn.afterPowerLoss(.none))) == 2)
  }

  @Test("M, O: a later segment's header alone proves its predecessor")
  func rowsMO() throws {
    let whole = try disk(puts: 5, segmentBytes: 258)
    let files = whole.files
    #expect(files.count == 3)
    let header = Array(files[2].bytes.prefix(LogFormat.segmentHeaderBytes))
    // M: the newest segment that counts has lost its last record; the next one's header knows.
    var broken = Array(files.prefix(2)) + [(files[2].name, header)]
    broken[1].bytes[files[1].bytes.count - 1] ^= 1
    var error = storeError { () throws(StoreError) in _ = try openStore(TestDisk(files: broken)) }
    #expect(corruption(error)?.file == second)
    #expect(corruption(error)?.offset == 96 + 80)
    // O: it has lost everything.
    broken[1].bytes = []
    error = storeError { () throws(StoreError) in _ = try openStore(TestDisk(files: broken)) }
    #expect(corruption(error)?.file == second)
  }

  @Test("N: a later record proves the one before it")
  func rowN() throws {
    var files = try disk(puts: 3).files
    files[0].bytes[96 + 80 + 48] ^= 1
    let error = storeError { () throws(StoreError) in _ = try openStore(TestDisk(files: files)) }
    #expect(corruption(error)?.offset == 96 + 80)
    #expect(
      error?.description
        == "\(first) is damaged at offset 176: the record at 256 says this had been synced, "
        + "and its checksum does not match")
  }

  private func error(_ files: [(name: String, bytes: [UInt8])]) -> StoreError? {
    storeError { () throws(StoreError) in _ = try openStore(TestDisk(files: files)) }
  }

  @Test("P: zeros behind the last record are its end, however many")
  func rowP() throws {
    let file = try #require(try disk(puts: 3).files.first)
    for count in [8, 40, 4096, FileWindow.windowBytes * 2 + 24] {
      let zeros = [UInt8](repeating: 0, count: count)
      let opened = try openStore(TestDisk(files: [(first, file.bytes + zeros)]))
      #expect(opened.recovery.rows == [.tailCarried, .zerosAfterEnd])
      #expect(opened.recovery.cutBytes == 0)
      #expect(try ids(opened) == 3)
    }
  }

  @Test("Q: a newer version or an unknown required feature is refused, a hint is not")
  func rowQ() throws {
    let disk = try disk(puts: 2)
    let store = try openStore(disk)
    try store.checkpoint()
    try store.apply(samplePut("z", 1))
    try store.close()
    let files = disk.files
    #expect(files.count == 2)
    for index in files.indices {
      let required = files[index].name.hasSuffix(".snap") ? 96 : 72
      for (offset, value, isRefused) in [
        (8, 3, true), (8, 1, true), (required, 0x80, true), (required + 4, 0x80, false),
      ] {
        var newer = files
        newer[index].bytes[offset] = UInt8(value)
        repairChecksums(of: &newer[index].bytes)
        if isRefused {
          guard case .unsupported = error(newer) else {
            Issue.record("\(files[index].name), offset \(offset): not refused")
            continue
          }
        } else {
          #expect(error(newer) == nil)
        }
        var flipped = files
        flipped[index].bytes[offset] = UInt8(value)
        #expect(corruption(error(flipped)) != nil, "without its checksum it is damage")
      }
    }
  }

  @Test("R: the files of two stores, or of another than the one asked for, are refused")
  func rowR() throws {
    func files(_ identity: UInt64) throws -> [(name: String, bytes: [UInt8])] {
      let disk = TestDisk()
      let store = try openStore(disk, segmentBytes: 128) { $0.identity = identity }
      for number in 0..<2 { try store.apply(samplePut("a\(number)", number)) }
      try store.close()
      return disk.files
    }
    let one = try files(1)
    let two = try files(2)
    #expect(corruption(error([one[0], two[1]])) != nil)
    #expect(error(one) == nil)
    guard
      case .invalid = storeError({ () throws(StoreError) in
        _ = try openStore(TestDisk(files: one)) { $0.identity = 2 }
      })
    else {
      Issue.record("another store was opened")
      return
    }
    let kept = try openStore(TestDisk(files: one)) { $0.identity = 1 }
    try kept.checkpoint()
  }

  @Test("S: what the system refuses is its error, for each call of an open")
  func rowS() throws {
    let whole = try disk(puts: 3, segmentBytes: 128)
    let probe = whole.clone()
    _ = try openStore(probe)
    for call in 0..<probe.calls.count where !probe.calls[call].isMutating {
      let disk = whole.clone()
      disk.failures[call] = .accessDenied
      guard
        case .io(.accessDenied, _, _) = storeError({ () throws(StoreError) in
          _ = try openStore(disk)
        })
      else {
        Issue.record("call \(call), \(probe.calls[call]): no error")
        continue
      }
      #expect(disk.handles.isEmpty, "nothing stays open")
    }
  }

  /// The rows that opening these files meets.
  private func rows(
    _ files: [(name: String, bytes: [UInt8])], failing call: Int? = nil
  ) -> String {
    let disk = TestDisk(files: files)
    if let call { disk.failures[call] = .accessDenied }
    let trace = RecoveryTrace()
    _ = storeError { () throws(StoreError) in _ = try openStore(disk, trace: trace) }
    return trace.rows.letters
  }

  @Test("An open tells the row that it was refused by, and those that it met when it was not")
  func traces() throws {
    let puts = try disk(puts: 3).files
    #expect(rows([]) == "A")
    #expect(rows(puts) == "K")
    var headless = puts
    headless[0].bytes[20] ^= 1
    #expect(rows(headless) == "G")
    var holed = puts
    holed[0].bytes[96 + 80 + 48] ^= 1
    #expect(rows(holed) == "N")
    let chain = try disk(puts: 3, segmentBytes: 128).files
    #expect(rows([chain[0], chain[2]]) == "I")
    #expect(rows(chain, failing: 1) == "S")
    let store = TestDisk()
    let opened = try openStore(store)
    try opened.apply(samplePut("a", 1))
    try opened.checkpoint()
    var snapshot = store.files
    #expect(rows(snapshot) == "C")
    snapshot[0].bytes[400] ^= 1
    #expect(rows(snapshot) == "D")
    var newer = puts
    newer[0].bytes[8] = 3
    repairChecksums(of: &newer[0].bytes)
    #expect(rows(newer) == "Q")
    #expect(RecoveryReport.Rows.table.count == 20)
    #expect(RecoveryReport.Rows.locked.letters == "T")
  }

  @Test("A copy of a segment under another number is no segment")
  func duplicate() throws {
    let whole = try disk(puts: 2, segmentBytes: 128)
    let files = whole.files
    let copied = TestDisk(
      files: files + [("wal-00000000000000000009.log", files[1].bytes)])
    let opened = try openStore(copied)
    #expect(opened.recovery.rows.contains(.unfinishedIgnored))
    #expect(try ids(opened) == 2)
  }

  @Test("A: where no store is to be made, a directory without one is not found")
  func rowAWithoutCreation() throws {
    let disk = TestDisk(files: [("something.txt", [1])])
    guard
      case .notFound = storeError({ () throws(StoreError) in
        _ = try openStore(disk) { $0.createsStore = false }
      })
    else {
      Issue.record("a store was made")
      return
    }
    let made = try openStore(disk)
    #expect(made.recovery.foreignFiles == 1)
  }
}
