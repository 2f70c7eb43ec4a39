internal import StorageInterface
internal import SubjectProtocol

/// When a dakera-storage log hands what it buffers to the operating system.
enum DakeraSyncMode: Equatable {
  case everyWrite
  case periodic(Int)
  case manual
}

/// dakera-storage's write-ahead log: segments of lines `LSN|JSON`, named by a number.
final class DakeraLog {
  private let directory: DesignDirectory
  private let mode: DakeraSyncMode
  private let maximumSegmentSize: Int
  /// The number of the next entry.
  private(set) var lsn: UInt64 = 0
  private var segment: (size: Int, start: UInt64)?
  private var writer: BufWriter?
  private var lastCheckpoint: UInt64 = 0
  private var writeCount = 0

  /// Opens the log: the newest segment says where numbers go on.
  init(
    _ directory: DesignDirectory, mode: DakeraSyncMode, maximumSegmentSize: Int
  ) throws(DesignError) {
    self.directory = directory
    self.mode = mode
    self.maximumSegmentSize = maximumSegmentSize
    if let last = segments().last, let entry = try read(last).last { lsn = entry.lsn &+ 1 }
  }

  /// Appends `entry`; its number. A flush that fails is only logged.
  @discardableResult
  func append(_ entry: DakeraEntry) throws(DesignError) -> UInt64 {
    let number = lsn
    lsn &+= 1
    if segment.map({ $0.size >= maximumSegmentSize }) ?? true { try rotate() }
    let line = Array("\(number)|".utf8) + entry.json + [0x0A]
    guard let writer else {
      throw DesignError(.io, "WAL writer not available after ensure_segment")
    }
    try doing("WAL write error") { () throws(Errno) in try writer.writeAll(line) }
    writeCount += 1
    switch mode {
    case .everyWrite: try? writer.flush()
    case .periodic(let count) where count > 0 && writeCount.isMultiple(of: count):
      try? writer.flush()
    case .periodic, .manual: break
    }
    segment?.size += line.count
    return number
  }

  /// Writes a marker; its number.
  func checkpoint() throws(DesignError) -> UInt64 {
    let number = lsn
    try append(.checkpoint(lsn: number))
    lastCheckpoint = number
    try? writer?.flush()
    return number
  }

  /// Everything but markers. What an earlier process checkpointed is not known any more.
  func recover() throws(DesignError) -> [DakeraEntry] {
    let checkpoint = lastCheckpoint
    var entries: [DakeraEntry] = []
    for name in segments() {
      for (number, entry) in try read(name) {
        if checkpoint > 0 && number <= checkpoint {
          if case .checkpoint(let marked) = entry { lastCheckpoint = marked }
          continue
        }
        if !entry.isMarker { entries.append(entry) }
      }
    }
    return entries
  }

  /// Removes each segment whose last entry has a number up to `limit`.
  func truncate(upTo limit: UInt64) throws(DesignError) {
    for name in segments() {
      let entries = try read(name)
      if let first = entries.first, segment?.start == first.lsn { continue }
      if let last = entries.last, last.lsn <= limit { try? directory.remove(name) }
    }
  }

  /// Empties the buffer into the file. No barrier.
  func flush() throws(DesignError) {
    guard let writer else { return }
    try doing("WAL flush error") { () throws(Errno) in try writer.flush() }
  }

  func drop() {
    writer?.drop()
    writer = nil
  }

  var segmentCount: Int { segments().count }

  /// Begins a segment, named by the next number. The entry being appended has taken its own
  /// already.
  private func rotate() throws(DesignError) {
    try? writer?.flush()
    writer?.drop()
    writer = nil
    let start = lsn
    let file = try doing("Failed to create WAL segment") { () throws(Errno) in
      try directory.openAppend(Self.segmentName(start))
    }
    segment = (0, start)
    writer = BufWriter(file)
  }

  /// Twenty decimal digits.
  static func segmentName(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: 20 - digits.utf8.count) + digits + ".wal"
  }

  /// The names of the segments; none where the directory cannot be read.
  private func segments() -> [String] {
    ((try? directory.names()) ?? []).filter { $0.hasSuffix(".wal") && $0.utf8.count > 4 }
  }

  /// The entries of a segment. Lines that mean nothing are left out; one that is not UTF-8 is an
  /// error.
  private func read(_ name: String) throws(DesignError) -> [(lsn: UInt64, entry: DakeraEntry)] {
    let file = try doing("Failed to open WAL") { () throws(Errno) in try directory.openRead(name) }
    defer { file.close() }
    let reader = BufReader(file)
    var entries: [(lsn: UInt64, entry: DakeraEntry)] = []
    while true {
      var line: [UInt8]
      do throws(ReadFailure) { line = try reader.readUntil(0x0A) } catch {
        throw DesignError(error, doing: "WAL read error")
      }
      if line.isEmpty { return entries }
      guard String(validating: line, as: UTF8.self) != nil else {
        throw DesignError(.corrupt, "WAL read error: stream did not contain valid UTF-8")
      }
      if line.last == 0x0A { line.removeLast() }
      if line.last == 0x0D { line.removeLast() }
      guard let bar = line.firstIndex(of: 0x7C),
        let entry = try? DakeraEntry(parsing: Array(line[(bar + 1)...]))
      else { continue }
      entries.append((UInt64(String(decoding: line[..<bar], as: UTF8.self)) ?? 0, entry))
    }
  }
}
