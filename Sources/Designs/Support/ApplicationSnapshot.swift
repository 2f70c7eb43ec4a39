internal import StorageInterface
internal import SubjectProtocol

/// The main store of an application whose log is under test: all records in one file, replaced
/// whole and durably at each checkpoint.
///
/// It is no part of any design. It stands for the store that a log's documentation assumes beside
/// it, and is as safe as a file system allows, so that what is found is the log's own.
struct ApplicationSnapshot {
  static let name = "application.snapshot"
  private static let temporary = "application.snapshot.new"
  private static let magic: [UInt8] = Array("APPSNAP1".utf8)

  let directory: DesignDirectory

  /// Replaces the snapshot; durable when it returns.
  func save(_ records: Records) throws(DesignError) {
    var bytes = Self.magic
    var encoder = BinaryEncoder(.fixed)
    encoder.length(records.count)
    for key in records.keys.sorted() {
      guard let value = records[key] else { continue }
      encoder.bytes(key.namespace)
      encoder.bytes(key.id)
      encoder.floats(value.vector)
      encoder.bytes(value.metadata.canonical)
    }
    bytes += encoder.output
    bytes += CRC32.checksum(bytes).littleEndianBytes
    let content = bytes
    try doing("application.snapshot") { () throws(Errno) in
      let file = try directory.create(Self.temporary)
      defer { file.close() }
      try file.writeAll(content)
      try file.syncAll()
    }
    try doing("application.snapshot") { () throws(Errno) in
      try directory.rename(Self.temporary, to: Self.name)
      try directory.storage.synchronizeDirectory("")
    }
  }

  /// The records of the snapshot; none where there is no snapshot yet.
  func load() throws(DesignError) -> Records {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try directory.read(Self.name)
    } catch {
      if error == .noSuchFile { return [:] }
      throw DesignError(error, doing: Self.name)
    }
    guard bytes.count >= 12, bytes.starts(with: Self.magic),
      CRC32.checksum(Array(bytes.dropLast(4))).littleEndianBytes == Array(bytes.suffix(4))
    else { throw DesignError(.corrupt, "\(Self.name): its checksum is wrong") }
    do throws(DecodingFailure) {
      return try Self.records(in: Array(bytes[8..<bytes.count - 4]))
    } catch {
      throw DesignError(.corrupt, "\(Self.name): \(error)")
    }
  }

  private static func records(in bytes: [UInt8]) throws(DecodingFailure) -> Records {
    var decoder = BinaryDecoder(bytes, .fixed)
    var records: Records = [:]
    for _ in 0..<(try decoder.length()) {
      let key = RecordKey(namespace: try decoder.bytes(), id: try decoder.bytes())
      let vector = try decoder.floats()
      records[key] = RecordValue(
        vector: vector, metadata: Metadata(alreadyCanonical: try decoder.bytes()))
    }
    return records
  }
}
