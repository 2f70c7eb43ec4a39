package import StorageInterface

/// The log alone, without records in memory, for measuring it.
package final class LogAppender {
  private var log: WriteAheadLog
  private let isSynced: Bool

  /// Starts a log in an empty directory; with `isSynced` every record is made durable by itself.
  package init(
    storage: any Storage, segmentBytes: Int, preallocates: Bool, isSynced: Bool
  ) {
    var options = StoreOptions(dimension: 1, segmentBytes: segmentBytes)
    options.preallocates = preallocates
    log = WriteAheadLog(files: StoreFiles(storage: storage), options: options)
    self.isSynced = isSynced
  }

  /// The bytes that a record takes beyond its payload.
  package static var overhead: Int { LogFormat.frameHeaderBytes }

  /// Appends a record with `payload`, whose length is a multiple of 8.
  package func append(_ payload: UnsafeRawBufferPointer) throws(StoreError) {
    let count = LogFormat.frameHeaderBytes + payload.count
    if !log.fits(count) { try log.startNextSegment(time: 0) }
    try log.writeStaged(before: count)
    let (lsn, _) = log.stage(.put, time: 0) { $0.append(payload) }
    log.acknowledge(lsn)
    if isSynced { try log.makeDurable() }
  }

  /// Writes what is gathered; volatile.
  package func write() throws(StoreError) { try log.writeStaged() }

  deinit { log.abandon() }
}
