internal import StorageInterface

/// The segment that takes new records. Made by this process, synced by this process: a segment found
/// at open is never appended to.
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
  }

  /// Creates the segment with its header and makes both it and its name durable.
  init(_ header: SegmentHeader, files: StoreFiles) throws(Failure) {
    let path = StoreFileName.segment(header.number).path
    let (bytes, tag) = header.encoded()
    let file: FileID
    do throws(StoreError) {
      file = try files.open(path, .createNew)
    } catch {
      throw .beforeBarrier(error)
    }
    do throws(StoreError) {
      try files.write(bytes.span.bytes, to: file, at: 0, path: path)
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

  /// What the next segment's header will say about this one.
  var position: LogPosition {
    LogPosition(segment: header.number, end: durableEnd, tag: tag)
  }

  /// Whether a record has been made durable here.
  var isEmpty: Bool { durableEnd == UInt64(LogFormat.segmentHeaderBytes) }

  /// Whether everything written is durable and nothing on disk says so yet.
  var lacksMark: Bool { !isEmpty && durableEnd == writtenEnd }

  /// Completes `record` for its place and writes it. Volatile until `synchronize`.
  mutating func write(
    _ record: inout [UInt8], type: RecordType, lsn: LSN
  ) throws(Failure) {
    RecordFrame.seal(
      &record, type: type, lsn: lsn, segment: header.number, tag: tag, start: writtenEnd,
      durableEnd: durableEnd)
    do throws(StoreError) {
      try files.write(record.span.bytes, to: file, at: writtenEnd, path: path)
    } catch {
      throw .beforeBarrier(error)
    }
    writtenEnd += UInt64(record.count)
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
  mutating func mark(nextLSN: LSN) throws(Failure) {
    var record = [UInt8](repeating: 0, count: LogFormat.frameHeaderBytes)
    try write(&record, type: .mark, lsn: nextLSN)
  }

  /// Closes the file. No durability effect.
  func close() { files.storage.close(file) }
}
