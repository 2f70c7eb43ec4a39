/// The frame of one record in a segment.
///
/// Layout, in bytes: 0 checksum (4), 4 length of the payload (4), 8 LSN (8), 16 tag of the segment
/// (4), 20 type (1), 21 zero (3), 24 durable end (8), 32 payload.
///
/// The checksum covers the segment's number and the record's offset, which are not stored, and then
/// everything behind itself. So a record that was copied to another place, left over from another
/// file, or left over from another life of this segment (whose tag differs) never validates.
struct RecordFrame: Equatable {
  /// Its number; a mark has the number that the next mutation will get.
  var lsn: LSN
  /// What it is.
  var type: RecordType
  /// The tag of its segment.
  var tag: UInt32
  /// The offset in this segment before which everything was durable when this was written. It is
  /// the evidence that tells damage from a torn tail.
  var durableEnd: UInt64
  /// The offset of its first byte in the segment.
  var start: Int
  /// The bytes of its payload.
  var payload: Range<Int>

  /// The offset behind it.
  var end: Int { payload.upperBound }

  /// Reads the record at `offset` of a segment's bytes.
  static func decode(
    _ bytes: RawSpan, at offset: Int, segment: SegmentNumber, tag: UInt32?
  ) -> Result<RecordFrame, DecodingFailure> {
    let header = LogFormat.frameHeaderBytes
    let available = bytes.byteCount - offset
    guard available >= header else { return .failure(.truncated) }
    let length = Int(bytes.uint32(at: offset + 4))
    guard length <= LogFormat.maximumPayloadBytes, length % LogFormat.alignment == 0 else {
      return .failure(.badLength)
    }
    guard length <= available - header else { return .failure(.truncated) }
    let recordTag = bytes.uint32(at: offset + 16)
    if let tag, tag != recordTag { return .failure(.foreign) }
    let end = offset + header + length
    let sum = checksum(bytes.extracting(offset + 4..<end), segment: segment, offset: offset)
    guard sum == bytes.uint32(at: offset) else { return .failure(.checksumMismatch) }
    let durableEnd = bytes.uint64(at: offset + 24)
    guard let type = RecordType(rawValue: bytes.uint8(at: offset + 20)),
      bytes.uint32(at: offset + 20) >> 8 == 0,
      durableEnd >= UInt64(LogFormat.segmentHeaderBytes), durableEnd <= UInt64(offset),
      (type == .mark) == (length == 0)
    else { return .failure(.malformed) }
    return .success(
      RecordFrame(
        lsn: LSN(rawValue: bytes.uint64(at: offset + 8)), type: type, tag: recordTag,
        durableEnd: durableEnd, start: offset, payload: offset + header..<end))
  }

  /// Completes `record`, which holds room for the frame's header and then the payload, so that it
  /// can be written at `start` of `segment`.
  static func seal(
    _ record: inout [UInt8], type: RecordType, lsn: LSN, segment: SegmentNumber, tag: UInt32,
    start: UInt64, durableEnd: UInt64
  ) {
    let length = record.count - LogFormat.frameHeaderBytes
    precondition(length >= 0 && length % LogFormat.alignment == 0, "a payload is padded")
    precondition(length <= LogFormat.maximumPayloadBytes, "a payload's length was checked")
    precondition(start % UInt64(LogFormat.alignment) == 0, "a record starts at the alignment")
    precondition(durableEnd <= start, "a record is not durable before it is written")
    precondition((type == .mark) == (length == 0), "a mark alone has no payload")
    record.store(UInt32(length), at: 4)
    record.store(lsn.rawValue, at: 8)
    record.store(tag, at: 16)
    record.store(UInt32(type.rawValue), at: 20)
    record.store(durableEnd, at: 24)
    let sum = checksum(
      record.span.bytes.extracting(4..<record.count), segment: segment, offset: Int(start))
    record.store(sum, at: 0)
  }

  private static func checksum(
    _ covered: RawSpan, segment: SegmentNumber, offset: Int
  ) -> UInt32 {
    var crc = CRC32C()
    crc.combine(segment.rawValue)
    crc.combine(UInt64(offset))
    crc.combine(covered)
    return crc.finished
  }
}
