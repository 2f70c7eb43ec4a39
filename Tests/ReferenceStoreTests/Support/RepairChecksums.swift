@testable import ReferenceStore

/// Makes the checksums of a segment or snapshot right again where the lengths allow, so that the
/// checks behind them run.
func repairChecksums(of bytes: inout [UInt8]) {
  guard bytes.count >= LogFormat.segmentHeaderBytes else { return }
  if bytes.span.bytes.uint64(at: 0) == LogFormat.segmentMagic {
    repairSegment(&bytes)
  } else if bytes.count >= LogFormat.snapshotHeaderBytes {
    repairSnapshot(&bytes)
  }
}

private func repairSegment(_ bytes: inout [UInt8]) {
  let tag = CRC32C.checksum(bytes.span.bytes.extracting(0..<92))
  bytes.store(tag, at: 92)
  let number = bytes.span.bytes.uint64(at: 16)
  var offset = LogFormat.segmentHeaderBytes
  while offset + LogFormat.frameHeaderBytes <= bytes.count {
    let length = Int(bytes.span.bytes.uint32(at: offset + 4))
    let end = offset + LogFormat.frameHeaderBytes + length
    guard end <= bytes.count else { return }
    bytes.store(tag, at: offset + 16)
    var crc = CRC32C()
    crc.combine(number, UInt64(offset))
    crc.combine(bytes.span.bytes.extracting(offset + 4..<end))
    bytes.store(crc.finished, at: offset)
    offset = end
  }
}

private func repairSnapshot(_ bytes: inout [UInt8]) {
  let checkpoint = bytes.span.bytes.uint64(at: 16)
  for index in 0..<4 {
    let at = 112 + index * SnapshotSection.descriptorBytes
    guard
      let section = SnapshotSection(bytes.span.bytes, at: at, fileBytes: bytes.count)
    else { continue }
    var offset = section.dataOffset
    for block in 0..<section.blockCount {
      let entry = section.tableOffset + block * 8
      let stored = Int(bytes.span.bytes.uint32(at: entry))
      guard offset + stored <= bytes.count else { break }
      let sum = SnapshotSection.checksum(
        bytes.span.bytes.extracting(offset..<offset + stored), checkpoint: checkpoint,
        kind: section.kind, block: block)
      bytes.store(sum, at: entry + 4)
      offset += stored
    }
    var crc = CRC32C()
    crc.combine(checkpoint, UInt64(section.kind.rawValue))
    crc.combine(bytes.span.bytes.extracting(section.tableOffset..<section.end))
    bytes.store(crc.finished, at: at + 36)
  }
  bytes.store(
    CRC32C.checksum(bytes.span.bytes.extracting(0..<LogFormat.snapshotHeaderBytes - 4)),
    at: LogFormat.snapshotHeaderBytes - 4)
}
