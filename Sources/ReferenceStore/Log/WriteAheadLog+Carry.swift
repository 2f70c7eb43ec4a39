internal import StorageInterface

extension WriteAheadLog {
  /// Copies the records of a tail that is not proven durable, from `start` to `end` of a segment,
  /// into a new segment and makes them durable there. The tail is void from then on. Their LSNs
  /// stay the same.
  mutating func carry(
    _ file: FileWindow, _ scan: SegmentScan, from start: Int, bytes count: Int, time: UInt64
  ) throws(StoreError) {
    precondition(segment == nil, "a tail is carried before anything is written")
    var writer = try startSegment(carriedBytes: count, time: time)
    do throws(SegmentWriter.Failure) {
      do throws(StoreError) {
        try copy(file, scan, from: start, to: &writer)
      } catch {
        throw SegmentWriter.Failure.beforeBarrier(error)
      }
      try writer.synchronize()
      do throws(StoreError) {
        try writer.mark(nextLSN: nextLSN, time: time)
      } catch {
        throw SegmentWriter.Failure.beforeBarrier(error)
      }
    } catch {
      settle(writer)
      endSegment(isSound: false)
      throw note(error)
    }
    settle(writer)
  }

  private func copy(
    _ file: FileWindow, _ scan: SegmentScan, from start: Int, to writer: inout SegmentWriter
  ) throws(StoreError) {
    let buffer = LogBuffer()
    var place = writer.writtenEnd
    try RecordCursor.each(file, scan, from: start) { frame, bytes, payload throws(StoreError) in
      if frame.type == .mark { return }
      let first = buffer.count
      buffer.appendZeros(LogFormat.frameHeaderBytes)
      buffer.append(bytes.extracting(payload..<payload + frame.payloadCount))
      RecordFrame.seal(
        buffer, at: first, type: frame.type, lsn: frame.lsn, time: frame.time,
        segment: writer.header.number, tag: writer.tag, start: place,
        durableEnd: writer.durableEnd)
      place += UInt64(buffer.count - first)
      if buffer.count >= Self.gatheredBytes {
        try writer.write(buffer.bytes)
        buffer.truncate(to: 0)
      }
    }
    try writer.write(buffer.bytes)
  }
}
