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
    #expect(LogFormat.segmentHeaderBytes == 8 + 4 + 4 + 8 + 8 + 8 + 8 + 4 + 4 + 4 + 4)
    #expect(LogFormat.frameHeaderBytes == 4 + 4 + 8 + 4 + 1 + 3 + 8)
    #expect(LogFormat.entryHeaderBytes == 1 + 3 + 4 + 4 + 4)
    #expect(LogFormat.snapshotHeaderBytes == 8 + 4 + 4 + 8 * 6 + 4 + 4 + 8 + 8)
    #expect(LogFormat.snapshotTrailerBytes == 4 + 4)
    for count in [
      LogFormat.segmentHeaderBytes, LogFormat.frameHeaderBytes, LogFormat.entryHeaderBytes,
      LogFormat.snapshotHeaderBytes, LogFormat.snapshotTrailerBytes,
    ] {
      #expect(count % LogFormat.alignment == 0)
    }
    #expect(LogFormat.maximumSegmentBytes < Int(UInt32.max), "carried bytes fit their field")
    #expect(LogFormat.segmentMagic.littleEndianText == "WALSEGM\0")
    #expect(LogFormat.snapshotMagic.littleEndianText == "WALSNAP\0")
  }

  @Test("A segment with one put, one delete and the close's mark is these bytes")
  func goldenSegment() throws {
    let disk = TestDisk()
    let store = try openStore(disk)
    try store.put(
      .init(namespace: Array("n".utf8), id: Array("id".utf8)), vector: [1, -0.0],
      metadata: Array("{}".utf8))
    try store.delete(.init(id: Array("x".utf8)))
    store.close()
    let file = try #require(disk.files.first)
    #expect(disk.files.count == 1)
    #expect(file.name == "wal-00000000000000000001.log")
    #expect(hex(file.bytes) == Self.golden)
  }

  /// Written down from a first run and then checked by hand against the offset tables; the
  /// checksums are held by `checksums` above.
  static let golden = [
    // Header: magic, version, dimension, number, first LSN, no predecessor, nothing carried, tag.
    "57414c5345474d00", "01000000" + "02000000", "0100000000000000", "0100000000000000",
    "0000000000000000", "0000000000000000", "00000000" + "00000000", "00000000" + "HEADTAG_",
    // LSN 1, a put.
    "FRAMESUM" + "20000000", "0100000000000000", "HEADTAG_" + "01000000", "4000000000000000",
    "01000000" + "01000000", "02000000" + "02000000", "0000803f" + "00000080",
    "6e69647b7d000000",
    // LSN 2, a delete.
    "FRAMESUM" + "18000000", "0200000000000000", "HEADTAG_" + "02000000", "8000000000000000",
    "02000000" + "00000000", "01000000" + "00000000", "7800000000000000",
    // The mark.
    "FRAMESUM" + "00000000", "0300000000000000", "HEADTAG_" + "08000000", "b800000000000000",
  ]

  /// The bytes in groups of eight, with the checksums masked: they are recomputed here.
  private func hex(_ bytes: [UInt8]) -> [String] {
    let span = bytes.span.bytes
    let tag = CRC32C.checksum(span.extracting(0..<60))
    var sums: [Int: (String, UInt32)] = [60: ("HEADTAG_", tag)]
    var offset = 64
    while offset + 32 <= bytes.count {
      let end = offset + 32 + Int(span.uint32(at: offset + 4))
      guard end <= bytes.count else { break }
      var crc = CRC32C()
      crc.combine(1, UInt64(offset))
      crc.combine(span.extracting(offset + 4..<end))
      sums[offset] = ("FRAMESUM", crc.finished)
      sums[offset + 16] = ("HEADTAG_", tag)
      offset = end
    }
    return stride(from: 0, to: bytes.count, by: 8).map { start in
      stride(from: start, to: start + 8, by: 4).map { word in
        if let (name, value) = sums[word], span.uint32(at: word) == value { return name }
        return bytes[word..<word + 4].map { byte in
          (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
      }.joined()
    }
  }

  @Test("A record moved to another offset, segment or life of its segment never validates")
  func boundToItsPlace() {
    var record = [UInt8](repeating: 0, count: LogFormat.frameHeaderBytes)
    record.append(entryOf: samplePut("a", 1))
    let segment = SegmentNumber(rawValue: 7)
    RecordFrame.seal(
      &record, type: .put, lsn: LSN(rawValue: 3), segment: segment, tag: 9, start: 64,
      durableEnd: 64)
    func reading(_ offset: Int, _ segment: UInt64, _ tag: UInt32?) -> DecodingFailure? {
      let bytes = [UInt8](repeating: 0, count: offset) + record
      let result = RecordFrame.decode(
        bytes.span.bytes, at: offset, segment: SegmentNumber(rawValue: segment), tag: tag)
      if case .failure(let failure) = result { return failure }
      return nil
    }
    #expect(reading(64, 7, 9) == nil)
    #expect(reading(64, 7, nil) == nil)
    #expect(reading(72, 7, 9) == .checksumMismatch)
    #expect(reading(64 + 512, 7, 9) == .checksumMismatch)
    #expect(reading(64, 8, 9) == .checksumMismatch)
    #expect(reading(64, 7, 10) == .foreign)
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
