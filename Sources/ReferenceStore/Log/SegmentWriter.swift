internal import StorageInterface

/// The segment that takes new records. Made by this process, synced by this process: a segment
/// found at open is never appended to.
///
/// Two reasons. A page whose write-back failed before a restart can lose later appends although
/// their barrier succeeds (measured on ext4). And torn bytes behind the last good record need no
/// truncation when nothing is ever written behind them.
struct SegmentWriter {
  /// The header, as it is on disk.
  let header: SegmentHeader
  /// The tag that every record repeats.
  let tag: UInt32
  /// The file's name.
  let path: String

  private let files: StoreFiles
  private let file: FileID
  /// The offset behind the last byte written.
  private(set) var writtenEnd: UInt64
  /// The offset before which everything is durable.
  private(set) var durableEnd: UInt64
  /// The offset before which the file was written, with records, zeros or what stood there before.
  private(set) var filledEnd: UInt64
  /// The room that is given in advance; nil for none.
  private var room: Room?

  /// How far a record got before the error.
  enum Failure: Error {
    /// Not as far as a barrier: nothing of it is durable for sure, and nothing else is in doubt.
    case beforeBarrier(StoreError)
    /// A barrier failed: what the disk holds is unknown.
    case atBarrier(StoreError)

    /// What went wrong.
    var error: StoreError {
      switch self {
      case .beforeBarrier(let error), .atBarrier(let error): error
      }
    }
  }

  /// Room that a segment is given before its records need it.
  struct Room {
    /// How many zeros are written ahead at a time, at most.
    static let step: UInt64 = 1 << 20
    /// How many bytes are reserved when the segment is started, where the storage can.
    var bytes: UInt64
    /// How many zeros are written ahead of the records at a time; 0 for none.
    ///
    /// A reserved block that was never written is marked so, and the barrier after the first write
    /// to it commits that mark. Where zeros were written before, most barriers write records alone
    /// (measured on ext4, 512 bytes each: 0.62 of a bare overwriting loop's rate without zeros, 0.9
    /// and more with them).
    var step: UInt64
  }

  /// Creates the segment with its header and makes both it and its name durable; in a new file, or
  /// in that of a segment which this process made, every barrier of which succeeded, so that its
  /// pages are sound.
  init(
    _ header: SegmentHeader, over old: WriteAheadLog.SpareSegment?, room: Room?, files: StoreFiles
  ) throws(Failure) {
    let path = StoreFileName.segment(header.number).path
    var header = header
    let file: FileID
    do throws(StoreError) {
      file = try Self.makeFile(path, &header, old, room, files)
    } catch {
      throw .beforeBarrier(error)
    }
    let (bytes, tag) = header.encoded()
    do throws(StoreError) {
      try files.write(bytes.bytes, to: file, at: 0, path: path)
    } catch {
      // A stub would do no harm, but on a full disk every attempt would leave one more.
      files.storage.close(file)
      _ = files.discard(path)
      throw .beforeBarrier(error)
    }
    do throws(StoreError) {
      try files.synchronize(file, path: path)
      try files.synchronizeDirectory()
    } catch {
      files.storage.close(file)
      throw .atBarrier(error)
    }
    self.header = header
    self.tag = tag
    self.path = path
    self.files = files
    self.file = file
    writtenEnd = UInt64(bytes.count)
    durableEnd = writtenEnd
    filledEnd = max(writtenEnd, old?.writtenBytes ?? 0)
    self.room = room
  }

  private static func makeFile(
    _ path: String, _ header: inout SegmentHeader, _ old: WriteAheadLog.SpareSegment?,
    _ room: Room?, _ files: StoreFiles
  ) throws(StoreError) -> FileID {
    let file: FileID
    if let old {
      try files.rename(old.path, to: path)
      header.hints |= LogFormat.Hint.recycled
      file = try files.open(path, .readWrite)
    } else {
      file = try files.open(path, .createNew)
    }
    guard let room else { return file }
    do throws(StoreError) {
      if try files.allocate(file, size: room.bytes, path: path) {
        header.hints |= LogFormat.Hint.preallocated
      }
    } catch {
      files.storage.close(file)
      _ = files.discard(path)
      throw error
    }
    return file
  }

  /// What the next segment's header will say about this one.
  var position: LogPosition {
    LogPosition(segment: header.number, end: durableEnd, tag: tag)
  }

  /// Whether no record has been made durable here.
  var isEmpty: Bool { durableEnd == UInt64(LogFormat.segmentHeaderBytes) }

  /// Whether everything written is durable.
  var isDurable: Bool { durableEnd == writtenEnd }

  /// Whether everything written is durable and nothing on disk says so yet.
  var lacksMark: Bool { !isEmpty && isDurable }

  /// Writes sealed records that follow one another. Volatile until `synchronize`.
  mutating func write(_ records: RawSpan) throws(StoreError) {
    let end = writtenEnd + UInt64(records.byteCount)
    if end > filledEnd { writeZeros(from: end) }
    try files.write(records, to: file, at: writtenEnd, path: path)
    writtenEnd = end
    filledEnd = max(filledEnd, end)
  }

  /// Writes zeros behind the records that end at `end`. Where they cannot be written the records go
  /// on without them: a full disk may still have room for one.
  private mutating func writeZeros(from end: UInt64) {
    guard let room, room.step > 0, end < room.bytes else { return }
    let stop = min(room.bytes, end + room.step)
    let zeros = LogBuffer(capacity: Int(stop - end))
    zeros.appendZeros(Int(stop - end))
    do throws(StoreError) {
      try files.write(zeros.bytes, to: file, at: end, path: path)
      filledEnd = stop
    } catch {
      self.room?.step = 0
    }
  }

  /// Makes everything written durable.
  mutating func synchronize() throws(Failure) {
    do throws(StoreError) {
      try files.synchronize(file, path: path)
    } catch {
      throw .atBarrier(error)
    }
    durableEnd = writtenEnd
  }

  /// Writes a mark: that it exists, in the cache or on disk, proves that everything before it is
  /// durable. It is itself never synced, and losing it costs only a copy of the tail at open.
  mutating func mark(nextLSN: LSN, time: UInt64) throws(StoreError) {
    let record = LogBuffer(capacity: LogFormat.frameHeaderBytes)
    record.appendZeros(LogFormat.frameHeaderBytes)
    RecordFrame.seal(
      record, at: 0, type: .mark, lsn: nextLSN, time: time, segment: header.number, tag: tag,
      start: writtenEnd, durableEnd: durableEnd)
    try write(record.bytes)
  }

  /// Closes the file. No durability effect.
  func close() { files.storage.close(file) }
}
