internal import StorageInterface
internal import SubjectProtocol

/// How an oxirs-vec log behaves.
struct OxirsOptions {
  var maximumFileSize: UInt64 = 100 << 20
  var syncOnWrite = false
  var checkpointInterval: UInt64 = 10_000
  var checkpointRetention = 3
  var bufferSize = 64 << 10
}

/// oxirs-vec's write-ahead log: files named by the second in which they were begun.
final class OxirsLog {
  private let directory: DesignDirectory
  private let options: OxirsOptions
  private let clock: DesignClock
  private var writer: BufWriter?
  private(set) var sequence: UInt64 = 0
  private(set) var lastCheckpoint: UInt64 = 0

  static let magic: [UInt8] = Array("WALV".utf8)
  static let version: UInt32 = 1
  /// Longer entries are taken for damage.
  static let entryLimit = 100_000_000

  /// Begins a new file.
  init(
    _ directory: DesignDirectory, _ options: OxirsOptions, clock: DesignClock
  ) throws(DesignError) {
    self.directory = directory
    self.options = options
    self.clock = clock
    try rotate()
  }

  /// Appends `entry`, begins a new file when this one is full, and makes a checkpoint when it is
  /// time; its number.
  @discardableResult
  func append(_ entry: OxirsEntry) throws(DesignError) -> UInt64 {
    let number = sequence
    sequence &+= 1
    guard let writer else { throw DesignError(.io, "WAL file not open") }
    try write(entry, number, to: writer)
    if let length = try? writer.file.length(), length >= options.maximumFileSize { try rotate() }
    if number &- lastCheckpoint >= options.checkpointInterval { try checkpoint(number) }
    return number
  }

  /// Appends a marker: recovery leaves out what has a number up to `number`. Then old files go.
  func checkpoint(_ number: UInt64) throws(DesignError) {
    let time = clock.seconds()
    let own = sequence
    sequence &+= 1
    if let writer { try write(.checkpoint(sequence: number, time: time), own, to: writer) }
    lastCheckpoint = number
    let files = try logFiles()
    guard files.count > options.checkpointRetention else { return }
    for file in files.prefix(files.count - options.checkpointRetention) {
      try doing("cleanup") { () throws(Errno) in try directory.remove(file) }
    }
  }

  /// A barrier for the current file.
  func flush() throws(DesignError) {
    guard let writer else { return }
    try doing("flush") { () throws(Errno) in
      try writer.flush()
      try writer.file.syncAll()
    }
  }

  func drop() {
    try? flush()
    writer?.drop()
    writer = nil
  }

  private func write(
    _ entry: OxirsEntry, _ number: UInt64, to writer: BufWriter
  ) throws(DesignError) {
    let bytes = entry.bytes
    try doing("append") { () throws(Errno) in
      try writer.writeAll(number.littleEndianBytes)
      try writer.writeAll(UInt32(truncatingIfNeeded: bytes.count).littleEndianBytes)
      try writer.writeAll(bytes)
      guard options.syncOnWrite else { return }
      try writer.flush()
      try writer.file.syncAll()
    }
  }

  /// Begins a file named by this second; the header goes where the file ends.
  private func rotate() throws(DesignError) {
    let time = clock.seconds()
    let name = Self.fileName(time)
    let next = try doing("rotate") { () throws(Errno) in
      let file = try directory.openAppend(name)
      let next = BufWriter(file, capacity: options.bufferSize)
      do throws(Errno) {
        try next.writeAll(Self.magic)
        try next.writeAll(Self.version.littleEndianBytes)
        try next.writeAll(time.littleEndianBytes)
        if options.syncOnWrite {
          try next.flush()
          try file.syncAll()
        }
      } catch {
        next.drop()
        throw error
      }
      return next
    }
    if let old = writer {
      writer = nil
      do throws(Errno) { try old.flush() } catch {
        old.drop()
        next.drop()
        throw DesignError(error, doing: "rotate")
      }
      old.drop()
    }
    writer = next
  }

  /// `wal-` and the second, sixteen hexadecimal digits.
  static func fileName(_ seconds: UInt64) -> String {
    let digits = String(seconds, radix: 16)
    return "wal-" + String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits + ".log"
  }

  private func logFiles() throws(DesignError) -> [String] {
    try doing("read_dir") { () throws(Errno) in
      try directory.names().filter { $0.hasPrefix("wal-") && $0.hasSuffix(".log") }
    }
  }
}

// MARK: Recovery

extension OxirsLog {
  /// Every entry behind the last checkpoint of all files, in the order of the files' names; numbers
  /// go on behind the highest.
  func recover() throws(DesignError) -> [OxirsEntry] {
    var entries: [(number: UInt64, entry: OxirsEntry)] = []
    var checkpoint: UInt64 = 0
    for name in try logFiles() {
      for found in try read(name) {
        if case .checkpoint(let number, _) = found.entry { checkpoint = number }
        entries.append(found)
      }
    }
    if let highest = entries.map(\.number).max() { sequence = highest &+ 1 }
    return entries.filter { checkpoint == 0 || $0.number > checkpoint }.map(\.entry)
  }

  private func read(
    _ name: String
  ) throws(DesignError) -> [(number: UInt64, entry: OxirsEntry)] {
    let file = try doing("open \(name)") { () throws(Errno) in try directory.openRead(name) }
    defer { file.close() }
    let reader = BufReader(file)
    do throws(ReadFailure) {
      // A file without a whole header is an error; one with another header is passed over.
      guard try reader.readExact(4) == Self.magic else { return [] }
      guard UInt32(littleEndianBytes: try reader.readExact(4)) == Self.version else { return [] }
      _ = try reader.readExact(8)
      return try Self.entries(reader)
    } catch {
      throw DesignError(error, doing: "recover")
    }
  }

  /// The entries up to the first that is not whole or too long; those that mean nothing are left
  /// out.
  private static func entries(
    _ reader: BufReader
  ) throws(ReadFailure) -> [(number: UInt64, entry: OxirsEntry)] {
    var entries: [(number: UInt64, entry: OxirsEntry)] = []
    do throws(ReadFailure) {
      while true {
        let number = UInt64(littleEndianBytes: try reader.readExact(8))
        let length = UInt32(littleEndianBytes: try reader.readExact(4))
        if length > Self.entryLimit { break }
        let bytes = try reader.readExact(Int(length))
        if let entry = try? OxirsEntry(decoding: bytes) { entries.append((number, entry)) }
      }
    } catch {
      if error != .unexpectedEnd { throw error }
    }
    return entries
  }
}
