internal import StorageInterface
internal import SubjectProtocol

/// How foxstash-core's incremental storage behaves.
struct FoxstashOptions {
  var checkpointThreshold: UInt64 = 10_000
  var walSyncInterval = 100
  var maximumWALSize: UInt64 = 100 << 20
  var codec = FoxstashCodec.gzip
  var syncOnWrite = false
  var keptCheckpoints: UInt64 = 2
}

/// foxstash-core's incremental storage: a manifest, checkpoints, and the log since the last one.
final class FoxstashStorage {
  private let directory: DesignDirectory
  private let options: FoxstashOptions
  private let clock: DesignClock
  private(set) var manifest: FoxstashManifest
  private var log: FoxstashLogWriter
  private var operationsSinceSync = 0
  /// How many files this process has replaced: a part of the temporary names.
  private var replacements = 0

  static let manifestName = "manifest.json"

  init(
    _ directory: DesignDirectory, _ options: FoxstashOptions, clock: DesignClock
  ) throws(DesignError) {
    self.directory = directory
    self.options = options
    self.clock = clock
    manifest = FoxstashManifest()
    if directory.exists(Self.manifestName) {
      let json = try doing("Failed to read manifest") { () throws(Errno) in
        try directory.read(Self.manifestName)
      }
      do throws(SerdeFailure) { manifest = try FoxstashManifest(parsing: json) } catch {
        throw DesignError(.corrupt, "Failed to parse manifest: \(error)")
      }
    }
    log = try FoxstashLogWriter(
      directory, Self.logName(manifest.currentCheckpoint ?? 0), syncOnWrite: options.syncOnWrite)
  }

  /// Logs an operation. It is synced on its own, or with the interval's last, as the options say.
  func log(_ operation: FoxstashOperation) throws(DesignError) {
    manifest.walSequence &+= 1
    manifest.operationsSinceCheckpoint &+= 1
    let entry = FoxstashEntry(
      sequence: manifest.walSequence, timestamp: clock.milliseconds(), operation: operation)
    try log.append(entry)
    operationsSinceSync += 1
    if operationsSinceSync >= options.walSyncInterval {
      try log.sync()
      operationsSinceSync = 0
    }
    manifest.lastModified = clock.seconds()
  }

  var needsCheckpoint: Bool {
    manifest.operationsSinceCheckpoint >= options.checkpointThreshold
      || log.size >= options.maximumWALSize
  }

  /// A barrier for the log; the manifest is saved after it.
  func sync() throws(DesignError) {
    try log.sync()
    try saveManifest()
  }

  func drop() { log.drop() }

  static func logName(_ checkpoint: UInt64) -> String { "wal_\(padded(checkpoint)).log" }

  static func checkpointName(_ id: UInt64, _ ending: String) -> String {
    "checkpoint_\(padded(id)).\(ending)"
  }

  /// At least five decimal digits.
  private static func padded(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
  }
}

// MARK: Checkpoints

extension FoxstashStorage {
  /// Saves `documents` whole, points the manifest at them, and begins a new log.
  func checkpoint(_ documents: [FoxstashDocument], dimension: UInt64) throws(DesignError) {
    try log.sync()
    let id = manifest.currentCheckpoint.map { $0 &+ 1 } ?? 1
    let data = SerdeWriter.text(.array(documents.map(\.value)))
    let compressed = options.codec.compress(data)
    try replace(Self.checkpointName(id, "bin"), compressed)
    let indexType = Array("flat".utf8)
    let meta = FoxstashCheckpointMeta(
      id: id, walSequence: manifest.walSequence, documentCount: UInt64(documents.count),
      dimension: dimension, indexType: indexType, createdAt: clock.seconds(),
      originalSize: UInt64(data.count), compressedSize: UInt64(compressed.count),
      codec: options.codec)
    try replace(Self.checkpointName(id, "meta"), meta.json)

    manifest.walSequence &+= 1
    let marker = FoxstashEntry(
      sequence: manifest.walSequence, timestamp: clock.milliseconds(), operation: .checkpoint(id))
    try log.append(marker)
    try log.sync()

    manifest.currentCheckpoint = id
    manifest.operationsSinceCheckpoint = 0
    manifest.totalDocuments = UInt64(documents.count)
    manifest.dimension = dimension
    manifest.indexType = indexType
    try saveManifest()
    try rotate(to: id)
    try removeCheckpoints(before: id)
  }

  private func saveManifest() throws(DesignError) {
    try replace(Self.manifestName, manifest.json)
  }

  /// Writes a temporary file, syncs it, and renames it; the directory is not synced.
  private func replace(_ name: String, _ content: [UInt8]) throws(DesignError) {
    // The middle number is the process's: here 1, as for the first process of a container.
    let temporary = "\(name).1.\(replacements).tmp"
    replacements += 1
    try doing("Failed to write \(name)") { () throws(Errno) in
      let file = try directory.create(temporary)
      defer { file.close() }
      try file.writeAll(content)
      try file.syncAll()
    }
    try doing("Failed to write \(name)") { () throws(Errno) in
      do throws(Errno) { try directory.rename(temporary, to: name) } catch {
        try? directory.remove(temporary)
        throw error
      }
    }
  }

  private func rotate(to id: UInt64) throws(DesignError) {
    try log.sync()
    let name = Self.logName(id)
    let next = try FoxstashLogWriter(directory, name, syncOnWrite: options.syncOnWrite)
    log.drop()
    log = next
    let old = Self.logName(id == 0 ? 0 : id - 1)
    if directory.exists(old) && old != name { try? directory.remove(old) }
  }

  private func removeCheckpoints(before id: UInt64) throws(DesignError) {
    let kept = max(1, options.keptCheckpoints)
    let last = id < kept ? 0 : id - kept
    let names = try doing("Failed to read dir") { () throws(Errno) in try directory.names() }
    for name in names where name.hasPrefix("checkpoint_") {
      let digits = name.dropFirst(11).prefix { $0 != "." }
      if let number = UInt64(digits), number <= last { try? directory.remove(name) }
    }
  }
}

// MARK: Recovery

extension FoxstashStorage {
  /// The documents of the current checkpoint; nil where there is none yet.
  func loadCheckpoint() throws(DesignError) -> [FoxstashDocument]? {
    guard let id = manifest.currentCheckpoint else { return nil }
    _ = try meta(id)
    let compressed = try doing("Failed to read checkpoint") { () throws(Errno) in
      try directory.read(Self.checkpointName(id, "bin"))
    }
    guard let data = FoxstashCodec.decompress(compressed) else {
      throw DesignError(.corrupt, "Decompression failed")
    }
    do throws(SerdeFailure) {
      var documents: [FoxstashDocument] = []
      for element in try SerdeParser.parse(data).asArray() {
        documents.append(try FoxstashDocument(element))
      }
      return documents
    } catch {
      throw DesignError(.corrupt, "Checkpoint deserialize failed: \(error)")
    }
  }

  /// The entries of the log behind the current checkpoint.
  func entries() throws(DesignError) -> [FoxstashEntry] {
    var sequence: UInt64 = 0
    if let id = manifest.currentCheckpoint, directory.exists(Self.checkpointName(id, "meta")) {
      sequence = try meta(id).walSequence
    }
    let name = Self.logName(manifest.currentCheckpoint ?? 0)
    guard directory.exists(name) else { return [] }
    return try FoxstashLogReader.read(directory, name, above: sequence)
  }

  private func meta(_ id: UInt64) throws(DesignError) -> FoxstashCheckpointMeta {
    let json = try doing("Failed to read checkpoint meta") { () throws(Errno) in
      try directory.read(Self.checkpointName(id, "meta"))
    }
    do throws(SerdeFailure) { return try FoxstashCheckpointMeta(parsing: json) } catch {
      throw DesignError(.corrupt, "Failed to parse checkpoint meta: \(error)")
    }
  }
}
