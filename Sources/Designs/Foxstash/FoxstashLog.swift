internal import StorageInterface
internal import SubjectProtocol

/// Appends to a foxstash-core log: `len:u32 | JSON`.
final class FoxstashLogWriter {
  private let writer: BufWriter
  private let syncOnWrite: Bool
  /// How long the log is, with what is still buffered.
  private(set) var size: UInt64

  init(_ directory: DesignDirectory, _ name: String, syncOnWrite: Bool) throws(DesignError) {
    let file = try doing("Failed to open WAL") { () throws(Errno) in
      try directory.openAppend(name)
    }
    size = (try? file.length()) ?? 0
    writer = BufWriter(file)
    self.syncOnWrite = syncOnWrite
  }

  func append(_ entry: FoxstashEntry) throws(DesignError) {
    let data = entry.json
    try doing("WAL write failed") { () throws(Errno) in
      try writer.writeAll(UInt32(truncatingIfNeeded: data.count).littleEndianBytes)
      try writer.writeAll(data)
    }
    size += UInt64(4 + data.count)
    if syncOnWrite { try sync() }
  }

  /// A barrier for the log.
  func sync() throws(DesignError) {
    try doing("WAL sync failed") { () throws(Errno) in
      try writer.flush()
      try writer.file.syncAll()
    }
  }

  func drop() { writer.drop() }
}

/// Reads a foxstash-core log.
enum FoxstashLogReader {
  /// The entries with a number above `sequence`. One that the file ends within ends the reading;
  /// one that is no entry, or has another checksum, is an error.
  static func read(
    _ directory: DesignDirectory, _ name: String, above sequence: UInt64
  ) throws(DesignError) -> [FoxstashEntry] {
    let file = try doing("Failed to open WAL") { () throws(Errno) in try directory.openRead(name) }
    defer { file.close() }
    let reader = BufReader(file)
    var entries: [FoxstashEntry] = []
    while let data = try next(reader) {
      let entry: FoxstashEntry
      do throws(SerdeFailure) { entry = try FoxstashEntry(parsing: data) } catch {
        throw DesignError(.corrupt, "WAL deserialize failed: \(error)")
      }
      guard entry.checksum == entry.computedChecksum else {
        throw DesignError(.corrupt, "WAL entry \(entry.sequence) failed integrity check")
      }
      if entry.sequence > sequence { entries.append(entry) }
    }
    return entries
  }

  private static func next(_ reader: BufReader) throws(DesignError) -> [UInt8]? {
    do throws(ReadFailure) {
      let length = UInt32(littleEndianBytes: try reader.readExact(4))
      return try reader.readExact(Int(length))
    } catch {
      if error == .unexpectedEnd { return nil }
      throw DesignError(error, doing: "WAL read failed")
    }
  }
}
