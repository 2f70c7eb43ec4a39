/// The frame of one record in a segment.
///
/// Layout, in bytes: 0 checksum (4), 4 length of the payload (4), 8 LSN (8), 16 tag of the segment
/// (4), 20 type (1), 21 zero (3), 24 durable end (8), 32 time (8), 40 payload.
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
  /// The store's clock when it was made; 0 without one.
  var time: UInt64
  /// The offset of its first byte in the segment.
  var start: Int
  /// How many bytes its payload has.
  var payloadCount: Int

  /// The offset behind it.
  var end: Int { start + LogFormat.frameHeaderBytes + payloadCount }

  /// How many bytes the record at `offset` of `bytes` has, from its length field alone; nil when
  /// that cannot be right, or cannot be read.
  @inline(__always)
  static func statedBytes(_ bytes: RawSpan, at offset: Int) -> Int? {
    guard bytes.byteCount - offset >= LogFormat.frameHeaderBytes else { return nil }
    let length = Int(bytes.uint32(at: offset + 4))
    guard length <= LogFormat.maximumPayloadBytes, length % LogFormat.alignment == 0 else {
      return nil
    }
    return LogFormat.frameHeaderBytes + length
  }

  /// Reads the record at `offset` of `bytes`, which begin at `base` of their segment.
  @inline(__always)
  static func decode(
    _ bytes: RawSpan, at offset: Int, base: Int = 0, segment: SegmentNumber, tag: UInt32?
  ) -> Result<RecordFrame, DecodingFailure> {
    let header = LogFormat.frameHeaderBytes
    let available = bytes.byteCount - offset
    guard available >= header else { return .failure(.truncated) }
    guard let stated = statedBytes(bytes, at: offset) else { return .failure(.badLength) }
    guard stated <= available else { return .failure(.truncated) }
    let recordTag = bytes.uint32(at: offset + 16)
    if let tag, tag != recordTag { return .failure(.foreign) }
    let place = base + offset
    let sum = checksum(
      bytes.extracting(offset + 4..<offset + stated), segment: segment, offset: place)
    guard sum == bytes.uint32(at: offset) else { return .failure(.checksumMismatch) }
    let durableEnd = bytes.uint64(at: offset + 24)
    guard let type = RecordType(rawValue: bytes.uint8(at: offset + 20)),
      bytes.uint32(at: offset + 20) >> 8 == 0,
      durableEnd >= UInt64(LogFormat.segmentHeaderBytes), durableEnd <= UInt64(place),
      (type == .mark) == (stated == header),
      bytes.uint64(at: offset + 8) > 0, bytes.uint64(at: offset + 8) < LSN.highest.rawValue
    else { return .failure(.malformed) }
    return .success(
      RecordFrame(
        lsn: LSN(rawValue: bytes.uint64(at: offset + 8)), type: type, tag: recordTag,
        durableEnd: durableEnd, time: bytes.uint64(at: offset + 32), start: place,
        payloadCount: stated - header))
  }

  /// Completes the record that begins at `offset` of `buffer`, whose header is reserved there and
  /// whose payload ends the buffer, so that it can be written at `start` of the segment.
  @inline(__always)
  static func seal(
    _ buffer: LogBuffer, at offset: Int, type: RecordType, lsn: LSN, time: UInt64,
    segment: SegmentNumber, tag: UInt32, start: UInt64, durableEnd: UInt64
  ) {
    let length = buffer.count - offset - LogFormat.frameHeaderBytes
    precondition(length >= 0 && length % LogFormat.alignment == 0, "a payload is padded")
    precondition(length <= LogFormat.maximumPayloadBytes, "a payload's length was checked")
    precondition(start % UInt64(LogFormat.alignment) == 0, "a record starts at the alignment")
    precondition(durableEnd <= start, "a record is not durable before it is written")
    precondition((type == .mark) == (length == 0), "a mark alone has no payload")
    buffer.store(UInt32(length), at: offset + 4)
    buffer.store(lsn.rawValue, at: offset + 8)
    buffer.store(tag, at: offset + 16)
    buffer.store(UInt32(type.rawValue), at: offset + 20)
    buffer.store(durableEnd, at: offset + 24)
    buffer.store(time, at: offset + 32)
    let covered = buffer.bytes.extracting(offset + 4..<buffer.count)
    buffer.store(checksum(covered, segment: segment, offset: Int(start)), at: offset)
  }

  @inline(__always)
  private static func checksum(
    _ covered: RawSpan, segment: SegmentNumber, offset: Int
  ) -> UInt32 {
    var crc = CRC32C()
    crc.combine(segment.rawValue, UInt64(offset))
    crc.combine(covered)
    return crc.finished
  }
}
