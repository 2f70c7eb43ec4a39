import StorageInterface
import SubjectProtocol

/// A write-ahead log as small as it can be and right, for bugs to be planted into.
///
/// It shares nothing with the reference store. One generation of files is live: `log-N` and, from
/// the first checkpoint on, `snapshot-N`. Opening always makes a new generation, so nothing that is
/// served stands in pages that an earlier process failed to sync.
final class MinimalStore {
  private let storage: any Storage
  private let bug: PlantedBug?
  private(set) var records: [RecordKey: RecordValue] = [:]
  private var generation: UInt64 = 0
  private var log = FileID(rawValue: -1)
  private var end: UInt64 = 0
  private var isReadOnly = false
  private var owesSync = false

  /// Opens the store in `storage`: reads what is there and makes a new generation of it.
  init(_ storage: any Storage, bug: PlantedBug?) throws(Failure) {
    self.storage = storage
    self.bug = bug
    try wrapping { () throws(Errno) in try storage.list("") }.forEach { name in
      if let number = Self.number(of: name, "snapshot-") { generation = max(generation, number) }
    }
    let names = try wrapping { () throws(Errno) in try storage.list("") }
    if generation == 0, let first = names.compactMap({ Self.number(of: $0, "log-") }).min() {
      generation = first
    }
    try load()
    if bug == .tornTailLeft, names.contains("log-\(generation)") {
      log = try wrapping { () throws(Errno) in try storage.open("log-\(generation)", .readWrite) }
      end = try wrapping { () throws(Errno) in try storage.size(log) }
    } else {
      try startGeneration()
    }
  }

  /// Why a request failed.
  struct Failure: Error {
    var kind: FailureKind
    var message: String
  }

  // MARK: Changes

  /// Logs `changes` as one record, syncs it, and shows them.
  func apply(_ changes: [MinimalCodec.Change], isBatch: Bool = false) throws(Failure) {
    if bug == .batchSplit && isBatch {
      for change in changes { try append([change]) }
    } else {
      try append(changes)
    }
    try settle()
    show(changes)
  }

  /// Logs changes without showing them or syncing: what only the planted bug does.
  func logEarly(_ changes: [MinimalCodec.Change]) throws(Failure) { try append(changes) }

  func show(_ changes: [MinimalCodec.Change]) {
    for change in changes {
      switch change {
      case .put(let key, let value): records[key] = value
      case .delete(let key): records[key] = nil
      }
    }
  }

  /// Gives the sync that an answer of an earlier request still owes.
  func payDebts() throws(Failure) {
    guard owesSync else { return }
    owesSync = false
    try sync(log)
  }

  func flush() throws(Failure) { try sync(log) }

  func checkpoint() throws(Failure) { try startGeneration() }

  func close() {
    storage.close(log)
  }

  private func append(_ changes: [MinimalCodec.Change]) throws(Failure) {
    guard !isReadOnly else { throw Failure(kind: .readOnly, message: "a sync failed earlier") }
    let record = MinimalCodec.record(changes, generation: generation, offset: end)
    do throws(Failure) {
      try write(record, to: log, at: end)
    } catch {
      isReadOnly = true
      throw error
    }
    end += UInt64(record.count)
  }

  private func settle() throws(Failure) {
    if bug == .acknowledgeBeforeSync {
      owesSync = true
    } else {
      try sync(log)
    }
  }

  // MARK: Files

  private func load() throws(Failure) {
    if let bytes = try read("snapshot-\(generation)") {
      guard
        let found = MinimalCodec.read(
          bytes, at: 0, generation: generation, believing: bug == .noChecksum)
      else { throw Failure(kind: .corrupt, message: "snapshot-\(generation) does not hold") }
      show(found.changes)
    }
    guard let bytes = try read("log-\(generation)") else { return }
    var position = 0
    while let found = MinimalCodec.read(
      bytes, at: position, generation: generation, believing: bug == .noChecksum)
    {
      show(found.changes)
      position = found.end
    }
    if bug == .tornTailRefused && position < bytes.count {
      throw Failure(
        kind: .corrupt, message: "log-\(generation): no record at offset \(position)")
    }
  }

  /// Writes everything into a new log and a new snapshot beside the old ones, which go last.
  private func startGeneration() throws(Failure) {
    guard !isReadOnly else { throw Failure(kind: .readOnly, message: "a sync failed earlier") }
    let old = generation
    let next = old + 1
    let changes = records.keys.sorted().compactMap { key in
      records[key].map { MinimalCodec.Change.put(key, $0) }
    }
    for name in ["log-\(next)", "snapshot-\(next).tmp"] where try exists(name) {
      try wrapping { () throws(Errno) in try storage.remove(name) }
    }
    let newLog = try wrapping { () throws(Errno) in try storage.open("log-\(next)", .createNew) }
    try sync(newLog)
    let snapshot = try wrapping { () throws(Errno) in
      try storage.open("snapshot-\(next).tmp", .createNew)
    }
    defer { storage.close(snapshot) }
    try write(
      MinimalCodec.record(changes, generation: next, offset: 0), to: snapshot, at: 0)
    if bug != .logDeletedEarly { try sync(snapshot) }
    try wrapping { () throws(Errno) in
      try storage.rename("snapshot-\(next).tmp", to: "snapshot-\(next)")
    }
    if log.rawValue >= 0 { storage.close(log) }
    (log, end, generation) = (newLog, 0, next)
    if bug == .logDeletedEarly { try removeGenerations(before: next) }
    try syncDirectory()
    if bug != .logDeletedEarly { try removeGenerations(before: next) }
  }

  private func removeGenerations(before next: UInt64) throws(Failure) {
    for name in try wrapping({ () throws(Errno) in try storage.list("") }).sorted() {
      let number = Self.number(of: name, "log-") ?? Self.number(of: name, "snapshot-")
      guard let number, number != next else { continue }
      try wrapping { () throws(Errno) in try storage.remove(name) }
    }
  }

  private func exists(_ name: String) throws(Failure) -> Bool {
    try wrapping { () throws(Errno) in try storage.list("") }.contains(name)
  }

  private func read(_ name: String) throws(Failure) -> [UInt8]? {
    guard try exists(name) else { return nil }
    let file = try wrapping { () throws(Errno) in try storage.open(name, .read) }
    defer { storage.close(file) }
    let size = try wrapping { () throws(Errno) in try storage.size(file) }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    var done = 0
    while done < bytes.count {
      let start = done
      let result = bytes.withUnsafeMutableBytes { buffer -> Swift.Result<Int, Errno> in
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
        do throws(Errno) {
          return .success(try storage.read(file, at: UInt64(start), into: rest))
        } catch {
          return .failure(error)
        }
      }
      let count = try wrapping { () throws(Errno) in try result.get() }
      if count == 0 { break }
      done += count
    }
    return bytes
  }

  private func write(_ bytes: [UInt8], to file: FileID, at offset: UInt64) throws(Failure) {
    var done = 0
    while done < bytes.count {
      let start = done
      let result = bytes.withUnsafeBytes { buffer -> Swift.Result<Int, Errno> in
        let rest = UnsafeRawBufferPointer(rebasing: buffer[start...])
        do throws(Errno) {
          return .success(try storage.write(file, at: offset + UInt64(start), rest))
        } catch {
          return .failure(error)
        }
      }
      done += try wrapping { () throws(Errno) in try result.get() }
    }
  }

  private func sync(_ file: FileID) throws(Failure) {
    if bug == .noFsync { return }
    do throws(Errno) {
      try storage.synchronize(file, dataOnly: true)
    } catch {
      if bug == .fsyncErrorIgnored { return }
      isReadOnly = true
      throw Failure(kind: .io, message: "sync: \(error)")
    }
  }

  private func syncDirectory() throws(Failure) {
    if bug == .noDirectoryFsync { return }
    do throws(Errno) {
      try storage.synchronizeDirectory("")
    } catch {
      if bug == .fsyncErrorIgnored { return }
      isReadOnly = true
      throw Failure(kind: .io, message: "sync of the directory: \(error)")
    }
  }

  private func wrapping<Result>(_ body: () throws(Errno) -> Result) throws(Failure) -> Result {
    do throws(Errno) { return try body() } catch {
      throw Failure(kind: error == .noSpace ? .full : .io, message: "\(error)")
    }
  }

  private static func number(of name: String, _ prefix: String) -> UInt64? {
    name.hasPrefix(prefix) ? UInt64(name.dropFirst(prefix.count)) : nil
  }
}
