import PosixIO
import StorageInterface
import Testing

@testable import ReferenceStore

@Suite("Checkpoints, and the segments they replace")
struct CheckpointTests {
  private func snapshots(_ disk: TestDisk) -> [String] {
    disk.files.map(\.name).filter { $0.hasSuffix(".snap") }
  }

  @Test("A checkpoint is made after so many mutations or bytes, and its failure fails no mutation")
  func automatic() throws {
    for isByBytes in [false, true] {
      let disk = TestDisk()
      let store = try openStore(disk, segmentBytes: 1 << 20) {
        $0.checkpointAfterMutations = isByBytes ? nil : 10
        $0.checkpointAfterLogBytes = isByBytes ? 900 : nil
      }
      for number in 0..<35 { try store.apply(samplePut("a\(number)", number)) }
      #expect(try store.figures().checkpoint >= 3)
      #expect(try store.figures().logBytes < 1000)
      #expect(snapshots(disk).count == 1)
      let before = try store.figures().checkpoint
      disk.refusedSuffix = ".tmp"
      for number in 35..<60 { try store.apply(samplePut("b\(number)", number)) }
      guard case .full(_, "open") = try store.figures().checkpointFailure else {
        Issue.record("no failure is told")
        return
      }
      disk.refusedSuffix = nil
      for number in 90..<130 { try store.apply(samplePut("c\(number)", number)) }
      #expect(try store.figures().checkpoint > before)
      #expect(try store.figures().checkpointFailure == nil)
      let shown = try state(of: store)
      #expect(try state(of: openStore(disk.afterPowerLoss(.none))) == shown)
    }
  }

  @Test("As many checkpoints are kept as asked for, and a later open with fewer removes the rest")
  func retention() throws {
    let disk = TestDisk()
    var store = try openStore(disk) { $0.keptCheckpoints = 3 }
    for number in 0..<6 {
      try store.apply(samplePut("a\(number)", number))
      try store.checkpoint()
    }
    #expect(snapshots(disk).count == 3)
    try store.close()
    store = try openStore(disk) { $0.keptCheckpoints = 2 }
    #expect(try store.figures().records == 6)
    #expect(store.recovery.rows == [.snapshotLoaded, .replacedIgnored])
    try store.checkpoint()
    #expect(
      snapshots(disk) == [
        "snapshot-00000000000000000006.snap", "snapshot-00000000000000000007.snap",
      ])
  }

  @Test("A compressed checkpoint is smaller, loads the same, and every damaged byte is refused")
  func compressed() throws {
    let disk = TestDisk()
    let store = try openStore(disk) { $0.compression = 3 }
    for number in 0..<200 { try store.apply(samplePut("a\(number)", number % 3)) }
    let shown = try state(of: store)
    try store.checkpoint()
    let files = disk.files
    let plain = try openStore(disk.clone())
    #expect(try state(of: plain) == shown)
    try plain.checkpoint()
    try store.close()
    #expect(files[0].bytes.count < 5000)
    for byte in 0..<files[0].bytes.count {
      var damaged = files
      damaged[0].bytes[byte] ^= 0x40
      let error = storeError { () throws(StoreError) in
        _ = try openStore(TestDisk(files: damaged))
      }
      #expect(corruption(error) != nil, "byte \(byte)")
    }
  }

  @Test("A mapped checkpoint serves every record, and refuses just those of a damaged block")
  func mapped() throws {
    let disk = TestDisk()
    disk.isMappable = true
    let dimension = 1024
    var options = StoreOptions(dimension: dimension, segmentBytes: 1 << 20)
    options.sync = .never
    options.mapsSnapshotsFrom = 0
    func id(_ number: Int) -> Store.Key { Store.Key(id: Array("id \(number)".utf8)) }
    var store = try Store(storage: disk, options: options)
    for number in 0..<200 {
      try store.put(
        id(number), vector: [Float](repeating: Float(number), count: dimension),
        metadata: Array("{\"n\":\(number)}".utf8))
    }
    try store.checkpoint()
    try store.close()
    disk.resetCalls()
    store = try Store(storage: disk, options: options)
    #expect(disk.mappings == 1)
    for number in [0, 63, 64, 150, 199] {
      #expect(try store.get(id(number))?.vector.last == Float(number))
    }
    // Changing, adding and removing on top of the mapping.
    try store.put(id(70), vector: [Float](repeating: -1, count: dimension))
    try store.delete(id(71))
    for number in 200..<210 {
      try store.put(id(number), vector: [Float](repeating: Float(number), count: dimension))
    }
    #expect(
      try store.search([Float](repeating: -1, count: dimension), count: 1, metric: .l2)
        .first?.id == Array("id 70".utf8))
    try store.checkpoint()
    try store.close()
    store = try Store(storage: disk, options: options)
    #expect(try store.count() == 209)
    #expect(try store.get(id(71)) == nil)
    #expect(try store.get(id(209))?.vector.first == 209)
    try store.close()

    var files = disk.files.filter { $0.name.hasSuffix(".snap") }
    let wanted = Float(100).bitPattern
    let content = files[0].bytes
    var at = 0
    while content.span.bytes.uint32(at: at) != wanted { at += 64 }
    files[0].bytes[at + 5] ^= 1
    let damaged = TestDisk(files: files)
    damaged.isMappable = true
    store = try Store(storage: damaged, options: options)
    var refused = 0
    for number in 0..<209 {
      do throws(StoreError) {
        if let record = try store.get(id(number)), number != 70 {
          #expect(record.vector.allSatisfy { $0 == Float(number) })
        }
      } catch {
        #expect(corruption(error)?.file == files[0].name)
        refused += 1
      }
    }
    #expect(refused > 0 && refused <= 64)
    #expect(
      corruption(
        storeError { () throws(StoreError) in
          _ = try store.search([Float](repeating: 1, count: dimension), count: 1, metric: .dot)
        }) != nil)
    #expect(corruption(storeError { () throws(StoreError) in try store.checkpoint() }) != nil)
    #expect(
      corruption(storeError { () throws(StoreError) in try store.visit { _, _, _, _ in } }) != nil)
  }

  @Test("A snapshot of several blocks and pieces loads alike from a file and from a real mapping")
  func realMapping() throws {
    try withDirectory { path in
      let dimension = 16
      func open(_ mapsFrom: Int) throws -> Store {
        var options = StoreOptions(dimension: dimension, segmentBytes: 1 << 20)
        options.sync = .never
        options.mapsSnapshotsFrom = mapsFrom
        return try Store(storage: try PosixStorage(directory: path), options: options)
      }
      var store = try open(0)
      for number in 0..<9000 {
        try store.put(
          Store.Key(id: Array("\(number)".utf8)),
          vector: [Float](repeating: Float(number), count: dimension),
          metadata: [UInt8](repeating: UInt8(number & 0x7F), count: number % 100))
      }
      // Metadata of 16 MiB, so that texts take more than one piece.
      for number in 0..<3 {
        try store.put(
          Store.Key(id: [UInt8(number)]), vector: [Float](repeating: 0, count: dimension),
          metadata: [UInt8](repeating: UInt8(number), count: LogFormat.maximumMetadataBytes))
      }
      try store.checkpoint()
      try store.close()
      for mapsFrom in [0, Int.max] {
        store = try open(mapsFrom)
        #expect(try store.count() == 9003)
        for number in [0, 4095, 4096, 8191, 8192, 8999] {
          let record = try #require(try store.get(Store.Key(id: Array("\(number)".utf8))))
          #expect(record.vector.allSatisfy { $0 == Float(number) })
          #expect(record.metadata.count == number % 100)
        }
        for number in 0..<3 {
          let record = try #require(try store.get(Store.Key(id: [UInt8(number)])))
          #expect(record.metadata.count == LogFormat.maximumMetadataBytes)
          #expect(record.metadata.first == UInt8(number) && record.metadata.last == UInt8(number))
        }
        try store.close()
      }
    }
  }

  @Test("Room is reserved, and zeros behind the last record are no records")
  func preallocated() throws {
    let disk = TestDisk()
    disk.canAllocate = true
    let store = try openStore(disk, segmentBytes: 4096) { $0.preallocates = true }
    for number in 0..<3 { try store.apply(samplePut("a\(number)", number)) }
    let file = try #require(disk.files.first)
    #expect(file.bytes.count == 4096)
    let reopened = try openStore(disk.afterPowerLoss(.none))
    #expect(reopened.recovery.rows == [.tailCarried, .zerosAfterEnd])
    #expect(try reopened.figures().records == 3)
  }

  @Test("Zeros are written ahead of synced records, so that later barriers write records alone")
  func zerosAhead() throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 4096) { $0.preallocates = true }
    for number in 0..<3 { try store.apply(samplePut("a\(number)", number)) }
    let file = try #require(disk.files.first)
    #expect(file.bytes.count == 4096)
    let writes = disk.calls.filter {
      if case .write = $0 { true } else { false }
    }
    #expect(writes.count == 1 + 1 + 3, "the header, the zeros, and each record")
    for next in [disk.afterPowerLoss(.none), disk.afterProcessCrash()] {
      #expect(try state(of: openStore(next)) == state(of: store))
    }
    let gathering = TestDisk()
    let other = try openStore(gathering, segmentBytes: 4096) {
      $0.preallocates = true
      $0.sync = .onFlush
    }
    try other.apply(samplePut("a", 1))
    try other.flush()
    #expect(try #require(gathering.files.first).bytes.count < 4096, "it has few barriers")
  }

  @Test("Where zeros or room cannot be had, records go on without")
  func noRoomForZeros() throws {
    for failing in 0..<8 {
      let disk = TestDisk()
      disk.canAllocate = true
      let store = try openStore(disk, segmentBytes: 4096) { $0.preallocates = true }
      disk.resetCalls()
      disk.failures = [failing: .noSpace]
      var acknowledged = 0
      for number in 0..<3 where (try? store.apply(samplePut("a\(number)", number))) != nil {
        acknowledged += 1
      }
      // The first record's calls: create, reserve, header, two barriers, zeros, record, barrier.
      #expect(acknowledged == [2, 2, 2, 0, 0, 3, 2, 0][failing], "call \(failing)")
      let next = try openStore(disk.afterPowerLoss(.none))
      #expect(try next.count() >= acknowledged)
    }
  }

  @Test("A recycled file's old records are never read as records")
  func recycled() throws {
    let disk = TestDisk()
    let store = try openStore(disk, segmentBytes: 600) { $0.spareSegments = 2 }
    for round in 0..<6 {
      for number in 0..<12 { try store.apply(samplePut("a\(number)", round * 100 + number)) }
      try store.checkpoint()
      for number in 0..<round { try store.apply(samplePut("b\(number)", round)) }
      let shown = try state(of: store)
      for next in [disk.afterPowerLoss(.none), disk.afterPowerLoss(.all), disk.afterProcessCrash()]
      {
        #expect(try state(of: openStore(next)) == shown, "round \(round)")
      }
    }
    #expect(disk.calls.contains(.rename))
    #expect(disk.inodes.count < 30, "files were written over")
  }

  @Test("Replaced segments are kept for replay when asked, and truncated up to an LSN")
  func truncation() throws {
    let disk = TestDisk()
    var store = try openStore(disk, segmentBytes: 300) { $0.retainsLog = true }
    for number in 1...12 {
      try store.apply(samplePut("a\(number)", number))
      if number % 5 == 0 { try store.checkpoint() }
    }
    func replayed(_ after: UInt64) throws -> [UInt64] {
      var lsns: [UInt64] = []
      try LogReplay.replay(
        storage: disk, dimension: testDimension, after: LSN(rawValue: after)
      ) { record throws(StoreError) in lsns.append(record.lsn.rawValue) }
      return lsns
    }
    #expect(try replayed(0) == Array(1...12))
    #expect(try replayed(7) == Array(8...12))
    try store.close()
    store = try openStore(disk, segmentBytes: 300) { $0.retainsLog = true }
    let kept = try store.figures().retainedSegments
    #expect(kept >= 4)
    #expect(try store.truncate(upTo: LSN(rawValue: 4)) == 2)
    #expect(try replayed(0) == Array(5...12))
    #expect(try store.truncate(upTo: LSN(rawValue: 1000)) == kept - 2)
    #expect(try replayed(0) == [11, 12])
    #expect(try openStore(disk.afterPowerLoss(.none)).figures().records == 12)
  }
}
