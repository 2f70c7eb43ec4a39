/// Reads records again that a scan has found good.
enum RecordCursor {
  /// Calls `body` with each record of the scanned segment from `start` on, with the window's bytes
  /// and the offset of its payload there.
  static func each(
    _ file: FileWindow, _ scan: SegmentScan, from start: Int,
    _ body: (RecordFrame, RawSpan, Int) throws(StoreError) -> Void
  ) throws(StoreError) {
    var offset = start
    while offset < scan.validEnd {
      try file.need(LogFormat.frameHeaderBytes, at: offset)
      if let stated = RecordFrame.statedBytes(file.bytes, at: offset - file.start) {
        try file.need(stated, at: offset)
      }
      guard
        case .success(let frame) = RecordFrame.decode(
          file.bytes, at: offset - file.start, base: file.start, segment: scan.header.number,
          tag: scan.tag)
      else {
        throw .corrupt(
          file: file.path, offset: UInt64(offset), reason: "it reads differently a second time")
      }
      try body(frame, file.bytes, offset - file.start + LogFormat.frameHeaderBytes)
      offset = frame.end
    }
  }
}
