import Testing

@testable import ReferenceStore

@Suite("The bytes on disk")
struct FormatTests {
  @Test("CRC32C gives the check value and the vectors of RFC 3720, B.4")
  func checksums() {
    func checksum(_ bytes: [UInt8]) -> UInt32 { CRC32C.checksum(bytes.span.bytes) }
    #expect(checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(checksum(Array(0..<32)) == 0x46DD_794E)
    var numbers = CRC32C()
    numbers.combine(0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)
    #expect(numbers.finished == checksum(Array(0..<16)), "numbers are little-endian bytes")
    var parts = CRC32C()
    parts.combine(Array("1234".utf8).span.bytes)
    parts.combine(Array("56789".utf8).span.bytes)
    #expect(parts.finished == 0xE306_9283)
  }

  @Test("The constants agree with the offset tables")
  func constants() {
    #expect(
      LogFormat.segmentHeaderBytes == 8 + 4 + 4 + 8 + 8 + 8 + 8 + 4 + 4 + 8 + 8 + 4 + 4 + 12 + 4)
    #expect(LogFormat.frameHeaderBytes == 4 + 4 + 8 + 4 + 1 + 3 + 8 + 8)
    #expect(LogFormat.entryHeaderBytes == 1 + 3 + 4 + 4 + 4)
    #expect(SnapshotSection.descriptorBytes == 4 + 4 + 8 + 8 + 8 + 4 + 4)
    #expect(
      LogFormat.snapshotHeaderBytes
        == 8 + 4 + 4 + 8 * 6 + 4 + 4 + 8 * 3 + 4 + 4 + 8 + 4 * SnapshotSection.descriptorBytes
        + 44 + 4)
    #expect(RecordTable.rowBytes == 8 + 8 + 4 + 4 + 4 + 4)
    for count in [
      LogFormat.segmentHeaderBytes, LogFormat.frameHeaderBytes, LogFormat.entryHeaderBytes,
      LogFormat.snapshotHeaderBytes, RecordTable.rowBytes,
    ] {
      #expect(count % LogFormat.alignment == 0)
    }
    #expect(LogFormat.snapshotHeaderBytes % SnapshotSection.placeAlignment == 0)
    #expect(TextPlacement.pieceBytes % SnapshotSection.textBlockBytes == 0)
    #expect(
      LogFormat.maximumNameBytes + LogFormat.maximumMetadataBytes <= TextPlacement.pieceBytes)
    #expect(LogFormat.maximumSegmentBytes < Int(UInt32.max), "carried bytes fit their field")
    #expect(LogFormat.segmentMagic.littleEndianText == "WALSEGM\0")
    #expect(LogFormat.snapshotMagic.littleEndianText == "WALSNAP\0")
  }

  /// The store whose files are the golden ones: it is also the example in `log-format.md`.
  private func goldenDisk() throws -> TestDisk {
    let disk = TestDisk()
    let options = StoreOptions(dimension: 2, segmentBytes: 512)
    let store = try Store(storage: disk, options: options, clock: { 5 })
    try store.createNamespace(Array("n".utf8))
    try store.put(
      .init(namespace: Array("n".utf8), id: Array("id".utf8)), vector: [1, -0.0],
      metadata: Array("{}".utf8))
    try store.delete(.init(id: Array("x".utf8)))
    try store.close()
    return disk
  }

  @Test("A segment with a namespace, a put, a delete and the close's mark is these bytes")
  func goldenSegment() throws {
    let file = try #require(try goldenDisk().files.first)
    #expect(file.name == "wal-00000000000000000001.log")
    #expect(hex(file.bytes) == Self.segment)
  }

  /// Written down from a first run and then checked by hand against the offset tables; the
  /// checksums are held by `checksums` above and by `goldenChecksums`.
  static let segment = [
    "57414c5345474d00", "0200000002000000", "0100000000000000", "0100000000000000",
    "0000000000000000", "0000000000000000", "0000000000000000", "0000000000000000",
    "0500000000000000", "0000000000000000", "0000000000000000", "00000000e6d52f6c",
    "7eb5fbf218000000", "0100000000000000", "e6d52f6c05000000", "6000000000000000",
    "0500000000000000", "0300000001000000", "0000000000000000", "6e00000000000000",
    "d54b8eb720000000", "0200000000000000", "e6d52f6c01000000", "a000000000000000",
    "0500000000000000", "0100000001000000", "0200000002000000", "0000803f00000080",
    "6e69647b7d000000", "5e998d9a18000000", "0300000000000000", "e6d52f6c02000000",
    "e800000000000000", "0500000000000000", "0200000000000000", "0100000000000000",
    "7800000000000000", "40b96a8d00000000", "0400000000000000", "e6d52f6c08000000",
    "2801000000000000", "0500000000000000",
  ]

  @Test("A snapshot with one record in one namespace is these bytes")
  func goldenSnapshot() throws {
    let disk = try goldenDisk()
    var options = StoreOptions(dimension: 2, segmentBytes: 512)
    options.createsStore = false
    let store = try Store(storage: disk, options: options, clock: { 6 })
    try store.checkpoint()
    let file = try #require(disk.files.first)
    #expect(disk.files.count == 1)
    #expect(file.name == "snapshot-00000000000000000001.snap")
    #expect(hex(file.bytes) == Self.snapshot)
  }

  /// Written down from a first run and then checked by hand against the offset tables.
  static let snapshot = [
    "57414c534e415000", "0200000002000000", "0100000000000000", "0300000000000000",
    "0400000000000000", "0200000000000000", "0100000000000000", "2801000000000000",
    "e6d52f6c00000000", "0100000000000000", "0000000000000000", "0600000000000000",
    "0000000000000000", "1002000000000000", "0100000000000000", "0800000000000000",
    "4001000000000000", "0800000000000000", "00000400d91ec574", "0200000000000000",
    "2000000000000000", "8001000000000000", "2000000000000000", "0000040030fec63b",
    "0300000000000000", "0400000000000000", "c001000000000000", "0400000000000000",
    "000004000af9883c", "0400000000000000", "0800000000000000", "0002000000000000",
    "0800000000000000", "00000100cb56ca90", "0000000000000000", "0000000000000000",
    "0000000000000000", "0000000000000000", "0000000000000000", "00000000943498e9",
    "010000006e000000", "08000000f7bf34cd", "0000000000000000", "0000000000000000",
    "0000000000000000", "0000000000000000", "0000000000000000", "0000000000000000",
    "0000000000000000", "0500000000000000", "0100000002000000", "0200000000000000",
    "20000000670be8da", "0000000000000000", "0000000000000000", "0000000000000000",
    "69647b7d00000000", "04000000eaebd2f4", "0000000000000000", "0000000000000000",
    "0000000000000000", "0000000000000000", "0000000000000000", "0000000000000000",
    "0000803f00000080", "08000000acb11e87",
  ]

  @Test("The golden checksums are those of a CRC32C written for this test")
  func goldenChecksums() throws {
    func table(_ bytes: [UInt8]) -> UInt32 {
      var state: UInt32 = .max
      for byte in bytes {
        state ^= UInt32(byte)
        for _ in 0..<8 { state = state & 1 == 1 ? state >> 1 ^ 0x82F6_3B78 : state >> 1 }
      }
      return ~state
    }
    let bytes = try #require(try goldenDisk().files.first).bytes
    #expect(bytes.span.bytes.uint32(at: 92) == table(Array(bytes[..<92])))
    var offset = 96
    var records = 0
    while offset < bytes.count {
      let end = offset + 40 + Int(bytes.span.bytes.uint32(at: offset + 4))
      let place: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, UInt8(offset & 0xFF), UInt8(offset >> 8)]
      let covered = place + [0, 0, 0, 0, 0, 0] + bytes[offset + 4..<end]
      #expect(bytes.span.bytes.uint32(at: offset) == table(covered))
      offset = end
      records += 1
    }
    #expect(records == 4)
  }

  /// The bytes in groups of eight.
  private func hex(_ bytes: [UInt8]) -> [String] {
    stride(from: 0, to: bytes.count, by: 8).map { start in
      bytes[start..<min(start + 8, bytes.count)]
        .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }

  @Test("A record moved to another offset, segment or life of its segment never validates")
  func boundToItsPlace() {
    let record = LogBuffer()
    record.appendZeros(LogFormat.frameHeaderBytes)
    record.append(entryOf: samplePut("a", 1))
    let segment = SegmentNumber(rawValue: 7)
    RecordFrame.seal(
      record, at: 0, type: .put, lsn: LSN(rawValue: 3), time: 0, segment: segment, tag: 9,
      start: 96, durableEnd: 96)
    let sealed = [UInt8](record.bytes)
    func reading(_ offset: Int, _ segment: UInt64, _ tag: UInt32?) -> DecodingFailure? {
      let bytes = [UInt8](repeating: 0, count: offset) + sealed
      let result = RecordFrame.decode(
        bytes.span.bytes, at: offset, segment: SegmentNumber(rawValue: segment), tag: tag)
      if case .failure(let failure) = result { return failure }
      return nil
    }
    #expect(reading(96, 7, 9) == nil)
    #expect(reading(96, 7, nil) == nil)
    #expect(reading(104, 7, 9) == .checksumMismatch)
    #expect(reading(96 + 512, 7, 9) == .checksumMismatch)
    #expect(reading(96, 8, 9) == .checksumMismatch)
    #expect(reading(96, 7, 10) == .foreign)
    let elsewhere = RecordFrame.decode(
      sealed.span.bytes, at: 0, base: 96, segment: segment, tag: 9)
    guard case .success = elsewhere else {
      Issue.record("a window that begins at the record reads it")
      return
    }
  }

  @Test("Only names of the exact form are the store's files")
  func names() {
    #expect(StoreFileName("wal-00000000000000000001.log") == .segment(.first))
    #expect(StoreFileName("snapshot-00000000000000000012.snap") == .snapshot(12))
    #expect(StoreFileName("snapshot-00000000000000000012.tmp") == .temporary(12))
    for name in [
      "", "wal-1.log", "wal-00000000000000000000.log", "wal-0000000000000000000x.log",
      "wal-99999999999999999999.log", "wal-18446744073709551615.log",
      "wal-00000000000000000001.log2", "xwal-00000000000000000001.log", "snapshot-.snap",
    ] {
      #expect(StoreFileName(name) == nil, "\(name)")
    }
    for name: StoreFileName in [.segment(.first), .snapshot(1 << 40), .temporary(77)] {
      #expect(StoreFileName(name.path) == name)
    }
  }
}

extension UInt64 {
  /// The number's bytes in memory order on disk, as text.
  fileprivate var littleEndianText: String {
    String(decoding: (0..<8).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) }, as: UTF8.self)
  }
}
