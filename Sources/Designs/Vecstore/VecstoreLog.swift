internal import StorageInterface
internal import SubjectProtocol

/// vecstore's write-ahead log: one file of length-prefixed records.
///
/// Reader and writer are clones of one file and share its cursor: appends go where the last scan
/// ended.
final class VecstoreLog {
  private let file: RustFile
  private let writer: BufWriter
  private var nextSequence: UInt64 = 0
  private(set) var entryCount = 0

  /// Opens or makes the log called `name`, and scans it.
  init(_ directory: DesignDirectory, _ name: String) throws(DesignError) {
    file = try doing("Failed to open WAL file") { () throws(Errno) in
      try directory.openReadWrite(name)
    }
    writer = BufWriter(file)
    do throws(DesignError) {
      let last = try scan()
      if entryCount > 0 { nextSequence = last &+ 1 }
    } catch {
      file.close()
      throw error
    }
  }

  /// Appends `entry` and hands it to the operating system; no barrier.
  func append(_ entry: VecstoreEntry) throws(DesignError) {
    let record = entry.record(sequence: nextSequence)
    nextSequence &+= 1
    entryCount += 1
    try doing("append") { () throws(Errno) in
      try writer.writeAll(UInt32(record.count).littleEndianBytes)
      try writer.writeAll(record)
      try writer.flush()
    }
  }

  /// Every entry behind the last checkpoint marker.
  func replay() throws(DesignError) -> [VecstoreEntry] {
    file.seek(0)
    let reader = BufReader(file)
    var entries: [VecstoreEntry] = []
    while let bytes = try Self.nextRecord(reader, doing: "replay") {
      let entry: VecstoreEntry
      do throws(DecodingFailure) {
        entry = try VecstoreEntry.decode(bytes).entry
      } catch {
        throw DesignError(.corrupt, "Failed to deserialize log entry: \(error)")
      }
      if case .checkpoint = entry { entries.removeAll() } else { entries.append(entry) }
    }
    return entries
  }

  /// Writes a checkpoint marker under the number of the last entry, and syncs.
  func checkpoint() throws(DesignError) {
    guard entryCount > 0 else { return }
    let last = nextSequence &- 1
    let record = VecstoreEntry.checkpoint(sequence: last).record(sequence: last)
    try doing("checkpoint") { () throws(Errno) in
      try writer.writeAll(UInt32(record.count).littleEndianBytes)
      try writer.writeAll(record)
    }
    entryCount += 1
    try doing("checkpoint") { () throws(Errno) in
      try writer.flush()
      try file.syncAll()
    }
  }

  /// Syncs, and cuts the log off to nothing; the cut itself is not synced.
  func truncate() throws(DesignError) {
    try doing("truncate") { () throws(Errno) in
      try writer.flush()
      try file.syncAll()
      try file.setLength(0)
    }
    file.seek(0)
    nextSequence = 0
    entryCount = 0
  }

  func drop() { writer.drop() }

  /// Counts the entries that can be read; the number of the last one.
  private func scan() throws(DesignError) -> UInt64 {
    file.seek(0)
    let reader = BufReader(file)
    var last: UInt64 = 0
    while let bytes = try Self.nextRecord(reader, doing: "open") {
      guard let record = try? VecstoreEntry.decode(bytes) else { continue }
      last = record.sequence
      entryCount += 1
    }
    return last
  }

  /// The bytes of the next record; nil where not even a length stands. A record that the file ends
  /// within is an error.
  private static func nextRecord(
    _ reader: BufReader, doing what: String
  ) throws(DesignError) -> [UInt8]? {
    do throws(ReadFailure) {
      let length: [UInt8]
      do throws(ReadFailure) { length = try reader.readExact(4) } catch {
        if error == .unexpectedEnd { return nil }
        throw error
      }
      return try reader.readExact(Int(UInt32(littleEndianBytes: length)))
    } catch {
      throw DesignError(error, doing: what)
    }
  }
}
