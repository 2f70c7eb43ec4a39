internal import StorageInterface

/// The log of one open store: a chain of segments found at open, and at most one that takes new
/// records.
///
/// A segment is started by the first record that needs it, so opening a store whose log is proven
/// writes nothing. After any failure the segment is left behind: the next record starts a new one,
/// whose header voids whatever the failure left there. After a failed barrier nothing is written
/// any more, since nobody can know what the disk holds then.
struct WriteAheadLog {
  /// A segment that takes no more records.
  struct Link {
    /// Its number.
    var number: SegmentNumber
    /// The offset behind its last durable record.
    var end: UInt64
  }

  /// The directory.
  let files: StoreFiles
  /// The number of components of every vector.
  let dimension: Int
  /// The size beyond which a segment takes no further record.
  let segmentBytes: Int

  /// The segments behind the newest snapshot that hold records, oldest first.
  var chain: [Link] = []
  /// Where the last of them, or the snapshot, leaves the log.
  var chainEnd = LogPosition.origin
  /// Above every segment seen.
  var nextSegment = SegmentNumber.first
  /// The highest LSN of an acknowledged mutation.
  var lastLSN = LSN.zero
  /// Above every LSN given, also to mutations that failed.
  var nextLSN = LSN.zero.next
  /// Files that nothing needs once the next snapshot is durable.
  var obsolete: [String] = []

  /// The segment that takes records.
  private(set) var segment: SegmentWriter?
  /// Why nothing may be written any more; nil while it may.
  private(set) var readOnlyReason: String?

  /// An empty log.
  init(files: StoreFiles, options: StoreOptions) {
    self.files = files
    dimension = options.dimension
    segmentBytes = options.segmentBytes
  }

  /// Where the log stands: everything before is durable, everything behind is void.
  var position: LogPosition {
    if let segment, !segment.isEmpty { return segment.position }
    return chainEnd
  }

  /// The sizes of the segments that hold records.
  var figures: (segments: Int, bytes: UInt64) {
    let ended = chain.reduce(0) { $0 + $1.end }
    guard let segment else { return (chain.count, ended) }
    return (chain.count + 1, ended + segment.durableEnd)
  }

  /// Fails with `readOnly` after a failed barrier.
  func requireWritable() throws(StoreError) {
    if let readOnlyReason { throw .readOnly(reason: readOnlyReason) }
  }

  /// Writes one record, which holds room for the frame's header and then the payload, and makes it
  /// durable. After an error the record may or may not be in the log; its LSN is never given again.
  mutating func append(_ record: inout [UInt8], type: RecordType) throws(StoreError) -> LSN {
    try requireWritable()
    var writer = try takeSegment(for: record.count)
    // Given before the first byte is written: a failed record may still reach the disk.
    let lsn = nextLSN
    nextLSN = lsn.next
    do throws(SegmentWriter.Failure) {
      try writer.write(&record, type: type, lsn: lsn)
      try writer.synchronize()
    } catch {
      end(writer)
      throw note(error)
    }
    segment = writer
    lastLSN = lsn
    return lsn
  }

  /// Copies records of a tail that is not proven durable into a new segment and makes them durable
  /// there. The tail is void from then on. Their LSNs stay the same.
  mutating func carry(
    _ frames: [RecordFrame], of bytes: RawSpan
  ) throws(StoreError) {
    precondition(segment == nil, "a tail is carried before anything is written")
    let count = frames.reduce(0) { $0 + $1.end - $1.start }
    var writer = try startSegment(carriedBytes: count)
    do throws(SegmentWriter.Failure) {
      for frame in frames {
        var record: [UInt8] = []
        record.append(bytes.extracting(frame.start..<frame.end))
        try writer.write(&record, type: frame.type, lsn: frame.lsn)
      }
      try writer.synchronize()
      try writer.mark(nextLSN: nextLSN)
    } catch {
      end(writer)
      throw note(error)
    }
    segment = writer
  }

  /// Ends the segment that takes records; the next record starts a new one. Writes nothing.
  mutating func endSegment() {
    guard let writer = segment else { return }
    segment = nil
    end(writer)
  }

  /// Ends the log at a close: leaves a mark, so that the next open need not copy the tail.
  mutating func close() {
    defer { endSegment() }
    guard readOnlyReason == nil, var writer = segment, writer.lacksMark else { return }
    // Everything acknowledged is durable already. Without the mark, the next open is slower.
    do throws(SegmentWriter.Failure) {
      try writer.mark(nextLSN: nextLSN)
    } catch {
      return
    }
    segment = writer
  }

  /// Removes every segment, and all that was kept for this moment: a snapshot that holds their
  /// records is durable. A file that cannot be removed now is tried again at the next checkpoint.
  mutating func dropChain() throws(StoreError) {
    precondition(segment == nil, "a snapshot replaces ended segments only")
    let unneeded = obsolete + chain.map { StoreFileName.segment($0.number).path }
    chain.removeAll()
    obsolete = unneeded.filter { !files.discard($0) }
    if unneeded.isEmpty { return }
    do throws(StoreError) {
      try files.synchronizeDirectory()
    } catch {
      throw note(.atBarrier(error))
    }
  }

  /// Remembers a failure, and returns what the caller is told.
  mutating func note(_ failure: SegmentWriter.Failure) -> StoreError {
    switch failure {
    case .beforeBarrier(let error): return error
    case .atBarrier(let error):
      readOnlyReason = "a barrier failed (\(error))"
      return error
    }
  }

  /// The segment that a record of `count` bytes goes to. The caller gives it back.
  private mutating func takeSegment(for count: Int) throws(StoreError) -> SegmentWriter {
    if let writer = segment {
      segment = nil
      if writer.isEmpty || writer.writtenEnd + UInt64(count) <= UInt64(segmentBytes) {
        return writer
      }
      end(writer)
    }
    return try startSegment(carriedBytes: 0)
  }

  private mutating func startSegment(carriedBytes: Int) throws(StoreError) -> SegmentWriter {
    let header = SegmentHeader(
      dimension: dimension, number: nextSegment, firstLSN: nextLSN, predecessor: chainEnd,
      carriedBytes: carriedBytes)
    nextSegment = nextSegment.next
    do throws(SegmentWriter.Failure) {
      return try SegmentWriter(header, files: files)
    } catch {
      obsolete.append(StoreFileName.segment(header.number).path)
      throw note(error)
    }
  }

  private mutating func end(_ writer: SegmentWriter) {
    writer.close()
    if writer.isEmpty {
      obsolete.append(writer.path)
    } else {
      chain.append(Link(number: writer.header.number, end: writer.durableEnd))
      chainEnd = writer.position
    }
  }
}
