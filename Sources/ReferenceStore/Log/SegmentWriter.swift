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

  /// Where a segment's file comes from.
  enum Source: Equatable {
    /// A new file.
    case new
    /// A new file with room for this many bytes reserved, where the storage can.
    case preallocated(UInt64)
    /// The file of a segment that nothing needs any more: this process made it, and every barrier
    /// of it succeeded, so its pages are sound.
    case recycled(String)
  }

  /// Creates the segment with its header and makes both it and its name durable.
  init(_ header: SegmentHeader, _ source: Source, files: StoreFiles) throws(Failure) {
    let path = StoreFileName.segment(header.number).path
    var header = header
    let file: FileID
    do throws(StoreError) {
      file = try Self.makeFile(path, &header, source, files)
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
  }

  private static func makeFile(
    _ path: String, _ header: inout SegmentHeader, _ source: Source, _ files: StoreFiles
  ) throws(StoreError) -> FileID {
    switch source {
    case .new:
      return try files.open(path, .createNew)
    case .preallocated(let size):
      let file = try files.open(path, .createNew)
      do throws(StoreError) {
        if try files.allocate(file, size: size, path: path) {
          header.hints |= LogFormat.Hint.preallocated
        }
      } catch {
        files.storage.close(file)
        _ = files.discard(path)
        throw error
      }
      return file
    case .recycled(let old):
      try files.rename(old, to: path)
      header.hints |= LogFormat.Hint.recycled
      return try files.open(path, .readWrite)
    }
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
    try files.write(records, to: file, at: writtenEnd, path: path)
    writtenEnd += UInt64(records.byteCount)
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
